use super::*;

fn account() -> Subdomain {
    Subdomain::parse("acme").expect("a subdomain")
}

fn input() -> RoleInput {
    RoleInput {
        role_arn: "arn:aws:iam::111122223333:role/reader".into(),
        ..RoleInput::default()
    }
}

#[test]
fn what_is_left_out_gets_its_default() {
    let role = input().parse(&account()).expect("a role");
    assert_eq!(role.duration.seconds(), 900);
    assert_eq!(role.region, None);
    assert_eq!(role.assumed_by, AssumedBy::Server);
    assert!(!role.tag_sessions);
}

#[test]
fn an_empty_external_id_is_none() {
    let role = RoleInput {
        external_id: Some(String::new()),
        ..input()
    };
    assert_eq!(
        role.parse(&account()).expect("a role").assumed_by,
        AssumedBy::Server
    );
}

#[test]
fn each_wrong_field_is_named() {
    let wrong = [
        (
            RoleInput {
                role_arn: String::new(),
                ..input()
            },
            "roleArn",
        ),
        (
            RoleInput {
                role_arn: "arn:aws:iam::1:role/a b".into(),
                ..input()
            },
            "roleArn",
        ),
        (
            RoleInput {
                duration_seconds: Some(899),
                ..input()
            },
            "durationSeconds is 899",
        ),
        (
            RoleInput {
                duration_seconds: Some(43_201),
                ..input()
            },
            "durationSeconds is 43201",
        ),
        (
            RoleInput {
                region: Some("eu west".into()),
                ..input()
            },
            "region",
        ),
        (
            RoleInput {
                external_id: Some("mine".into()),
                ..input()
            },
            "generated in the worker",
        ),
        (
            RoleInput {
                external_id: Some("ACME@other@prod@write".into()),
                generate_credentials_in_worker: true,
                ..input()
            },
            "acme@",
        ),
    ];
    for (role, expected) in wrong {
        let said = role.parse(&account()).expect_err("refused").to_string();
        assert!(
            said.contains(expected),
            "{said:?} does not contain {expected:?}"
        );
    }
}
