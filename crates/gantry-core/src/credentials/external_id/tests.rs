use proptest::prelude::*;

use super::*;

const ULID: &str = "01JD8Z5K3V9QW2XH7N4M6R0TBC";

fn account() -> Subdomain {
    Subdomain::parse("acme").unwrap()
}

fn custom(text: &str) -> Result<ExternalId, CustomIdRefused> {
    ExternalId::custom(&account(), text, true)
}

#[test]
fn renders_the_documented_forms() {
    let stack = StackId::new("network");
    let id = |access| {
        ExternalId::for_integration(&account(), &IntegrationId::new(ULID), &stack, access).unwrap()
    };
    assert_eq!(
        id(Access::Read).as_str(),
        format!("acme@{ULID}@network@read")
    );
    assert_eq!(
        id(Access::Write).as_str(),
        format!("acme@{ULID}@network@write")
    );
    let legacy = ExternalId::for_legacy_role(&account(), &stack).unwrap();
    assert_eq!(legacy.as_str(), "acme@network");
}

/// The types of the IDs hold any text, so a damaged row could bring anything here.
#[test]
fn a_part_that_is_no_slug_or_ulid_renders_nothing() {
    for stack in [
        "", "x@prod", "PROD", "prod-", "-prod", "*", "a?b", "read", "write", "a b", "é", "a\n",
    ] {
        let stack = StackId::new(stack);
        let integration = IntegrationId::new(ULID);
        assert!(
            ExternalId::for_integration(&account(), &integration, &stack, Access::Read).is_err(),
            "{stack:?}"
        );
        assert!(
            ExternalId::for_legacy_role(&account(), &stack).is_err(),
            "{stack:?}"
        );
    }
    let long = "a".repeat(64);
    assert!(ExternalId::for_legacy_role(&account(), &StackId::new(long)).is_err());
    for integration in [
        "",
        "*",
        "x",
        &ULID.to_lowercase(),
        &format!("{ULID}@x"),
        &ULID[1..],
    ] {
        let refused = ExternalId::for_integration(
            &account(),
            &IntegrationId::new(integration),
            &StackId::new("prod"),
            Access::Write,
        );
        assert!(refused.is_err(), "{integration:?}");
    }
}

#[test]
fn a_custom_id_needs_the_worker_side() {
    assert_eq!(
        ExternalId::custom(&account(), "my-own-id", false),
        Err(CustomIdRefused::NeedsWorkerSide)
    );
    assert_eq!(custom("my-own-id").unwrap().as_str(), "my-own-id");
}

#[test]
fn a_custom_id_never_looks_like_a_generated_one() {
    for text in ["acme@x", "ACME@anything", "Acme@", "aCmE@i@s@read"] {
        assert!(
            matches!(custom(text), Err(CustomIdRefused::OwnPrefix { .. })),
            "{text}"
        );
    }
    for text in [
        "other@i@s@read",
        "other@i@s@write",
        "x@y@z@READ",
        "@@@write",
        "a@b@c@Write",
    ] {
        assert_eq!(custom(text), Err(CustomIdRefused::GeneratedForm), "{text}");
    }
    for text in [
        "acmex@y",
        "xacme@y",
        "a@b@c",
        "a@b@c@reader",
        "a@b@c@d@read",
        "acme",
    ] {
        assert!(custom(text).is_ok(), "{text}");
    }
}

#[test]
fn a_custom_id_keeps_to_what_sts_accepts() {
    assert_eq!(custom(""), Err(CustomIdRefused::Length { length: 0 }));
    assert_eq!(custom("x"), Err(CustomIdRefused::Length { length: 1 }));
    assert!(custom("xy").is_ok());
    assert!(custom(&"x".repeat(1224)).is_ok());
    assert_eq!(
        custom(&"x".repeat(1225)),
        Err(CustomIdRefused::Length { length: 1225 })
    );
    assert!(custom("Az09_+=,.@:/-").is_ok());
    for text in [
        "a b", "ab\n", "a*b", "a?b", "aé", "a\u{0}b", "a\"b", "a;b", "a\tb", "٣٣",
    ] {
        assert!(
            matches!(custom(text), Err(CustomIdRefused::Character { .. })),
            "{text:?}"
        );
    }
}

#[test]
fn a_probe_is_no_id_that_could_be_ours() {
    let probe = ExternalId::probe(ulid::Ulid::from_string(ULID).unwrap());
    assert_eq!(probe.as_str(), format!("gantry-probe-{ULID}"));
    assert_eq!(ExternalId::parse(probe.as_str()), None);
}

#[test]
fn parse_takes_only_what_render_gives() {
    for text in [
        "",
        "acme",
        "acme@",
        "@network",
        "acme@network@read",
        "acme@x@network@read",
        &format!("acme@{ULID}@network@READ"),
        &format!("acme@{ULID}@network@admin"),
        &format!("acme@{}@network@read", ULID.to_lowercase()),
        &format!("acme@{ULID}@network@read@read"),
        &format!("ACME@{ULID}@network@read"),
        "acme@read",
    ] {
        assert_eq!(ExternalId::parse(text), None, "{text}");
    }
}

fn subdomains() -> impl Strategy<Value = Subdomain> {
    "[a-z0-9][a-z0-9-]{0,36}[a-z0-9]".prop_map(|text| Subdomain::parse(&text).unwrap())
}

fn stacks() -> impl Strategy<Value = StackId> {
    "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
        .prop_filter("reserved", |text| text != "read" && text != "write")
        .prop_map(StackId::new)
}

fn integrations() -> impl Strategy<Value = IntegrationId> {
    any::<u128>().prop_map(|bits| IntegrationId::new(ulid::Ulid::from(bits).to_string()))
}

fn tuples() -> impl Strategy<Value = ParsedExternalId> {
    let access = prop_oneof![Just(Access::Read), Just(Access::Write)];
    prop_oneof![
        3 => (subdomains(), integrations(), stacks(), access).prop_map(
            |(account, integration, stack, access)| ParsedExternalId::Integration {
                account, integration, stack, access,
            }
        ),
        1 => (subdomains(), stacks())
            .prop_map(|(account, stack)| ParsedExternalId::LegacyRole { account, stack }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    /// A text that can be taken apart into the tuple it came from comes from no other tuple.
    #[test]
    fn rendering_is_injective(tuple in tuples()) {
        let rendered = tuple.render().unwrap();
        prop_assert_eq!(ExternalId::parse(rendered.as_str()), Some(tuple));
    }

    #[test]
    fn rendering_stays_within_what_sts_accepts(tuple in tuples()) {
        let rendered = tuple.render().unwrap();
        prop_assert!(STS_LENGTH.contains(&rendered.as_str().len()));
        prop_assert!(rendered.as_str().chars().all(is_sts_character));
        prop_assert!(!rendered.as_str().contains(['*', '?', '\n']));
    }

    /// Any text at all in the place of a part: either it is refused, or the result is still
    /// injective. Separators, wildcards and Unicode come up often.
    #[test]
    fn arbitrary_parts_never_collide(
        integration in "[@*?a0A-]{0,4}|[0-9A-HJKMNP-TV-Z]{26}",
        stack in "[@*?a0A\u{e9}\n-]{0,4}",
    ) {
        let (integration, stack) = (IntegrationId::new(integration), StackId::new(stack));
        if let Ok(id) =
            ExternalId::for_integration(&account(), &integration, &stack, Access::Read)
        {
            let expected = ParsedExternalId::Integration {
                account: account(), integration, stack, access: Access::Read,
            };
            prop_assert_eq!(ExternalId::parse(id.as_str()), Some(expected));
        }
    }

    /// Nobody can choose the ID of a stack, of this account or another, in any spelling of case.
    #[test]
    fn a_generated_id_is_refused_as_a_custom_one(tuple in tuples(), upper in any::<bool>()) {
        let mut text = tuple.render().unwrap().as_str().to_owned();
        if upper {
            text = text.to_ascii_uppercase();
        }
        let (ParsedExternalId::Integration { account, .. }
            | ParsedExternalId::LegacyRole { account, .. }) = &tuple;
        prop_assert!(ExternalId::custom(account, &text, true).is_err());
        if matches!(tuple, ParsedExternalId::Integration { .. }) {
            let other = Subdomain::parse("somebody-else").unwrap();
            prop_assert!(ExternalId::custom(&other, &text, true).is_err());
        }
    }
}
