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

fn given(space: &str, role: Role, below: bool) -> Given {
    Given {
        space: SpaceId::new(space),
        role,
        below,
    }
}

/// `space: role` and `space: shared`, in the order of the tree.
fn shown(spaces: &[Space], reach: &Reach) -> Vec<String> {
    spaces
        .iter()
        .filter_map(|space| match reach.role_in(&space.id) {
            Some(role) => Some(format!("{}: {}", space.id, role.as_str())),
            None => reach
                .sees_shared(&space.id)
                .then(|| format!("{}: shared", space.id)),
        })
        .collect()
}

fn tree() -> [Space; 6] {
    [
        space("root", None, false),
        space("closed", Some("root"), false),
        space("team", Some("root"), true),
        space("app", Some("team"), true),
        space("secret", Some("team"), false),
        space("deep", Some("app"), true),
    ]
}

#[test]
fn a_role_holds_below_and_shows_what_is_shared_above() {
    let tree = tree();
    let reach = |roles: &[Given]| shown(&tree, &Reach::new(&tree, roles));
    assert_eq!(
        reach(&[given("team", Role::Writer, true)]),
        [
            "root: shared",
            "team: writer",
            "app: writer",
            "secret: writer",
            "deep: writer"
        ]
    );
    assert_eq!(
        reach(&[given("secret", Role::Admin, true)]),
        ["secret: admin"]
    );
    assert_eq!(
        reach(&[
            given("app", Role::Admin, true),
            given("team", Role::Reader, true)
        ]),
        [
            "root: shared",
            "team: reader",
            "app: admin",
            "secret: reader",
            "deep: admin"
        ]
    );
    assert_eq!(
        reach(&[given("root", Role::Admin, true)]).len(),
        tree.len(),
        "an administrator of root administers everything"
    );
    assert_eq!(reach(&[]), Vec::<String>::new());
    assert_eq!(
        reach(&[given("gone", Role::Admin, true)]),
        Vec::<String>::new()
    );
}

#[test]
fn a_role_for_one_space_only_stays_there() {
    let tree = tree();
    let reach = Reach::new(&tree, &[given("team", Role::Reader, false)]);
    assert_eq!(shown(&tree, &reach), ["root: shared", "team: reader"]);
    assert_eq!(reach.spaces(), Some(vec![SpaceId::new("team")]));
}

#[test]
fn the_smaller_role_below_takes_nothing_away() {
    let tree = tree();
    let roles = [
        given("team", Role::Admin, true),
        given("app", Role::Reader, true),
    ];
    let reach = Reach::new(&tree, &roles);
    assert_eq!(reach.role_in(&SpaceId::new("deep")), Some(Role::Admin));
}

fn cases() -> impl Strategy<Value = (Vec<Space>, Vec<Given>)> {
    let node = (any::<prop::sample::Index>(), any::<bool>());
    let role = prop::sample::select(Role::ALL.to_vec());
    let roles = prop::collection::vec((any::<prop::sample::Index>(), role, any::<bool>()), 0..5);
    (prop::collection::vec(node, 0..25), roles).prop_map(|(nodes, roles)| {
        let mut spaces = vec![space("root", None, false)];
        for (number, (parent, inherits)) in nodes.into_iter().enumerate() {
            let parent = spaces[parent.index(spaces.len())].id.as_str().to_owned();
            spaces.push(space(&format!("s{number}"), Some(&parent), inherits));
        }
        let roles = roles.into_iter().map(|(at, role, below)| {
            let space = &spaces[at.index(spaces.len())].id;
            given(space.as_str(), role, below)
        });
        let roles = roles.collect();
        (spaces, roles)
    })
}

proptest! {
    /// No role comes from nowhere: each is one that was given here, or above and for below.
    #[test]
    fn nobody_has_more_than_was_given((spaces, roles) in cases()) {
        let reach = Reach::new(&spaces, &roles);
        let tree = Tree::new(&spaces);
        for space in &spaces {
            let best = roles
                .iter()
                .filter(|given| {
                    given.space == space.id
                        || (given.below && tree.upwards(&space.id).any(|up| up.id == given.space))
                })
                .map(|given| given.role)
                .max();
            prop_assert_eq!(reach.role_in(&space.id), best);
        }
    }

    /// What is shared is seen from some space with a role, and from nowhere else.
    #[test]
    fn sight_beyond_roles_comes_from_inheritance((spaces, roles) in cases()) {
        let reach = Reach::new(&spaces, &roles);
        let tree = Tree::new(&spaces);
        for space in &spaces {
            let seen = spaces.iter().any(|from| {
                reach.role_in(&from.id).is_some() && tree.sees(&from.id, &space.id)
            });
            prop_assert_eq!(reach.sees_shared(&space.id), seen);
        }
    }
}
