use serde::{Deserialize, Serialize};

use crate::ids::SpaceId;

/// A node of the account's tree; things live in one space.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Space {
    pub id: SpaceId,
    pub name: String,
    pub description: String,
    /// `None` only for `root`.
    pub parent: Option<SpaceId>,
    /// Whether the space sees what its ancestors have.
    pub inherit_entities: bool,
    pub labels: Vec<String>,
}

/// The two spaces that always exist.
pub const ROOT: &str = "root";
pub const LEGACY: &str = "legacy";
