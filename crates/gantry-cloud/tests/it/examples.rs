//! The policies that users are told to copy.

use gantry_cloud::aws::trust::statement;
use gantry_cloud::provider::{CloudProvider, Patience, Verification};
use gantry_core::credentials::access::Access;
use gantry_core::credentials::legacy_role::LegacyRole;
use gantry_core::credentials::role::Role;
use gantry_core::credentials::trial::Trial;
use gantry_core::ids::StackId;
use gantry_testkit::golden::repository;
use gantry_testkit::ministack::Ministack;
use serde_json::Value;

use super::*;

const PRINCIPAL: &str = "arn:aws:iam::111122223333:user/gantry";

fn example(name: &str) -> String {
    let path = repository().join("examples/trust/aws").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[tokio::test]
async fn each_trusts_the_server_and_nobody_else() {
    let (ministack, server) = (Ministack::shared(), server("examples").await);
    let aws = aws(&server.keys, &ministack.endpoint());
    let read = |role: &Role| vec![trial(role, Access::Read)];
    let write = |role: &Role| vec![trial(role, Access::Write)];
    let both = |role: &Role| Access::ALL.map(|access| trial(role, access)).to_vec();
    let with_tags = |role: &Role| {
        read(&Role {
            tag_sessions: true,
            ..role.clone()
        })
    };
    let legacy = |role: &Role| {
        let legacy = LegacyRole {
            stack: StackId::new("network"),
            role: role.clone(),
        };
        vec![Trial::for_legacy_role(&account(), &legacy).unwrap()]
    };
    type Trials<'a> = &'a dyn Fn(&Role) -> Vec<Trial>;
    let examples: [(&str, Trials<'_>); 6] = [
        ("reader.json", &read),
        ("writer.json", &write),
        ("read-and-write.json", &both),
        ("reader-with-tags.json", &with_tags),
        ("every-access-of-a-stack.json", &both),
        ("legacy-role.json", &legacy),
    ];
    for (name, trials) in examples {
        let policy = example(name).replace(PRINCIPAL, &server.arn);
        let policy: Value = serde_json::from_str(&policy).unwrap();
        let role_name = format!("example-{}", name.trim_end_matches(".json"));
        let arn = ministack.create_role(&role_name, &policy).await.unwrap();
        for verified in aws.verify(&trials(&role(&arn)), Patience::Attach).await {
            assert_eq!(verified, Verification::TrustsUs, "{name}");
        }
    }
}

/// What the API offers is what the examples show.
#[test]
fn each_is_the_statement_that_the_server_offers() {
    let id = |access| trial(&role("x"), access).request().external_id().clone();
    for (name, ids, tagged) in [
        ("reader.json", vec![id(Access::Read)], false),
        ("writer.json", vec![id(Access::Write)], false),
        (
            "read-and-write.json",
            vec![id(Access::Read), id(Access::Write)],
            false,
        ),
        ("reader-with-tags.json", vec![id(Access::Read)], true),
    ] {
        let policy: Value = serde_json::from_str(&example(name)).unwrap();
        assert_eq!(
            policy["Statement"][0],
            statement(PRINCIPAL, &ids, tagged),
            "{name}"
        );
    }
}
