//! The spaces of an account as a tree, and what may be changed about it.

use std::collections::HashMap;

use super::{ROOT, Space};
use crate::ids::{SpaceId, StackId};
use crate::quoted::Quoted;

/// How many spaces lie one below the other, root included.
pub const DEEPEST: usize = 16;

/// How many spaces an account has. Each request reads the tree, and each list of stacks names the
/// spaces that it is about.
pub const MOST_SPACES: usize = 2000;

/// Spaces by their ID.
pub struct Tree<'a>(HashMap<&'a SpaceId, &'a Space>);

impl<'a> Tree<'a> {
    pub fn new(spaces: &'a [Space]) -> Self {
        Tree(spaces.iter().map(|space| (&space.id, space)).collect())
    }

    /// The space, its parent, and so on. Ends in damaged data too: after as many steps as there are
    /// spaces.
    pub fn upwards<'b>(&'b self, space: &SpaceId) -> impl Iterator<Item = &'a Space> + use<'a, 'b> {
        let first = self.0.get(space).copied();
        let parent = |node: &&'a Space| {
            let parent = node.parent.as_ref()?;
            self.0.get(parent).copied()
        };
        std::iter::successors(first, parent).take(self.0.len())
    }

    /// The spaces whose shared things are seen from `space`: itself, then its ancestors, as far up
    /// as each space on the way inherits.
    pub fn seen_from<'b>(
        &'b self,
        space: &SpaceId,
    ) -> impl Iterator<Item = &'a SpaceId> + use<'a, 'b> {
        let mut inherits = true;
        self.upwards(space)
            .take_while(move |node| std::mem::replace(&mut inherits, node.inherit_entities))
            .map(|node| &node.id)
    }

    pub fn sees(&self, from: &SpaceId, space: &SpaceId) -> bool {
        self.seen_from(from).any(|id| id == space)
    }

    /// How many spaces lie below `space`, one below the other; itself counts.
    fn height(&self, space: &SpaceId) -> usize {
        let places = self
            .0
            .keys()
            .filter_map(|id| self.upwards(id).position(|above| above.id == *space));
        places.max().map_or(1, |most| most + 1)
    }

    /// Whether `space` (`None`: one that is yet to be made) may stand below `parent`.
    pub fn may_stand(&self, space: Option<&SpaceId>, parent: &SpaceId) -> Result<(), TreeRefused> {
        if !self.0.contains_key(parent) {
            return Err(TreeRefused::NoParent {
                parent: parent.clone(),
            });
        }
        if let Some(space) = space
            && self.upwards(parent).any(|above| above.id == *space)
        {
            return Err(TreeRefused::Circle {
                space: space.clone(),
                parent: parent.clone(),
            });
        }
        let depth = self.upwards(parent).count() + space.map_or(1, |space| self.height(space));
        if depth > DEEPEST {
            return Err(TreeRefused::TooDeep {
                parent: parent.clone(),
                depth,
            });
        }
        Ok(())
    }

    /// Those of `sights` that this tree allowed and `after` does not.
    pub fn lost<'s>(&self, after: &Tree<'_>, sights: &'s [Sight]) -> Vec<&'s Sight> {
        sights
            .iter()
            .filter(|sight| self.sees(&sight.from, &sight.space))
            .filter(|sight| !after.sees(&sight.from, &sight.space))
            .collect()
    }
}

/// Something that a stack uses and therefore has to see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sight {
    pub stack: StackId,
    /// The stack's space.
    pub from: SpaceId,
    /// What it is, with its name: `the integration "prod"`.
    pub what: String,
    /// Where that lives.
    pub space: SpaceId,
}

/// Why a space can't stand there. Each names the place and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TreeRefused {
    #[error("there is no space {}", Quoted(.parent.as_str()))]
    NoParent { parent: SpaceId },
    #[error(
        "parentSpace: the space `{space}` can't stand below `{parent}`, which is itself or below it; \
         choose a space outside of it"
    )]
    Circle { space: SpaceId, parent: SpaceId },
    #[error(
        "parentSpace: below `{parent}` there would be {depth} spaces one below the other, and \
         {DEEPEST} are allowed; choose a parent nearer to `{ROOT}`"
    )]
    TooDeep { parent: SpaceId, depth: usize },
}

#[cfg(test)]
mod tests;
