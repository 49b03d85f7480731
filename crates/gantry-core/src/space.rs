mod tree;

pub use tree::{DEEPEST, MOST_SPACES, Sight, Tree, TreeRefused};

use serde::{Deserialize, Serialize};

use crate::ids::SpaceId;
use crate::slug;

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

/// The ID of a new space: what a slug keeps of its name, and a ULID, so that no space ever has the
/// ID of another one, gone ones included.
pub fn new_id(name: &str, ulid: &str) -> SpaceId {
    let kept = slug::from_characters(name);
    let kept = if kept.is_empty() { "space" } else { &kept };
    SpaceId::new(format!("{kept}-{ulid}"))
}

/// The spaces whose shared things are seen from `space`: itself, then its ancestors, as far up as
/// each space on the way inherits. Empty when there is no such space.
pub fn seen_from<'a>(spaces: &'a [Space], space: &SpaceId) -> Vec<&'a SpaceId> {
    Tree::new(spaces).seen_from(space).collect()
}

#[cfg(test)]
mod tests;
