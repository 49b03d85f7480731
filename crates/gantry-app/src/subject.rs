use gantry_core::authz::{Action, Given, Reach, Role};
use gantry_core::ids::{ApiKeyId, RunId, SpaceId, StackId, UserId};
use gantry_core::run::{Phase, RunKind};
use gantry_core::space::Space;

use crate::OpError;

/// Who asks. What follows from the tree of spaces is worked out once, when the request comes in.
#[derive(Clone, Debug)]
pub struct Subject {
    pub who: Who,
    /// Shown wherever the product says who did something.
    pub name: String,
    reach: Reach,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    ApiKey {
        id: ApiKeyId,
        /// An administrator of the account, by its nature or by the role admin in `root`.
        admin: bool,
    },
    /// Somebody who came by single sign-on.
    User {
        id: UserId,
        /// An administrator of the account, by the role admin in `root`.
        admin: bool,
    },
    /// The run token of a phase: a reader of the stack's space, or in a write phase of an
    /// administrative stack its administrator. It never creates, confirms or changes runs, and makes
    /// no keys, which could.
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
            Who::User { id, .. } => format!("user/{id}"),
            Who::Run { run, stack, .. } => format!("{stack}/{run}"),
        }
    }

    /// A subject for which the tree of spaces is not looked at: an administrator of the account
    /// reaches everything, a run its stack's space, any other key nothing.
    pub fn new(who: Who, name: impl Into<String>) -> Self {
        let reach = match (&who, who.of_run()) {
            (Who::ApiKey { admin: true, .. } | Who::User { admin: true, .. }, _) => {
                Reach::Everywhere
            }
            (_, Some(given)) => Reach::only(given.space, given.role),
            (_, None) => Reach::nowhere(),
        };
        Subject {
            who,
            name: name.into(),
            reach,
        }
    }

    /// The same with roles that were given, and everything that follows from the tree.
    pub(crate) fn with_roles(self, spaces: &[Space], given: &[Given]) -> Self {
        Subject {
            reach: Reach::new(spaces, given),
            ..self
        }
    }

    /// Whether both see the same, and may do the same.
    pub fn reaches_as(&self, other: &Subject) -> bool {
        self.who == other.who && self.reach == other.reach
    }

    pub fn role_in(&self, space: &SpaceId) -> Option<Role> {
        self.reach.role_in(space)
    }

    /// Whether the subject may see stacks and runs that live in `space`; what it may not see does
    /// not exist.
    pub fn sees(&self, space: &SpaceId) -> bool {
        self.role_in(space).is_some()
    }

    /// Whether the subject may see what spaces share with those below them and that lives in
    /// `space`: integrations, contexts, the space itself.
    pub fn sees_shared(&self, space: &SpaceId) -> bool {
        self.reach.sees_shared(space)
    }

    /// The only spaces whose stacks the subject sees; `None` when it sees every one.
    pub(crate) fn visible_spaces(&self) -> Option<Vec<SpaceId>> {
        self.reach.spaces()
    }

    /// The only spaces whose shared things the subject sees; `None` when it sees every one.
    pub(crate) fn visible_shared_spaces(&self) -> Option<Vec<SpaceId>> {
        self.reach.shared_spaces()
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
        // An administrative stack's run reads exactly where its write phases administer.
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
            Who::ApiKey { .. } | Who::User { .. } => Ok(()),
            Who::Run { .. } => Err(OpError::Forbidden(
                "the token of a run can't create, confirm or change runs and tasks".into(),
            )),
        }
    }

    /// For what belongs to the whole account. Never a run: a key that it makes would outlive its
    /// phase, and could confirm.
    pub fn require_account_admin(&self) -> Result<(), OpError> {
        match self.who {
            Who::ApiKey { admin: true, .. } | Who::User { admin: true, .. } => Ok(()),
            _ => Err(OpError::Forbidden(format!(
                "{} is not an administrator of the account",
                self.name
            ))),
        }
    }
}

impl Who {
    /// The role of a run's token in the space of its stack. That of an administrative stack holds
    /// in the spaces below too, in its read phases as a reader: the plan has to see what the apply
    /// is going to change.
    pub(crate) fn of_run(&self) -> Option<Given> {
        let Who::Run {
            space,
            phase,
            administrative,
            ..
        } = self
        else {
            return None;
        };
        Some(Given {
            space: space.clone(),
            role: if phase.writes() && *administrative {
                Role::Admin
            } else {
                Role::Reader
            },
            below: *administrative,
        })
    }
}
