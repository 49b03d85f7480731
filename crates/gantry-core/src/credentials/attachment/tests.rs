use super::*;

fn attached(name: &str, serves: Serves) -> Attachment {
    Attachment {
        id: AttachmentId::new(format!("attachment-of-{name}")),
        integration: IntegrationId::new(name),
        integration_name: name.to_owned(),
        stack: StackId::new("network"),
        serves,
    }
}

fn place_new(existing: &[Attachment], serves: Serves) -> Result<Placement<'_>, SlotRefused> {
    place(existing, &IntegrationId::new("new"), serves)
}

#[test]
fn two_fit_when_one_reads_and_one_writes() {
    assert_eq!(place_new(&[], Serves::Both), Ok(Placement::Free));
    let reader = [attached("reader", Serves::Read)];
    assert_eq!(place_new(&reader, Serves::Write), Ok(Placement::Free));
    let writer = [attached("writer", Serves::Write)];
    assert_eq!(place_new(&writer, Serves::Read), Ok(Placement::Free));
}

#[test]
fn neither_flag_is_refused() {
    assert_eq!(
        Serves::from_flags(false, false),
        Err(SlotRefused::NeitherFlag)
    );
}

#[test]
fn a_taken_slot_is_refused_with_the_name_of_its_holder() {
    for (held, wanted, taken) in [
        (Serves::Read, Serves::Read, Access::Read),
        (Serves::Write, Serves::Write, Access::Write),
        (Serves::Both, Serves::Read, Access::Read),
        (Serves::Both, Serves::Write, Access::Write),
        (Serves::Both, Serves::Both, Access::Read),
        (Serves::Read, Serves::Both, Access::Read),
        (Serves::Write, Serves::Both, Access::Write),
    ] {
        let existing = [attached("holder", held)];
        let refused = place_new(&existing, wanted).unwrap_err();
        assert!(refused.may_become_free());
        let sentence = refused.to_string();
        assert!(
            sentence.contains("holder") && sentence.contains(taken.as_str()),
            "{sentence}"
        );
        assert!(matches!(refused, SlotRefused::Taken { access, .. } if access == taken));
    }
}

#[test]
fn a_third_is_refused_and_both_others_are_named() {
    let existing = [
        attached("reader", Serves::Read),
        attached("writer", Serves::Write),
    ];
    for wanted in [Serves::Read, Serves::Write, Serves::Both] {
        let refused = place_new(&existing, wanted).unwrap_err();
        assert!(refused.may_become_free());
        let sentence = refused.to_string();
        assert!(
            sentence.contains("reader") && sentence.contains("writer"),
            "{sentence}"
        );
    }
}

#[test]
fn the_same_integration_twice_is_refused_unless_it_is_the_same_request() {
    let existing = [
        attached("reader", Serves::Read),
        attached("writer", Serves::Write),
    ];
    let reader = IntegrationId::new("reader");
    assert_eq!(
        place(&existing, &reader, Serves::Read),
        Ok(Placement::Existing(&existing[0]))
    );
    for wanted in [Serves::Write, Serves::Both] {
        let refused = place(&existing, &reader, wanted).unwrap_err();
        assert!(!refused.may_become_free());
        assert!(
            refused.to_string().contains("attachment-of-reader"),
            "{refused}"
        );
    }
}

#[test]
fn an_update_is_judged_by_the_other_attachment() {
    let existing = [
        attached("reader", Serves::Read),
        attached("writer", Serves::Write),
    ];
    let id = existing[0].id.clone();
    assert_eq!(may_change(&existing, &id, Serves::Read), Ok(()));
    let refused = may_change(&existing, &id, Serves::Both).unwrap_err();
    assert!(matches!(&refused, SlotRefused::Taken { name, .. } if name == "writer"));
    assert_eq!(may_change(&existing[..1], &id, Serves::Both), Ok(()));
}
