//! Against an AWS double that enforces trust policies, and through a proxy that breaks things.

mod assume;
mod errors;
mod examples;
mod verify;

use std::time::Duration;

use gantry_cloud::aws::{Aws, AwsSettings, BaseIdentity, Timeouts};
use gantry_core::account::Subdomain;
use gantry_core::credentials::access::Access;
use gantry_core::credentials::grant::{AssumeRequest, Source};
use gantry_core::credentials::role::{AssumedBy, Role, RoleArn};
use gantry_core::credentials::select::Choice;
use gantry_core::credentials::trial::Trial;
use gantry_core::ids::{AttachmentId, IntegrationId, RunId, SpaceId, StackId};
use gantry_core::run::Phase;
use gantry_testkit::ministack::{Ministack, Server};
use gantry_testkit::sigv4::Keys;

const RUN: &str = "01JD8Z5K3V9QW2XH7N4M6R0TBC";
const INTEGRATION: &str = "01JD8Z5K3V9QW2XH7N4M6R0TBD";
const READ_ID: &str = "acme@01JD8Z5K3V9QW2XH7N4M6R0TBD@network@read";
const WRITE_ID: &str = "acme@01JD8Z5K3V9QW2XH7N4M6R0TBD@network@write";

fn account() -> Subdomain {
    Subdomain::parse("acme").unwrap()
}

fn role(arn: &str) -> Role {
    Role {
        arn: RoleArn::parse(arn).unwrap(),
        duration: Default::default(),
        region: None,
        assumed_by: AssumedBy::Server,
        tag_sessions: false,
    }
}

fn tagged(arn: &str) -> Role {
    Role {
        tag_sessions: true,
        ..role(arn)
    }
}

/// What the server would be given for `phase` of a tracked run of the stack `network`.
fn grant(role: &Role, phase: Phase) -> AssumeRequest {
    let access = if phase.writes() {
        Access::Write
    } else {
        Access::Read
    };
    let source = Source::Attachment {
        attachment: AttachmentId::new(RUN),
        integration: IntegrationId::new(INTEGRATION),
        name: "integration".to_owned(),
    };
    Choice {
        access,
        source,
        role,
    }
    .grant(
        &account(),
        &RunId::new(RUN),
        &StackId::new("network"),
        &SpaceId::new("root"),
        phase,
    )
    .unwrap()
    .request()
    .clone()
}

fn trial(role: &Role, access: Access) -> Trial {
    let (integration, stack) = (IntegrationId::new(INTEGRATION), StackId::new("network"));
    Trial::for_integration(
        &account(),
        &integration,
        role,
        &stack,
        &SpaceId::new("root"),
        access,
    )
    .unwrap()
}

/// An identity for a server, in a double that was shown to enforce.
async fn server(name: &str) -> Server {
    let ministack = Ministack::shared();
    let server = ministack.create_server_user(name).await.unwrap();
    ministack
        .assume_with_wrong_id_is_refused(&server)
        .await
        .unwrap();
    server
}

fn aws(keys: &Keys, endpoint: &str) -> Aws {
    Aws::new(AwsSettings {
        sts_endpoint: Some(endpoint.to_owned()),
        base_identity: BaseIdentity::Keys {
            access_key_id: keys.access_key_id.clone(),
            secret_access_key: keys.secret_access_key.clone().into(),
            session_token: keys.session_token.clone().map(Into::into),
        },
        // Short, so that a hanging STS is found out within a test.
        timeouts: Timeouts {
            connect: Duration::from_millis(500),
            attempt: Duration::from_millis(500),
        },
        ..AwsSettings::default()
    })
}
