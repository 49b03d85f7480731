//! What takes the place of a stack's own role when the stack is migrated to an integration.
//!
//! The role serves every access that no attachment covers, so exactly those are what an integration
//! has to serve afterwards. It has to be the same role, assumed in the same way.

use thiserror::Error;

use super::access::Access;
use super::attachment::Serves;
use super::integration::Integration;
use super::legacy_role::LegacyRole;
use super::role::Role;
use super::select::Attached;
use crate::ids::{AttachmentId, IntegrationId, StackId};

/// What happens to the stack when its own role goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Attachments cover both accesses: the role serves nothing, and just goes.
    Nothing,
    /// An integration is attached for what the role serves.
    Attach {
        integration: Replacement,
        serves: Serves,
    },
    /// The integration is attached already, for the other access; it comes to serve both.
    Widen {
        integration: Integration,
        attachment: AttachmentId,
        from: Serves,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replacement {
    Existing(Integration),
    /// One is made, with this ID.
    New(IntegrationId),
}

impl Step {
    /// What the integration serves afterwards; `None` when none is needed.
    pub const fn serves(&self) -> Option<Serves> {
        match self {
            Step::Nothing => None,
            Step::Attach { serves, .. } => Some(*serves),
            Step::Widen { .. } => Some(Serves::Both),
        }
    }
}

/// A migration that was carried out, with everything that its undoing needs. Times are epoch
/// milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    pub stack: StackId,
    /// The role that the stack had.
    pub role: Role,
    pub role_created_at: i64,
    /// `None` when the role served nothing.
    pub replaced_by: Option<ReplacedBy>,
    pub migrated_at: i64,
    /// Whoever did it, as it was called then.
    pub migrated_by: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplacedBy {
    pub integration: IntegrationId,
    /// Whether the integration was made for it.
    pub made: bool,
    pub attachment: AttachmentId,
    /// What the attachment served before; `None` when there was none.
    pub before: Option<Serves>,
    pub serves: Serves,
}

#[derive(Debug, Error, PartialEq, Eq)]
pub enum NoReplacement {
    #[error(
        "integration: the stack's space sees no integration `{0}`, and it is not the one that would be made; leave it out to let one be chosen"
    )]
    Unseen(IntegrationId),
    #[error(
        "integration: {name:?} is not the same as the stack's own role: role ARN, duration, region, worker setting and tags have to agree; choose another, or leave it out"
    )]
    Other { name: String },
}

/// Decides. `visible` are the integrations that the stack's space sees, in the order in which they
/// are taken; `new` is the ID of one that would be made. `chosen` is one of both, when somebody says
/// which.
pub fn plan(
    legacy: &LegacyRole,
    attached: &[Attached],
    visible: &[Integration],
    new: &IntegrationId,
    chosen: Option<&IntegrationId>,
) -> Result<Step, NoReplacement> {
    let mut covered = attached.iter().map(|attached| attached.attachment.serves);
    let free = |access: Access| !covered.clone().any(|serves| serves.covers(access));
    let Ok(serves) = Serves::from_flags(free(Access::Read), free(Access::Write)) else {
        return Ok(Step::Nothing);
    };
    let other = covered.next();
    let fits = |integration: &&Integration| integration.role == legacy.role;
    let integration = match chosen {
        Some(id) => match visible.iter().find(|integration| integration.id == *id) {
            Some(integration) if fits(&integration) => Some(integration),
            Some(integration) => {
                return Err(NoReplacement::Other {
                    name: integration.name.clone(),
                });
            }
            None if id == new => None,
            None => return Err(NoReplacement::Unseen(id.clone())),
        },
        // What is attached already first: two integrations with one role would be odd.
        None => attached
            .iter()
            .map(|attached| &attached.integration)
            .chain(visible)
            .find(fits),
    };
    let Some(integration) = integration else {
        return Ok(Step::Attach {
            integration: Replacement::New(new.clone()),
            serves,
        });
    };
    let same = attached
        .iter()
        .find(|attached| attached.integration.id == integration.id);
    Ok(match (same, other) {
        (Some(same), Some(from)) => Step::Widen {
            integration: integration.clone(),
            attachment: same.attachment.id.clone(),
            from,
        },
        _ => Step::Attach {
            integration: Replacement::Existing(integration.clone()),
            serves,
        },
    })
}

#[cfg(test)]
mod tests;
