use gantry_core::authz::{Action, Role};
use gantry_core::ids::{ApiKeyId, RunId, SpaceId, StackId};
use gantry_core::run::{Phase, RunKind};

use crate::OpError;

/// Who asks.
#[derive(Clone, Debug)]
pub struct Subject {
    pub who: Who,
    /// Shown wherever the product says who did something.
    pub name: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    ApiKey {
        id: ApiKeyId,
        admin: bool,
    },
    /// The run token of a phase: a reader of the stack's space, or in a write phase of an
    /// administrative stack its administrator. It never creates, confirms or changes runs.
    Run {
        run: RunId,
        stack: StackId,
        space: SpaceId,
        kind: RunKind,
        phase: Phase,
        administrative: bool,
    },
}

impl Subject {
    /// Identifies the subject in locks and records: stable, unique.
    pub fn id(&self) -> String {
        match &self.who {
            Who::ApiKey { id, .. } => format!("api-key/{id}"),
            Who::Run { run, stack, .. } => format!("{stack}/{run}"),
        }
    }

    pub fn role_in(&self, space: &SpaceId) -> Option<Role> {
        match &self.who {
            Who::ApiKey { admin, .. } => admin.then_some(Role::Admin),
            Who::Run {
                space: own,
                phase,
                administrative,
                ..
            } if own == space => Some(if phase.writes() && *administrative {
                Role::Admin
            } else {
                Role::Reader
            }),
            Who::Run { .. } => None,
        }
    }

    /// Whether the subject may see what lives in `space`; what it may not see does not exist.
    pub fn sees(&self, space: &SpaceId) -> bool {
        self.role_in(space).is_some()
    }

    /// The only spaces that the subject sees; `None` when it sees every one.
    pub(crate) fn visible_spaces(&self) -> Option<Vec<SpaceId>> {
        match &self.who {
            Who::ApiKey { admin: true, .. } => None,
            Who::ApiKey { admin: false, .. } => Some(vec![]),
            Who::Run { space, .. } => Some(vec![space.clone()]),
        }
    }

    /// The only spaces that the subject administers; `None` when it is the whole account.
    pub(crate) fn administered_spaces(&self) -> Option<Vec<SpaceId>> {
        let mut spaces = self.visible_spaces()?;
        spaces.retain(|space| {
            self.role_in(space)
                .is_some_and(|role| role.may(Action::Administer))
        });
        Some(spaces)
    }

    /// Whether the subject gets plain checksums of secrets in `space`, by which a guess can be
    /// tried. Whoever may write them does. So does the plan of a run whose apply may: there the
    /// Terraform provider compares what it is about to write. A proposed run never applies, and
    /// whoever proposes need not be trusted.
    pub(crate) fn may_compare_secrets(&self, space: &SpaceId) -> bool {
        let Some(role) = self.role_in(space) else {
            return false;
        };
        let plans_for_writer = matches!(
            self.who,
            Who::Run {
                administrative: true,
                kind: RunKind::Tracked | RunKind::Destroy,
                ..
            }
        );
        plans_for_writer || role.may(Action::Operate)
    }

    /// Refuses in a way that tells nothing more than the subject may already see.
    pub fn require(&self, action: Action, space: &SpaceId) -> Result<(), OpError> {
        let allowed = self.role_in(space).is_some_and(|role| role.may(action));
        if allowed {
            return Ok(());
        }
        let needed = match action {
            Action::See => "reader",
            Action::Operate => "writer",
            Action::Administer => "admin",
        };
        Err(OpError::Forbidden(format!(
            "{} needs the role {needed} in the space `{space}`",
            self.name
        )))
    }

    /// Triggering, confirming and everything else that moves runs is for people and their keys.
    pub fn require_not_run(&self) -> Result<(), OpError> {
        match self.who {
            Who::ApiKey { .. } => Ok(()),
            Who::Run { .. } => Err(OpError::Forbidden(
                "the token of a run can't create, confirm or change runs and tasks".into(),
            )),
        }
    }

    /// For what belongs to the whole account.
    pub fn require_account_admin(&self) -> Result<(), OpError> {
        match self.who {
            Who::ApiKey { admin: true, .. } => Ok(()),
            _ => Err(OpError::Forbidden(format!(
                "{} is not an administrator of the account",
                self.name
            ))),
        }
    }
}
