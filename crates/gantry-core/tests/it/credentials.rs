//! From what is attached to the grant: through the public types only, as the server goes.

mod grant;
mod matrix;
mod select;

use gantry_core::account::Subdomain;
use gantry_core::credentials::attachment::{Attachment, Serves};
use gantry_core::credentials::cloud::Cloud;
use gantry_core::credentials::integration::Integration;
use gantry_core::credentials::legacy_role::LegacyRole;
use gantry_core::credentials::role::{AssumedBy, Role, RoleArn};
use gantry_core::credentials::select::{Attached, Candidates};
use gantry_core::ids::{AttachmentId, IntegrationId, RunId, SpaceId, StackId};

const RUN: &str = "01JD8Z5K3V9QW2XH7N4M6R0TBC";

fn account() -> Subdomain {
    Subdomain::parse("acme").unwrap()
}

fn run() -> RunId {
    RunId::new(RUN)
}

fn stack() -> StackId {
    StackId::new("network")
}

fn space() -> SpaceId {
    SpaceId::new("root")
}

fn role(name: &str) -> Role {
    Role {
        arn: RoleArn::parse(&format!("arn:aws:iam::111122223333:role/{name}")).unwrap(),
        duration: Default::default(),
        region: None,
        assumed_by: AssumedBy::Server,
        tag_sessions: false,
    }
}

/// An integration whose ID ends in its one-letter name.
fn integration(name: &str) -> Integration {
    Integration {
        id: IntegrationId::new(format!("0000000000000000000000000{name}")),
        name: name.to_owned(),
        space: space(),
        labels: vec!["autoattach:prod".to_owned()],
        autoattach_enabled: true,
        role: role(name),
    }
}

fn attached(name: &str, serves: Serves) -> Attached {
    let integration = integration(name);
    let attachment = Attachment {
        id: AttachmentId::new(format!("attachment-of-{name}")),
        integration: integration.id.clone(),
        integration_name: integration.name.clone(),
        stack: stack(),
        serves,
    };
    Attached {
        attachment,
        integration,
    }
}

/// Owns what [`Candidates`] borrows.
#[derive(Default)]
struct Setup {
    attached: Vec<Attached>,
    legacy_role: Option<LegacyRole>,
    auto_attach: Vec<Integration>,
    user_variables: Vec<&'static str>,
    private_worker: bool,
}

impl Setup {
    fn attach(mut self, name: &str, serves: Serves) -> Self {
        self.attached.push(attached(name, serves));
        self
    }

    fn legacy(mut self) -> Self {
        self.legacy_role = Some(LegacyRole {
            stack: stack(),
            role: role("legacy"),
        });
        self
    }

    fn auto(mut self, name: &str) -> Self {
        self.auto_attach.push(integration(name));
        self
    }

    fn variable(mut self, name: &'static str) -> Self {
        self.user_variables.push(name);
        self
    }

    /// Lets every role of the set-up be assumed by the worker.
    fn worker_side(mut self) -> Self {
        let integrations = self.attached.iter_mut().map(|a| &mut a.integration);
        let roles = integrations
            .chain(&mut self.auto_attach)
            .map(|i| &mut i.role)
            .chain(self.legacy_role.iter_mut().map(|l| &mut l.role));
        for role in roles {
            role.assumed_by = AssumedBy::Worker {
                custom_external_id: None,
            };
        }
        self
    }

    /// The stack has a pool of private workers.
    fn in_private_pool(mut self) -> Self {
        self.private_worker = true;
        self
    }

    fn candidates(&self) -> Candidates<'_> {
        Candidates {
            cloud: Cloud::Aws,
            attached: &self.attached,
            legacy_role: self.legacy_role.as_ref(),
            auto_attach: &self.auto_attach,
            user_variables: &self.user_variables,
            private_worker: self.private_worker,
        }
    }
}
