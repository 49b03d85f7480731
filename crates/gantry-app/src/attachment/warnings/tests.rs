use gantry_core::credentials::attachment::Attachment;
use gantry_core::credentials::duration::SessionDuration;
use gantry_core::credentials::integration::Integration;
use gantry_core::credentials::role::{AssumedBy, Role, RoleArn};
use gantry_core::ids::{AttachmentId, IntegrationId, SpaceId, StackId};

use super::*;

fn attached(seconds: i64, serves: Serves, assumed_by: AssumedBy) -> Attached {
    let integration = Integration {
        id: IntegrationId::new("01JV5Y4GZ0000000000000000A"),
        name: "prod".into(),
        space: SpaceId::new("root"),
        labels: vec![],
        autoattach_enabled: false,
        role: Role {
            arn: RoleArn::parse("arn:aws:iam::111122223333:role/r").expect("an ARN"),
            duration: SessionDuration::new(seconds).expect("a duration"),
            region: None,
            assumed_by,
            tag_sessions: false,
        },
    };
    let attachment = Attachment {
        id: AttachmentId::new("01JV5Y4GZ0000000000000000B"),
        integration: integration.id.clone(),
        integration_name: integration.name.clone(),
        stack: StackId::new("network"),
        serves,
    };
    Attached {
        attachment,
        integration,
    }
}

#[test]
fn an_ordinary_attachment_has_none() {
    let long_enough = attached(4200, Serves::Both, AssumedBy::Server);
    assert_eq!(
        warnings(&long_enough, false, false, 4200),
        Vec::<String>::new()
    );
    // A plan that outlives its credentials fails; an apply is left half-way.
    let reads = attached(900, Serves::Read, AssumedBy::Server);
    assert_eq!(warnings(&reads, false, false, 4200), Vec::<String>::new());
}

#[test]
fn each_oddity_is_told() {
    let short = warnings(
        &attached(900, Serves::Write, AssumedBy::Server),
        false,
        false,
        4200,
    );
    assert!(short[0].contains("900 s"), "{short:?}");
    let beside = warnings(
        &attached(4200, Serves::Both, AssumedBy::Server),
        true,
        false,
        4200,
    );
    assert!(beside[0].contains("of its own"), "{beside:?}");

    let worker = AssumedBy::Worker {
        custom_external_id: Some("mine".into()),
    };
    let both = warnings(
        &attached(4200, Serves::Both, worker.clone()),
        false,
        false,
        4200,
    );
    assert_eq!(both.len(), 2, "{both:?}");
    assert!(both[0].contains("private worker"), "{both:?}");
    assert!(both[1].contains("can't tell"), "{both:?}");
    let in_pool = warnings(
        &attached(4200, Serves::Read, worker.clone()),
        false,
        true,
        4200,
    );
    assert_eq!(in_pool.len(), 1, "{in_pool:?}");
    assert!(in_pool[0].contains("before its first use"), "{in_pool:?}");
    let read_only = warnings(&attached(4200, Serves::Read, worker), false, false, 4200);
    assert_eq!(read_only.len(), 1, "{read_only:?}");
}
