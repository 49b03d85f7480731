use super::GroupRoles;
use crate::authz::Role;

fn groups(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn groups_give_the_roles_of_their_rules_and_no_others() {
    let rules = [
        "platform=root:admin",
        "cn=net, ou=teams=team-01ABC:writer",
        "platform = legacy : reader",
    ];
    let roles = GroupRoles::parse(rules).unwrap();
    let given = roles.given(&groups(&["platform", "unknown"]));
    let shown: Vec<_> = given
        .iter()
        .map(|given| (given.space.as_str(), given.role, given.below))
        .collect();
    assert_eq!(
        shown,
        [("root", Role::Admin, true), ("legacy", Role::Reader, true)]
    );
    let of_net = roles.given(&groups(&["cn=net, ou=teams"]));
    assert_eq!(of_net[0].space.as_str(), "team-01ABC");
    assert_eq!(of_net[0].role, Role::Writer);
    for nobody in [&[][..], &["Platform"], &["plat"], &[""]] {
        assert_eq!(roles.given(&groups(nobody)), [], "{nobody:?}");
    }
}

#[test]
fn what_is_no_rule_is_refused() {
    for rule in [
        "",
        "a",
        "a=b",
        "a:admin",
        "a=b:owner",
        "=b:admin",
        "a=:admin",
        "a=b:Admin",
    ] {
        let said = GroupRoles::parse([rule]).unwrap_err().to_string();
        assert!(said.contains("write `group=space:role`"), "{said}");
    }
}
