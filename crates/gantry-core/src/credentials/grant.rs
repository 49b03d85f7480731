//! The decision that a phase may use a role, before any secret exists.

use super::access::Access;
use super::duration::SessionDuration;
use super::external_id::{CustomIdRefused, ExternalId, InvalidPart};
use super::role::{AssumedBy, Region, Role, RoleArn};
use super::select::Choice;
use super::session_name::SessionName;
use crate::account::Subdomain;
use crate::ids::{AttachmentId, IntegrationId, RunId, SpaceId, StackId};
use crate::protocol::WireRequest;
use crate::run::Phase;
use thiserror::Error;

/// Where a phase's credentials come from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    Attachment {
        attachment: AttachmentId,
        integration: IntegrationId,
        name: String,
    },
    LegacyRole,
    AutoAttach {
        integration: IntegrationId,
        name: String,
    },
}

impl Source {
    pub const fn integration(&self) -> Option<&IntegrationId> {
        match self {
            Source::Attachment { integration, .. } | Source::AutoAttach { integration, .. } => {
                Some(integration)
            }
            Source::LegacyRole => None,
        }
    }

    pub const fn as_str(&self) -> &'static str {
        match self {
            Source::Attachment { .. } => "attachment",
            Source::LegacyRole => "legacy role",
            Source::AutoAttach { .. } => "auto-attach",
        }
    }
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Source::Attachment { name, .. } => write!(f, "the integration {name:?}"),
            Source::LegacyRole => f.write_str("the stack's own AWS role"),
            Source::AutoAttach { name, .. } => {
                write!(
                    f,
                    "the integration {name:?} (attached automatically by label)"
                )
            }
        }
    }
}

/// Names of session tags, in their order.
const TAGS: [&str; 4] = ["run", "stack", "space", "phase"];

/// A request that the server would never grant.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("the {0} that the server granted is none")]
pub struct NoRequest(&'static str);

/// What STS is asked. Contains no secret. Equal values are the same question.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AssumeRequest {
    role_arn: RoleArn,
    external_id: ExternalId,
    session_name: SessionName,
    duration: SessionDuration,
    region: Option<Region>,
    tags: Vec<(&'static str, String)>,
}

impl AssumeRequest {
    pub(super) fn new(
        role: &Role,
        external_id: ExternalId,
        session_name: SessionName,
        tags: Vec<(&'static str, String)>,
    ) -> Self {
        Self {
            role_arn: role.arn.clone(),
            external_id,
            session_name,
            duration: role.duration,
            region: role.region.clone(),
            tags: if role.tag_sessions { tags } else { Vec::new() },
        }
    }

    /// For the worker that asks in the server's place.
    pub fn to_wire(&self) -> WireRequest {
        let tags = self.tags.iter();
        WireRequest {
            role_arn: self.role_arn.to_string(),
            external_id: self.external_id.to_string(),
            session_name: self.session_name.to_string(),
            duration_seconds: i64::from(self.duration.seconds()),
            region: self.region.as_ref().map(Region::to_string),
            tags: tags
                .map(|(name, value)| ((*name).to_owned(), value.clone()))
                .collect(),
        }
    }

    /// As the server has granted it.
    pub fn from_wire(wire: &WireRequest) -> Result<Self, NoRequest> {
        let external_id = ExternalId::granted(&wire.external_id);
        let session_name = SessionName::granted(&wire.session_name);
        let tags = wire.tags.iter().map(|(name, value)| {
            let name = TAGS.into_iter().find(|tag| tag == name);
            Ok((name.ok_or(NoRequest("session tag"))?, value.clone()))
        });
        Ok(Self {
            role_arn: RoleArn::parse(&wire.role_arn).map_err(|_| NoRequest("role"))?,
            external_id: external_id.ok_or(NoRequest("external ID"))?,
            session_name: session_name.ok_or(NoRequest("session name"))?,
            duration: SessionDuration::new(wire.duration_seconds)
                .map_err(|_| NoRequest("duration"))?,
            region: wire
                .region
                .as_deref()
                .map(Region::parse)
                .transpose()
                .map_err(|_| NoRequest("region"))?,
            tags: tags.collect::<Result<_, NoRequest>>()?,
        })
    }

    pub const fn role_arn(&self) -> &RoleArn {
        &self.role_arn
    }

    pub const fn external_id(&self) -> &ExternalId {
        &self.external_id
    }

    pub const fn session_name(&self) -> &SessionName {
        &self.session_name
    }

    pub const fn duration(&self) -> SessionDuration {
        self.duration
    }

    /// Selects the endpoint.
    pub const fn region(&self) -> Option<&Region> {
        self.region.as_ref()
    }

    /// Session tags; none unless the integration asks for them.
    pub fn tags(&self) -> &[(&'static str, String)] {
        &self.tags
    }
}

/// Made by [`Choice::grant`] only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    run: RunId,
    stack: StackId,
    phase: Phase,
    access: Access,
    source: Source,
    request: AssumeRequest,
}

/// Why a choice can't become a grant. The phase fails with it, and nothing was sent.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum GrantError {
    #[error(transparent)]
    InvalidPart(#[from] InvalidPart),
    #[error(transparent)]
    CustomId(#[from] CustomIdRefused),
}

impl Grant {
    pub(super) fn new(
        choice: &Choice<'_>,
        account: &Subdomain,
        run: &RunId,
        stack: &StackId,
        space: &SpaceId,
        phase: Phase,
    ) -> Result<Self, GrantError> {
        let external_id = external_id(choice, account, stack)?;
        let session_name = SessionName::for_run(run, stack, account)?;
        let tags = vec![
            ("run", run.as_str().to_owned()),
            ("stack", stack.as_str().to_owned()),
            ("space", space.as_str().to_owned()),
            ("phase", phase.as_str().to_owned()),
        ];
        Ok(Self {
            run: run.clone(),
            stack: stack.clone(),
            phase,
            access: choice.access,
            source: choice.source.clone(),
            request: AssumeRequest::new(choice.role, external_id, session_name, tags),
        })
    }

    pub const fn run(&self) -> &RunId {
        &self.run
    }

    pub const fn stack(&self) -> &StackId {
        &self.stack
    }

    pub const fn phase(&self) -> Phase {
        self.phase
    }

    pub const fn access(&self) -> Access {
        self.access
    }

    pub const fn source(&self) -> &Source {
        &self.source
    }

    pub const fn request(&self) -> &AssumeRequest {
        &self.request
    }
}

pub(super) fn external_id(
    choice: &Choice<'_>,
    account: &Subdomain,
    stack: &StackId,
) -> Result<ExternalId, GrantError> {
    if let Some(custom) = custom(account, choice.role)? {
        return Ok(custom);
    }
    Ok(match choice.source.integration() {
        Some(integration) => {
            ExternalId::for_integration(account, integration, stack, choice.access)?
        }
        None => ExternalId::for_legacy_role(account, stack)?,
    })
}

/// The role's external ID where the user has chosen one.
pub(super) fn custom(
    account: &Subdomain,
    role: &Role,
) -> Result<Option<ExternalId>, CustomIdRefused> {
    match &role.assumed_by {
        AssumedBy::Worker {
            custom_external_id: Some(custom),
        } => ExternalId::custom(account, custom, true).map(Some),
        AssumedBy::Worker { .. } | AssumedBy::Server => Ok(None),
    }
}
