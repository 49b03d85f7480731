//! Configuration elements: what people put into the environment of runs, on a stack or in a context.

mod effective;

pub use effective::{Effective, effective};

use crate::credentials::user_variables;
use crate::ids::{ContextId, StackId};
use crate::quoted::Quoted;

/// The names on the wire are those of the contract's `ConfigType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConfigKind {
    EnvironmentVariable,
    FileMount,
}

impl ConfigKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            ConfigKind::EnvironmentVariable => "ENVIRONMENT_VARIABLE",
            ConfigKind::FileMount => "FILE_MOUNT",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [ConfigKind::EnvironmentVariable, ConfigKind::FileMount]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }
}

/// What elements are set on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ConfigOwner {
    Stack(StackId),
    Context(ContextId),
}

impl std::fmt::Display for ConfigOwner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ConfigOwner::Stack(id) => write!(f, "the stack `{id}`"),
            ConfigOwner::Context(id) => write!(f, "the context `{id}`"),
        }
    }
}

const LONGEST_NAME: usize = 255;

/// The kernel takes no environment entry, `NAME=value` and a final zero, beyond 128 KiB.
const LARGEST_ENTRY: usize = 128 * 1024;

/// Why a variable can't be set. Never shows the value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VariableRefused {
    #[error(
        "`id` {} is not a name of an environment variable: it has 1 to {LONGEST_NAME} letters a-z \
         or A-Z, digits and `_`, and does not begin with a digit",
        Quoted(.0)
    )]
    Name(String),
    #[error(
        "`id` {} is reserved: it steers the process that runs the tool, or belongs to gantry. \
         Choose another name",
        Quoted(.0)
    )]
    Reserved(String),
    #[error(
        "the `value` of {name} has {bytes} bytes: name and value together may have {}",
        LARGEST_ENTRY - 2
    )]
    TooLarge { name: String, bytes: usize },
    #[error("the `value` of {0} contains a zero byte, which no environment variable can hold")]
    ZeroByte(String),
}

/// Checks a variable as a user wants to set it. `managed_state`: whether the stack's state is kept
/// by the installation, which reserves more names.
pub fn check_variable(name: &str, value: &str, managed_state: bool) -> Result<(), VariableRefused> {
    let well_formed = name.len() <= LONGEST_NAME
        && !name.is_empty()
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !well_formed {
        return Err(VariableRefused::Name(name.to_owned()));
    }
    if user_variables::is_reserved(name, managed_state) {
        return Err(VariableRefused::Reserved(name.to_owned()));
    }
    if name.len() + value.len() + 2 > LARGEST_ENTRY {
        return Err(VariableRefused::TooLarge {
            name: name.to_owned(),
            bytes: value.len(),
        });
    }
    if value.contains('\0') {
        return Err(VariableRefused::ZeroByte(name.to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
