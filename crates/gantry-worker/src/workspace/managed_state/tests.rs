use super::*;

fn configured(backend: &str) -> Option<String> {
    elsewhere(format!(r#"{{"version":3,"backend":{backend}}}"#).as_bytes())
}

#[test]
fn only_the_managed_state_will_do() {
    let ours = r#"{"type":"http","config":{"address":null,"username":null,"retry_max":null}}"#;
    assert_eq!(configured(ours), None);
    let patient = r#"{"type":"http","config":{"address":null,"retry_max":9,"retry_wait_min":1}}"#;
    assert_eq!(configured(patient), None);
    let said = |backend: &str| configured(backend).unwrap();
    assert_eq!(
        said(r#"{"type":"local","config":{"path":"x"}}"#),
        "the state backend `local`"
    );
    assert_eq!(
        said(r#"{"type":"cloud","config":{}}"#),
        "the state backend `cloud`"
    );
    assert_eq!(said("null"), "no state backend");
    for setting in ["address", "lock_address", "unlock_address", "password"] {
        assert_eq!(
            said(&format!(
                r#"{{"type":"http","config":{{"address":null,"{setting}":"x"}}}}"#
            )),
            format!("a setting `{setting}` of its own for the state backend")
        );
    }
    assert_eq!(elsewhere(b"{}").unwrap(), "no state backend");
    assert_eq!(
        elsewhere(b"not JSON").unwrap(),
        "a state backend that can't be read"
    );
}

#[test]
fn it_sorts_after_whatever_a_repository_usually_holds() {
    for name in [
        "override.tf",
        "zzzz_override.tf.json",
        "ZZZ_override.tofu",
        "{}_override.tf",
        "~gantry.tf",
        "~later.tf",
        "\u{fc}_override.md",
    ] {
        assert!(!overrides_later(name.as_bytes()), "{name}");
    }
    for name in [
        "~~_override.tf",
        "~h_override.tofu.json",
        "\u{fc}_override.tf",
    ] {
        assert!(overrides_later(name.as_bytes()), "{name}");
    }
}

#[test]
fn an_empty_committed_state_is_none() {
    for empty in ["", "{", r#"{"version":4,"outputs":{},"resources":[]}"#] {
        assert!(!holds_state(empty.as_bytes()), "{empty}");
    }
    assert!(holds_state(br#"{"version":4,"outputs":{"a":{}}}"#));
    assert!(holds_state(br#"{"version":4,"resources":[{}]}"#));
}
