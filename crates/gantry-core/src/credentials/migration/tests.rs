use super::{NoReplacement, Replacement, Step, plan};
use crate::credentials::attachment::{Attachment, Serves};
use crate::credentials::duration::SessionDuration;
use crate::credentials::integration::Integration;
use crate::credentials::legacy_role::LegacyRole;
use crate::credentials::role::{AssumedBy, Role, RoleArn};
use crate::credentials::select::Attached;
use crate::ids::{AttachmentId, IntegrationId, SpaceId, StackId};

fn role(name: &str) -> Role {
    Role {
        arn: RoleArn::parse(&format!("arn:aws:iam::1:role/{name}")).unwrap(),
        duration: SessionDuration::new(900).unwrap(),
        region: None,
        assumed_by: AssumedBy::Server,
        tag_sessions: false,
    }
}

fn integration(id: &str, role: Role) -> Integration {
    Integration {
        id: IntegrationId::new(id),
        name: format!("name of {id}"),
        space: SpaceId::new("root"),
        labels: vec![],
        autoattach_enabled: false,
        role,
    }
}

fn attached(integration: &Integration, serves: Serves) -> Attached {
    Attached {
        attachment: Attachment {
            id: AttachmentId::new(format!("attachment of {}", integration.id)),
            integration: integration.id.clone(),
            integration_name: integration.name.clone(),
            stack: StackId::new("network"),
            serves,
        },
        integration: integration.clone(),
    }
}

fn planned(
    attached: &[Attached],
    visible: &[Integration],
    chosen: Option<&str>,
) -> Result<Step, NoReplacement> {
    let legacy = LegacyRole {
        stack: StackId::new("network"),
        role: role("own"),
    };
    let chosen = chosen.map(IntegrationId::new);
    plan(
        &legacy,
        attached,
        visible,
        &IntegrationId::new("new"),
        chosen.as_ref(),
    )
}

fn made(serves: Serves) -> Step {
    Step::Attach {
        integration: Replacement::New(IntegrationId::new("new")),
        serves,
    }
}

#[test]
fn what_no_attachment_covers_is_what_the_new_one_serves() {
    let other = integration("other", role("other"));
    assert_eq!(planned(&[], &[], None), Ok(made(Serves::Both)));
    let reads = [attached(&other, Serves::Read)];
    assert_eq!(planned(&reads, &[], None), Ok(made(Serves::Write)));
    let writes = [attached(&other, Serves::Write)];
    assert_eq!(planned(&writes, &[], None), Ok(made(Serves::Read)));
    let all = [attached(&other, Serves::Both)];
    assert_eq!(planned(&all, &[], None), Ok(Step::Nothing));
    let two = [reads[0].clone(), attached(&other, Serves::Write)];
    assert_eq!(planned(&two, &[], None), Ok(Step::Nothing));
}

#[test]
fn the_first_that_is_the_same_role_is_taken() {
    let one = integration("one", role("own"));
    let two = integration("two", role("own"));
    let longer = Role {
        duration: SessionDuration::new(3600).unwrap(),
        ..role("own")
    };
    let longer = integration("longer", longer);
    let in_worker = Role {
        assumed_by: AssumedBy::Worker {
            custom_external_id: None,
        },
        ..role("own")
    };
    let in_worker = integration("in worker", in_worker);
    let visible = [longer, in_worker, one.clone(), two.clone()];
    let existing = |integration: &Integration| Step::Attach {
        integration: Replacement::Existing(integration.clone()),
        serves: Serves::Both,
    };
    assert_eq!(planned(&[], &visible, None), Ok(existing(&one)));
    assert_eq!(planned(&[], &visible, Some("two")), Ok(existing(&two)));
    assert_eq!(planned(&[], &visible, Some("new")), Ok(made(Serves::Both)));
    assert_eq!(planned(&[], &visible[..2], None), Ok(made(Serves::Both)));
    let other = NoReplacement::Other {
        name: "name of longer".into(),
    };
    assert_eq!(planned(&[], &visible, Some("longer")), Err(other));
    let unseen = NoReplacement::Unseen(IntegrationId::new("elsewhere"));
    assert_eq!(planned(&[], &visible, Some("elsewhere")), Err(unseen));
}

#[test]
fn one_that_is_attached_for_the_other_access_comes_to_serve_both() {
    let one = integration("one", role("own"));
    let two = integration("two", role("own"));
    let reads = [attached(&two, Serves::Read)];
    let widened = Step::Widen {
        integration: two.clone(),
        attachment: reads[0].attachment.id.clone(),
        from: Serves::Read,
    };
    assert_eq!(planned(&reads, &[one, two], None), Ok(widened.clone()));
    assert_eq!(widened.serves(), Some(Serves::Both));
}
