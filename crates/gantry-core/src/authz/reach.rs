//! From the roles that somebody was given to the roles that somebody has.

use std::collections::{BTreeMap, BTreeSet};

use super::Role;
use crate::ids::SpaceId;
use crate::space::{Space, Tree};

/// A role that somebody was given in a space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    pub space: SpaceId,
    pub role: Role,
    /// Whether it holds in the spaces below too. Only the token of an ordinary stack's run has a
    /// role that does not.
    pub below: bool,
}

/// Where somebody has which role, and what somebody sees beyond.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Admin in every space that there is or will be.
    Everywhere,
    Spaces {
        roles: BTreeMap<SpaceId, Role>,
        /// Spaces without a role whose shared things (integrations, contexts, and the space itself)
        /// are seen all the same, because a space with a role inherits from them. Stacks and runs
        /// are not among those.
        shared: BTreeSet<SpaceId>,
    },
}

impl Reach {
    /// A role holds downwards, whether or not a space inherits. Sight goes upwards, as far as each
    /// space on the way inherits.
    pub fn new(spaces: &[Space], given: &[Given]) -> Self {
        let tree = Tree::new(spaces);
        let mut roles = BTreeMap::new();
        let mut shared = BTreeSet::new();
        if given.is_empty() {
            return Reach::Spaces { roles, shared };
        }
        for space in spaces {
            let role = tree
                .upwards(&space.id)
                .enumerate()
                .flat_map(|(height, node)| {
                    given
                        .iter()
                        .filter(move |given| given.space == node.id && (given.below || height == 0))
                })
                .map(|given| given.role)
                .max();
            if let Some(role) = role {
                roles.insert(space.id.clone(), role);
            }
        }
        for space in roles.keys() {
            let above = tree.seen_from(space).skip(1);
            shared.extend(above.filter(|id| !roles.contains_key(*id)).cloned());
        }
        Reach::Spaces { roles, shared }
    }

    /// One role in one space, whatever the tree looks like.
    pub fn only(space: SpaceId, role: Role) -> Self {
        Reach::Spaces {
            roles: BTreeMap::from([(space, role)]),
            shared: BTreeSet::new(),
        }
    }

    pub fn nowhere() -> Self {
        Reach::new(&[], &[])
    }

    pub fn role_in(&self, space: &SpaceId) -> Option<Role> {
        match self {
            Reach::Everywhere => Some(Role::Admin),
            Reach::Spaces { roles, .. } => roles.get(space).copied(),
        }
    }

    /// Whether integrations, contexts and the like that live in `space` are seen, and the space.
    pub fn sees_shared(&self, space: &SpaceId) -> bool {
        match self {
            Reach::Everywhere => true,
            Reach::Spaces { roles, shared } => roles.contains_key(space) || shared.contains(space),
        }
    }

    /// The only spaces whose shared things are seen; `None` when that is every one.
    pub fn shared_spaces(&self) -> Option<Vec<SpaceId>> {
        match self {
            Reach::Everywhere => None,
            Reach::Spaces { roles, shared } => Some(roles.keys().chain(shared).cloned().collect()),
        }
    }

    /// The only spaces with a role; `None` when that is every one.
    pub fn spaces(&self) -> Option<Vec<SpaceId>> {
        match self {
            Reach::Everywhere => None,
            Reach::Spaces { roles, .. } => Some(roles.keys().cloned().collect()),
        }
    }
}

#[cfg(test)]
mod tests;
