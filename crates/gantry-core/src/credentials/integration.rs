//! An account-level connection to a cloud, reusable by many stacks.

use super::role::Role;
use crate::ids::{IntegrationId, SpaceId};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Integration {
    pub id: IntegrationId,
    /// Unique per account and cloud.
    pub name: String,
    pub space: SpaceId,
    pub labels: Vec<String>,
    pub autoattach_enabled: bool,
    pub role: Role,
}

impl Integration {
    /// Whether it would serve, without an attachment, a stack that carries these labels and sees
    /// it. It then serves as read and write, for what no attachment or legacy role covers.
    ///
    /// Computed whenever a phase starts and never stored. Visibility is the caller's part.
    pub fn auto_attaches_to(&self, stack_labels: &[String]) -> bool {
        self.autoattach_enabled
            && self
                .labels
                .iter()
                .filter_map(|label| label.strip_prefix("autoattach:"))
                .any(|wanted| !wanted.is_empty() && stack_labels.iter().any(|l| l == wanted))
    }
}

#[cfg(test)]
mod tests;
