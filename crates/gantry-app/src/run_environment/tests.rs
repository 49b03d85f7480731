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
fn a_variable_counts_as_a_secret_by_its_flag_or_by_its_name() {
    let holds = |variable| UserVariables(vec![variable]).hold_secrets();
    assert!(!holds(EnvVar::plain("TF_LOG", "debug")));
    assert!(holds(EnvVar::masked("TOKEN", "x")));
    assert!(holds(EnvVar::plain("AWS_PROFILE", "x")));
    assert!(holds(EnvVar::plain("ARM_CLIENT_ID", "x")));
}
