use super::*;

#[test]
fn a_file_of_a_run_is_read() {
    let text = "environment:\n  REGION: eu-west-1\n  TF_LOG: 1\n  FLAG: true\nproject_root: live\n\
                terraform_version: 1.10.5\nbefore_init:\n  - echo one\n  - echo two\n";
    let read = decode(text).unwrap();
    let variables: Vec<_> = read
        .environment
        .iter()
        .map(|variable| (variable.name.as_str(), variable.value.expose()))
        .collect();
    assert_eq!(
        variables,
        [("FLAG", "true"), ("REGION", "eu-west-1"), ("TF_LOG", "1")]
    );
    assert_eq!(read.project_root.as_deref(), Some("live"));
    assert_eq!(read.tool_version.as_deref(), Some("1.10.5"));
    assert_eq!(read.hooks.before_init, ["echo one", "echo two"]);
    assert!(decode("{}").unwrap().is_empty());
}

#[test]
fn what_is_no_such_file_is_refused_in_a_sentence() {
    let bomb = (0..30).fold("a0: &a0 x\n".to_owned(), |text, n| {
        let next = n + 1;
        format!("{text}a{next}: &a{next} [*a{n}, *a{n}, *a{n}, *a{n}]\n")
    });
    for text in [
        "stacks:\n  infra: {}\n",
        "environment: [1, 2]\n",
        "before_init: echo\n",
        "environment:\n  A: {b: c}\n",
        "\t: :",
        &bomb,
    ] {
        let refused = decode(text).err().unwrap().to_string();
        assert!(refused.starts_with("runtimeConfig.yaml: "), "{refused}");
        assert!(!refused.contains('\n') && refused.len() < 1000, "{refused}");
    }
    let refused = decode("runner_image: a/b:c\n").err().unwrap().to_string();
    assert!(refused.contains("runner_image `a/b:c`"), "{refused}");
    assert!(decode(&" ".repeat(LARGEST + 1)).is_err());
}
