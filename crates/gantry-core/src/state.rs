//! Terraform's state, as far as whoever keeps it has to understand it.
//!
//! Only the head is read when a state is stored ([`Head`]); what it contains is read when somebody
//! asks ([`contents`], [`diff`]). The format is that of version 4, and tolerant: what is not known
//! here is left as it is.

pub mod contents;
mod diff;
mod head;
mod lock;
mod numbered;
mod version;
mod wire;

pub use diff::{Counted, StateAction, StateChange, StateDelta, diff};
pub use head::{Head, Unreadable};
pub use lock::{LockInfo, LockUnreadable, StateLock};
pub use numbered::{CantRenumber, with_serial};
pub use version::{NotNext, Origin, StateVersion, Verdict, judge};

#[cfg(test)]
mod tests;
