use super::*;

#[test]
fn what_was_stored_before_there_were_hooks_is_read() {
    let old = read(br#"[{"name":"A","value":"x"}]"#).unwrap();
    assert_eq!(old.environment[0].name, "A");
    assert!(old.hooks == Hooks::default() && old.project_root.is_none());
    let all = Overrides {
        hooks: Hooks {
            before_plan: vec!["true".into()],
            ..Hooks::default()
        },
        project_root: Some("live".into()),
        tool_version: Some("1.11.4".into()),
        ..old
    };
    let again = read(all.to_text().unwrap().as_bytes()).unwrap();
    assert_eq!(again.hooks, all.hooks);
    assert_eq!(again.project_root, all.project_root);
    assert_eq!(again.tool_version, all.tool_version);
    assert_eq!(again.environment[0].value.expose(), "x");
    assert!(!all.is_empty() && Overrides::default().is_empty());
}
