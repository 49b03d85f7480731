//! Versions of Terraform and OpenTofu, and ranges of them as a stack names them.
//!
//! A range is written as in Terraform's own configuration (`~> 1.9.0`, `>= 1.5, < 2`); what the
//! clients' documentation teaches works as well: spaces instead of commas, `1.9.x`, and `||`
//! between alternatives.

mod range;

use std::fmt;

use semver::Version;

pub use range::{BadRange, ToolRange};

/// No version of a tool was ever longer.
const LONGEST: usize = 60;

/// One exact version: three numbers, and what names a pre-release. Ordered as releases are: a
/// release comes after its candidates.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ToolVersion(Version);

impl ToolVersion {
    /// `1.11.4`, `1.12.0-rc1`; `None` for anything else. What is accepted names a directory safely.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        Version::parse(text).ok().map(ToolVersion)
    }

    /// A shorthand for what is known at compile time.
    pub const fn new(major: u64, minor: u64, patch: u64) -> Self {
        ToolVersion(Version::new(major, minor, patch))
    }

    pub fn is_release(&self) -> bool {
        self.0.pre.is_empty()
    }

    fn numbers(&self) -> [u64; 3] {
        [self.0.major, self.0.minor, self.0.patch]
    }
}

impl fmt::Display for ToolVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests;
