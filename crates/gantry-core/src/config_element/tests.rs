use super::*;

#[test]
fn ordinary_names_pass() {
    for name in [
        "A",
        "_",
        "TF_VAR_region",
        "AWS_REGION",
        "AWS_ACCESS_KEY_ID",
        "a1",
    ] {
        assert_eq!(check_variable(name, "value", false), Ok(()), "{name}");
    }
}

#[test]
fn names_that_no_shell_can_read_are_refused() {
    let long = "A".repeat(256);
    for name in [
        "",
        "1A",
        "A-B",
        "A.B",
        "A B",
        "Ä",
        "A=B",
        "A\0",
        long.as_str(),
    ] {
        assert_eq!(
            check_variable(name, "value", false),
            Err(VariableRefused::Name(name.to_owned())),
            "{name}"
        );
    }
}

#[test]
fn reserved_names_are_refused_and_more_of_them_with_managed_state() {
    for name in ["PATH", "LD_PRELOAD", "SPACELIFT_API_TOKEN", "ARM_USE_MSI"] {
        let refused = check_variable(name, "", false);
        assert_eq!(refused, Err(VariableRefused::Reserved(name.to_owned())));
    }
    assert!(check_variable("TF_HTTP_ADDRESS", "", false).is_ok());
    assert!(check_variable("TF_HTTP_ADDRESS", "", true).is_err());
}

#[test]
fn an_entry_ends_where_the_kernel_says() {
    let fits = "x".repeat(128 * 1024 - 2 - 4);
    assert!(check_variable("NAME", &fits, false).is_ok());
    let refused = check_variable("NAME", &format!("{fits}x"), false).unwrap_err();
    assert!(refused.to_string().contains("131067 bytes"), "{refused}");
    assert!(!refused.to_string().contains("xxx"));
    assert!(check_variable("NAME", "a\0b", false).is_err());
}

#[test]
fn the_strongest_of_a_name_wins_and_says_what_it_hides() {
    let elements = [
        (ConfigKind::EnvironmentVariable, "B", 1),
        (ConfigKind::FileMount, "A", 2),
        (ConfigKind::EnvironmentVariable, "A", 3),
        (ConfigKind::EnvironmentVariable, "B", 4),
        (ConfigKind::EnvironmentVariable, "B", 5),
    ];
    let found = effective(elements, |(kind, name, _)| (*kind, (*name).to_owned()));
    let shown: Vec<_> = found
        .iter()
        .map(|e| (e.wins.2, e.hides.iter().map(|h| h.2).collect::<Vec<_>>()))
        .collect();
    assert_eq!(shown, [(3, vec![]), (1, vec![4, 5]), (2, vec![])]);
}
