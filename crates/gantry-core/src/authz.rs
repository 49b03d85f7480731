//! Who may do what in a space.

use serde::{Deserialize, Serialize};

/// What somebody wants to do with a thing that lives in a space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// See it, external IDs and trust statements included; not secret values, not state.
    See,
    /// Trigger, confirm, discard, stop, lock, run tasks, change the environment.
    Operate,
    /// Change stacks, hooks, labels, attachments, integrations, legacy roles.
    Administer,
}

/// A role in a space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Reader,
    Writer,
    Admin,
}

impl Role {
    pub const fn may(self, action: Action) -> bool {
        match action {
            Action::See => true,
            Action::Operate => matches!(self, Role::Writer | Role::Admin),
            Action::Administer => matches!(self, Role::Admin),
        }
    }
}
