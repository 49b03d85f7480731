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
    let holds = |variables| UserVariables(variables).hold_secrets();
    assert!(!holds(vec![]));
    assert!(holds(vec![EnvVar::plain("GITHUB_TOKEN", "x")]));
    assert!(holds(vec![EnvVar::masked("TOKEN", "x")]));
    assert!(holds(vec![EnvVar::plain("AWS_PROFILE", "x")]));
}
