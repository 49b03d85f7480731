//! How long a session of a role lasts.

use thiserror::Error;

/// 900 to 43,200 seconds: the limits of STS. Whether the role itself allows as much is for STS
/// to say, at verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionDuration(u32);

#[derive(Debug, Error, PartialEq, Eq)]
#[error("durationSeconds is {seconds}; it must be between 900 (15 minutes) and 43200 (12 hours)")]
pub struct InvalidDuration {
    pub seconds: i64,
}

impl SessionDuration {
    pub const MIN: SessionDuration = SessionDuration(900);
    pub const MAX: SessionDuration = SessionDuration(43_200);
    /// The longest that role chaining allows: when the server's own identity is an assumed role.
    pub const ROLE_CHAINING_LIMIT: SessionDuration = SessionDuration(3_600);

    pub fn new(seconds: i64) -> Result<Self, InvalidDuration> {
        match u32::try_from(seconds) {
            Ok(value) if (Self::MIN.0..=Self::MAX.0).contains(&value) => Ok(Self(value)),
            _ => Err(InvalidDuration { seconds }),
        }
    }

    pub const fn seconds(self) -> u32 {
        self.0
    }
}

/// What the API uses when a client leaves the duration out.
impl Default for SessionDuration {
    fn default() -> Self {
        Self::MIN
    }
}

impl std::fmt::Display for SessionDuration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} s", self.0)
    }
}
