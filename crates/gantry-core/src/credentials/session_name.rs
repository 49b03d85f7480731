//! The name a session carries in the cloud's own audit log.

use super::external_id::{InvalidPart, stack_part, ulid_part};
use crate::account::Subdomain;
use crate::ids::{RunId, StackId};

/// STS's limit. The run's ID comes first so that it is always whole; what is cut is the end.
const LENGTH: usize = 64;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SessionName(String);

impl SessionName {
    /// `<run>@<stack>@<account>`, cut to 64 characters.
    ///
    /// Plan and apply of one run share it, so it must never serve as the key of a cache.
    pub fn for_run(run: &RunId, stack: &StackId, account: &Subdomain) -> Result<Self, InvalidPart> {
        Self::build(ulid_part("run ID", run.as_str())?, stack, account)
    }

    /// `verify@<stack>@<account>`, cut to 64 characters.
    pub fn for_verification(stack: &StackId, account: &Subdomain) -> Result<Self, InvalidPart> {
        Self::build("verify", stack, account)
    }

    /// What a worker was granted by the server.
    pub(super) fn granted(text: &str) -> Option<Self> {
        let fits = (2..=LENGTH).contains(&text.len())
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c));
        fits.then(|| Self(text.to_owned()))
    }

    fn build(first: &str, stack: &StackId, account: &Subdomain) -> Result<Self, InvalidPart> {
        // Each part was checked to be ASCII, so cutting at a byte cuts at a character.
        let mut name = format!("{first}@{}@{account}", stack_part(stack)?);
        name.truncate(LENGTH);
        Ok(Self(name))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for SessionName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests;
