//! Which roles the groups of an identity provider give. Whoever is in none of them gets nothing.

use thiserror::Error;

use super::{Given, Role};
use crate::ids::SpaceId;
use crate::quoted::Quoted;

/// From groups to roles in spaces; each role holds in the spaces below too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupRoles(Vec<(String, Given)>);

#[derive(Debug, Error, PartialEq, Eq)]
#[error(
    "{} is no rule for a group: write `group=space:role`, with the space's ID and the role `reader`, `writer` or `admin`",
    Quoted(.0)
)]
pub struct InvalidRule(String);

impl GroupRoles {
    /// Of rules like `platform=root:admin`. A group's name may have every character; the space and
    /// the role are read from the end.
    pub fn parse<'a>(rules: impl IntoIterator<Item = &'a str>) -> Result<Self, InvalidRule> {
        let parsed = rules.into_iter().map(|rule| {
            let invalid = || InvalidRule(rule.to_owned());
            let (rest, role) = rule.rsplit_once(':').ok_or_else(invalid)?;
            let (group, space) = rest.rsplit_once('=').ok_or_else(invalid)?;
            let role = Role::parse(role.trim()).ok_or_else(invalid)?;
            let (group, space) = (group.trim(), space.trim());
            if group.is_empty() || space.is_empty() {
                return Err(invalid());
            }
            let given = Given {
                space: SpaceId::new(space),
                role,
                below: true,
            };
            Ok((group.to_owned(), given))
        });
        Ok(GroupRoles(parsed.collect::<Result<_, _>>()?))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What membership in these groups gives.
    pub fn given(&self, groups: &[String]) -> Vec<Given> {
        self.0
            .iter()
            .filter(|(group, _)| groups.contains(group))
            .map(|(_, given)| given.clone())
            .collect()
    }
}

#[cfg(test)]
mod tests;
