//! What a plan would do, read from the tool's own JSON form of it (`terraform show -json`).
//!
//! Tolerant: the format grows, and what is not known here is of no interest here. Outputs are no
//! resources; a plan that changes outputs alone has changes, but an empty summary.

mod action;
mod wire;

use serde::{Deserialize, Serialize};

pub use action::Action;

use crate::run::RunDelta;

/// What happens to one resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The full address, module path and instance key included.
    pub address: String,
    /// Where the resource was before it was moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_address: Option<String>,
    pub action: Action,
}

/// A plan's changes, in the plan's order, and their counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    pub delta: RunDelta,
    pub changes: Vec<Change>,
}

#[derive(Debug, thiserror::Error)]
#[error("the JSON of the plan can't be read: {0}")]
pub struct Unreadable(#[from] serde_json::Error);

/// Reads the JSON form of a plan.
pub fn summarize(json: &[u8]) -> Result<Summary, Unreadable> {
    let plan: wire::Plan = serde_json::from_slice(json)?;
    let mut summary = Summary::default();
    for resource in plan.resource_changes {
        // Data sources are read, never changed.
        if resource.mode.as_deref() == Some("data") {
            continue;
        }
        summary.delta.resources += 1;
        let moved = resource
            .previous_address
            .filter(|previous| *previous != resource.address);
        let imported = resource.change.importing.is_some();
        let Some(action) = Action::of(&resource.change.actions, imported, moved.is_some()) else {
            continue;
        };
        let (added, changed, deleted) = action.counts();
        summary.delta.added += added;
        summary.delta.changed += changed;
        summary.delta.deleted += deleted;
        summary.changes.push(Change {
            address: resource.address,
            previous_address: moved,
            action,
        });
    }
    Ok(summary)
}

#[cfg(test)]
mod tests;
