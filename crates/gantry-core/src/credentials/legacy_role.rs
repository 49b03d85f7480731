//! A role that belongs to one stack, older than integrations. Kept apart so that it can be
//! deleted one day.

use super::role::Role;
use crate::ids::StackId;

/// At most one per stack; its external ID is `<account>@<stack>` in every phase. It serves an
/// access that no attachment covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegacyRole {
    pub stack: StackId,
    pub role: Role,
}
