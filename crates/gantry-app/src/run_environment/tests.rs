use super::*;

#[test]
fn a_list_of_labels_is_a_list_of_terraform() {
    let labels = ["plain", "a\"b\\c", "${x}", "100%", "%{if}", "two\nlines"].map(str::to_owned);
    assert_eq!(
        hcl_list(&labels),
        r#"["plain", "a\"b\\c", "$${x}", "100%", "%%{if}", "two\nlines"]"#
    );
    assert_eq!(hcl_list(&[]), "[]");
}

#[test]
fn every_variable_of_a_user_counts_as_a_secret() {
    let holds = |variables, files| around(variables, files).hold_secrets();
    assert!(!holds(vec![], vec![]));
    assert!(holds(vec![EnvVar::plain("GITHUB_TOKEN", "x")], vec![]));
    assert!(holds(vec![EnvVar::masked("TOKEN", "x")], vec![]));
    assert!(holds(vec![EnvVar::plain("AWS_PROFILE", "x")], vec![]));
    assert!(holds(vec![], vec![file("kubeconfig", "")]));
}

#[test]
fn what_no_phase_can_have_at_once_is_named() {
    let half = "x".repeat(LARGEST_ENVIRONMENT / 2 - 1);
    let variables = ["A", "B"].map(|name| EnvVar::plain(name, half.clone()));
    assert_eq!(around(variables.to_vec(), vec![]).refused(), None);
    let mut more = variables.to_vec();
    more.push(EnvVar::plain("C", ""));
    let refused = around(more, vec![]).refused().unwrap();
    assert!(refused.contains("1048577 bytes"), "{refused}");

    let half = "x".repeat(LARGEST_FILES / 2);
    let files = ["a", "b"].map(|path| file(path, &half));
    assert_eq!(around(vec![], files.to_vec()).refused(), None);
    let mut more = files.to_vec();
    more.push(file("c", "YQ=="));
    let refused = around(vec![], more).refused().unwrap();
    assert!(refused.contains("33554436 bytes"), "{refused}");

    let refused = around(vec![], vec![file("a/b", ""), file("a", "")]).refused();
    let refused = refused.unwrap();
    assert!(refused.contains("\"a\" and \"a/b\""), "{refused}");
}

fn around(variables: Vec<EnvVar>, files: Vec<MountedFile>) -> Surroundings {
    Surroundings {
        variables,
        files,
        hooks: Hooks::default(),
    }
}

fn file(path: &str, content: &str) -> MountedFile {
    MountedFile {
        path: path.into(),
        content: WireSecret::new(content),
        masked: true,
    }
}
