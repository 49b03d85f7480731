use super::*;

#[test]
fn debug_shows_names_and_no_value() {
    let env = PhaseEnv::new([("NAME".to_owned(), SecretString::from("canary"))], Some(5));
    let text = format!("{env:?} {env:#?}");
    assert!(text.contains("NAME") && !text.contains("canary"), "{text}");
}

#[test]
fn on_the_wire_every_value_is_there_and_masked() {
    let env = PhaseEnv::new([("NAME".to_owned(), SecretString::from("canary"))], None);
    let wire = env.into_wire();
    assert_eq!(wire.len(), 1);
    assert_eq!(
        (wire[0].name.as_str(), wire[0].value.expose()),
        ("NAME", "canary")
    );
    assert!(wire[0].masked);
}
