use gantry_core::account::Subdomain;
use gantry_core::credentials::access::Access;
use gantry_core::ids::{IntegrationId, StackId};

use super::*;

fn id(access: Access) -> ExternalId {
    let account = Subdomain::parse("acme").unwrap();
    let integration = IntegrationId::new("01JD8Z5K3V9QW2XH7N4M6R0TBC");
    ExternalId::for_integration(&account, &integration, &StackId::new("network"), access).unwrap()
}

const PRINCIPAL: &str = "arn:aws:iam::111122223333:user/gantry";

#[test]
fn demands_exactly_the_external_id() {
    assert_eq!(
        statement(PRINCIPAL, &[id(Access::Write)], false),
        json!({
            "Effect": "Allow",
            "Principal": {"AWS": PRINCIPAL},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {
                "sts:ExternalId": "acme@01JD8Z5K3V9QW2XH7N4M6R0TBC@network@write"
            }},
        })
    );
}

#[test]
fn lists_both_ids_and_allows_tagging_where_it_is_used() {
    let statement = statement(PRINCIPAL, &[id(Access::Read), id(Access::Write)], true);
    assert_eq!(
        statement["Action"],
        json!(["sts:AssumeRole", "sts:TagSession"])
    );
    assert_eq!(
        statement["Condition"]["StringEquals"]["sts:ExternalId"],
        json!([
            "acme@01JD8Z5K3V9QW2XH7N4M6R0TBC@network@read",
            "acme@01JD8Z5K3V9QW2XH7N4M6R0TBC@network@write"
        ])
    );
}
