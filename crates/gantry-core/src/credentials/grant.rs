//! The decision that a phase may use a role, before any secret exists.

use super::access::Access;
use super::duration::SessionDuration;
use super::external_id::{CustomIdRefused, ExternalId, InvalidPart};
use super::role::{AssumedBy, Region, Role, RoleArn};
use super::select::Choice;
use super::session_name::SessionName;
use crate::account::Subdomain;
use crate::ids::{AttachmentId, IntegrationId, RunId, SpaceId, StackId};
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

fn external_id(
    choice: &Choice<'_>,
    account: &Subdomain,
    stack: &StackId,
) -> Result<ExternalId, GrantError> {
    if let AssumedBy::Worker {
        custom_external_id: Some(custom),
    } = &choice.role.assumed_by
    {
        return Ok(ExternalId::custom(account, custom, true)?);
    }
    Ok(match choice.source.integration() {
        Some(integration) => {
            ExternalId::for_integration(account, integration, stack, choice.access)?
        }
        None => ExternalId::for_legacy_role(account, stack)?,
    })
}
