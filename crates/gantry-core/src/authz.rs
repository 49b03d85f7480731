//! Who may do what in a space.

pub mod group;
mod reach;

pub use reach::{Given, Reach};

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
    pub const ALL: [Role; 3] = [Role::Reader, Role::Writer, Role::Admin];

    /// How it is written in the database, on the command line and in sentences.
    pub const fn as_str(self) -> &'static str {
        match self {
            Role::Reader => "reader",
            Role::Writer => "writer",
            Role::Admin => "admin",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Role::ALL.into_iter().find(|role| role.as_str() == text)
    }

    pub const fn may(self, action: Action) -> bool {
        match action {
            Action::See => true,
            Action::Operate => matches!(self, Role::Writer | Role::Admin),
            Action::Administer => matches!(self, Role::Admin),
        }
    }
}
