use super::*;

fn space(id: &str, parent: Option<&str>, inherit_entities: bool) -> Space {
    Space {
        id: SpaceId::new(id),
        name: id.into(),
        description: String::new(),
        parent: parent.map(SpaceId::new),
        inherit_entities,
        labels: vec![],
    }
}

fn seen(spaces: &[Space], from: &str) -> Vec<String> {
    seen_from(spaces, &SpaceId::new(from))
        .into_iter()
        .map(|id| id.as_str().to_owned())
        .collect()
}

#[test]
fn a_space_sees_up_to_the_first_one_that_does_not_inherit() {
    let tree = [
        space("root", None, false),
        space("team", Some("root"), false),
        space("app", Some("team"), true),
        space("open", Some("root"), true),
    ];
    assert_eq!(seen(&tree, "root"), ["root"]);
    assert_eq!(seen(&tree, "team"), ["team"]);
    assert_eq!(seen(&tree, "app"), ["app", "team"]);
    assert_eq!(seen(&tree, "open"), ["open", "root"]);
    assert_eq!(seen(&tree, "gone"), Vec::<String>::new());
}

#[test]
fn a_circle_in_damaged_data_ends() {
    let circle = [space("a", Some("b"), true), space("b", Some("a"), true)];
    assert_eq!(seen(&circle, "a"), ["a", "b"]);
}

#[test]
fn an_id_says_the_name_and_is_never_had_twice() {
    let ulid = "01JD8Z5K3V9QW2XH7N4M6R0TBC";
    let id = |name: &str| new_id(name, ulid).into_string();
    assert_eq!(id("Development"), format!("development-{ulid}"));
    assert_eq!(id("Team A / prod"), format!("team-a-prod-{ulid}"));
    assert_eq!(id("проба"), format!("space-{ulid}"));
    assert_eq!(id("root"), format!("root-{ulid}"));
}
