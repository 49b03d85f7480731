//! The few members of the JSON form that matter here. Everything else is skipped unread.

use serde::Deserialize;
use serde::de::IgnoredAny;

#[derive(Deserialize)]
pub(super) struct Plan {
    #[serde(default)]
    pub resource_changes: Vec<ResourceChange>,
}

#[derive(Deserialize)]
pub(super) struct ResourceChange {
    pub address: String,
    #[serde(default)]
    pub previous_address: Option<String>,
    /// `managed` or `data`.
    #[serde(default)]
    pub mode: Option<String>,
    pub change: Change,
}

#[derive(Deserialize)]
pub(super) struct Change {
    #[serde(default)]
    pub actions: Vec<String>,
    #[serde(default)]
    pub importing: Option<IgnoredAny>,
}
