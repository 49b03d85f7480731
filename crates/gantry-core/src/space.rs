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

/// The spaces whose things are seen from `space`: itself, then its ancestors, as far up as each
/// space on the way inherits. Empty when there is no such space.
pub fn seen_from<'a>(spaces: &'a [Space], space: &SpaceId) -> Vec<&'a SpaceId> {
    let mut seen = Vec::new();
    let mut next = Some(space);
    while let Some(node) = next.and_then(|id| spaces.iter().find(|node| node.id == *id)) {
        // The store holds a tree; damaged data must not hold a request for ever.
        if seen.contains(&&node.id) {
            break;
        }
        seen.push(&node.id);
        next = node.parent.as_ref().filter(|_| node.inherit_entities);
    }
    seen
}

#[cfg(test)]
mod tests;
