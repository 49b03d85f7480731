use proptest::prelude::*;

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

fn id(text: &str) -> SpaceId {
    SpaceId::new(text)
}

fn refusal(spaces: &[Space], space: Option<&str>, parent: &str) -> Option<TreeRefused> {
    let space = space.map(SpaceId::new);
    let tree = Tree::new(spaces);
    tree.may_stand(space.as_ref(), &id(parent)).err()
}

#[test]
fn a_space_stands_below_any_space_but_itself_and_those_below_it() {
    let spaces = [
        space("root", None, false),
        space("team", Some("root"), true),
        space("app", Some("team"), true),
    ];
    assert_eq!(refusal(&spaces, None, "app"), None);
    assert_eq!(refusal(&spaces, Some("app"), "root"), None);
    assert_eq!(refusal(&spaces, Some("app"), "team"), None);
    for below in ["team", "app"] {
        let circle = TreeRefused::Circle {
            space: id("team"),
            parent: id(below),
        };
        assert_eq!(refusal(&spaces, Some("team"), below), Some(circle));
    }
    let nowhere = TreeRefused::NoParent { parent: id("gone") };
    assert_eq!(refusal(&spaces, None, "gone"), Some(nowhere));
}

#[test]
fn depth_counts_what_a_moved_space_brings_along() {
    let mut spaces = vec![space("root", None, false), space("1", Some("root"), true)];
    for depth in 2..DEEPEST {
        spaces.push(space(
            &depth.to_string(),
            Some(&(depth - 1).to_string()),
            true,
        ));
    }
    spaces.push(space("a", Some("root"), true));
    spaces.push(space("b", Some("a"), true));
    // `a` with `b` below it: at 13 the deepest is the sixteenth, at 14 the seventeenth.
    assert_eq!(refusal(&spaces, Some("a"), "13"), None);
    assert!(matches!(
        refusal(&spaces, Some("a"), "14"),
        Some(TreeRefused::TooDeep { depth: 17, .. })
    ));
    assert_eq!(refusal(&spaces, Some("b"), "14"), None);
    assert_eq!(refusal(&spaces, None, "14"), None);
    assert!(refusal(&spaces, None, "15").is_some());
}

#[test]
fn sight_is_lost_only_where_there_was_some() {
    let before = [
        space("root", None, false),
        space("team", Some("root"), true),
        space("app", Some("team"), true),
    ];
    let mut after = before.clone();
    after[1].inherit_entities = false;
    let sight = |from: &str, of: &str| Sight {
        stack: StackId::new("stack"),
        from: id(from),
        what: "the integration \"prod\"".into(),
        space: id(of),
    };
    let sights = [
        sight("app", "root"),
        sight("app", "team"),
        sight("team", "root"),
        // Was never seen: no reason to refuse a change that has nothing to do with it.
        sight("root", "app"),
    ];
    let lost = Tree::new(&before).lost(&Tree::new(&after), &sights);
    assert_eq!(lost, [&sights[0], &sights[2]]);
    assert!(
        Tree::new(&after)
            .lost(&Tree::new(&before), &sights)
            .is_empty()
    );
}

/// A tree of up to 40 spaces: each but the first stands below one before it.
fn trees() -> impl Strategy<Value = Vec<Space>> {
    let node = (any::<prop::sample::Index>(), any::<bool>());
    prop::collection::vec(node, 0..40).prop_map(|nodes| {
        let mut spaces = vec![space("root", None, false)];
        for (number, (parent, inherits)) in nodes.into_iter().enumerate() {
            let parent = spaces[parent.index(spaces.len())].id.as_str().to_owned();
            spaces.push(space(&format!("s{number}"), Some(&parent), inherits));
        }
        spaces
    })
}

/// Anything, circles and missing parents included.
fn damaged_trees() -> impl Strategy<Value = Vec<Space>> {
    let node = (prop::option::of(0usize..14), any::<bool>());
    prop::collection::vec(node, 1..12).prop_map(|nodes| {
        let nodes = nodes.into_iter().enumerate();
        nodes
            .map(|(number, (parent, inherits))| {
                let parent = parent.map(|parent| format!("s{parent}"));
                space(&format!("s{number}"), parent.as_deref(), inherits)
            })
            .collect()
    })
}

proptest! {
    /// Whatever may stand somewhere leaves a tree: from each space the way up ends at the root, and
    /// is not too long.
    #[test]
    fn a_move_that_is_allowed_leaves_a_tree(
        spaces in trees(),
        moved in any::<prop::sample::Index>(),
        parent in any::<prop::sample::Index>(),
    ) {
        let moved = moved.index(spaces.len());
        let parent = spaces[parent.index(spaces.len())].id.clone();
        let before = Tree::new(&spaces);
        let was_fine = spaces.iter().all(|space| before.upwards(&space.id).count() <= DEEPEST);
        let allowed = before.may_stand(Some(&spaces[moved].id), &parent).is_ok();
        prop_assume!(allowed && was_fine && moved != 0);
        let mut after = spaces.clone();
        after[moved].parent = Some(parent);
        let tree = Tree::new(&after);
        for space in &after {
            let way: Vec<&Space> = tree.upwards(&space.id).collect();
            prop_assert_eq!(way.last().unwrap().id.as_str(), "root");
            prop_assert!(way.len() <= DEEPEST);
        }
    }

    #[test]
    fn a_circle_is_what_is_refused(
        spaces in trees(),
        moved in any::<prop::sample::Index>(),
        parent in any::<prop::sample::Index>(),
    ) {
        let (moved, parent) = (moved.index(spaces.len()), parent.index(spaces.len()));
        let tree = Tree::new(&spaces);
        let below = tree.upwards(&spaces[parent].id).any(|space| space.id == spaces[moved].id);
        let refused = tree.may_stand(Some(&spaces[moved].id), &spaces[parent].id);
        prop_assert_eq!(below, matches!(refused, Err(TreeRefused::Circle { .. })));
    }

    #[test]
    fn whatever_stands_in_the_database_each_question_ends(spaces in damaged_trees()) {
        let tree = Tree::new(&spaces);
        for space in &spaces {
            prop_assert!(tree.upwards(&space.id).count() <= spaces.len());
            prop_assert!(tree.sees(&space.id, &space.id));
            let _ = tree.may_stand(Some(&space.id), &spaces[0].id);
        }
    }
}
