//! A role in the user's cloud account, and how it is to be assumed. The same for an integration
//! and for a legacy role.

use thiserror::Error;

use super::duration::SessionDuration;
use crate::quoted::Quoted;

/// The text of a role's ARN. Stored as the user typed it: STS is the judge of whether it names a
/// role, at attach. Only what can't be any ARN is refused here.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoleArn(String);

#[derive(Debug, Error, PartialEq, Eq)]
pub enum InvalidRoleArn {
    #[error("roleArn is empty; give the ARN of the role, like arn:aws:iam::111122223333:role/name")]
    Empty,
    #[error(
        "roleArn {} contains {character:?}; an ARN has no spaces or control characters",
        Quoted(.value)
    )]
    Character { value: String, character: char },
}

impl RoleArn {
    pub fn parse(text: &str) -> Result<Self, InvalidRoleArn> {
        if text.is_empty() {
            return Err(InvalidRoleArn::Empty);
        }
        match text.chars().find(|c| c.is_whitespace() || c.is_control()) {
            Some(character) => Err(InvalidRoleArn::Character {
                value: text.to_owned(),
                character,
            }),
            None => Ok(Self(text.to_owned())),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The second field of an ARN (`aws`, `aws-cn`, …), which says whose endpoints serve it.
    pub fn partition(&self) -> Option<&str> {
        let mut fields = self.0.split(':');
        (fields.next() == Some("arn"))
            .then(|| fields.next())
            .flatten()
            .filter(|p| !p.is_empty())
    }
}

impl std::fmt::Display for RoleArn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Selects the regional STS endpoint and nothing else; it is never exported to the child.
///
/// It becomes part of a host name, so its alphabet is closed; whether such a region exists shows
/// at verification.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region(String);

#[derive(Debug, Error, PartialEq, Eq)]
#[error(
    "region {} is not a region's name; give one like eu-west-1, or leave it out",
    Quoted(.value)
)]
pub struct InvalidRegion {
    pub value: String,
}

impl Region {
    pub fn parse(text: &str) -> Result<Self, InvalidRegion> {
        let fits = (3..=32).contains(&text.len())
            && text
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && !text.ends_with('-');
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidRegion {
                value: text.to_owned(),
            })
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Region {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who asks STS.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum AssumedBy {
    /// The server, with its own identity, just before the phase.
    Server,
    /// The worker, with its own; the server hands out the grant and sees no secret.
    Worker {
        /// Kept as the user gave it; checked by `ExternalId::custom` whenever it is used.
        custom_external_id: Option<String>,
    },
}

/// Everything about a role that the user configures.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Role {
    pub arn: RoleArn,
    pub duration: SessionDuration,
    pub region: Option<Region>,
    pub assumed_by: AssumedBy,
    /// Whether sessions carry tags (`run`, `stack`, `space`, `phase`). Legacy roles never do.
    pub tag_sessions: bool,
}

#[cfg(test)]
mod tests;
