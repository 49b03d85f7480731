//! A run: its kind, its phases, its states, and the one function that moves it.

mod effect;
mod kind;
mod phase;
mod record;
mod state;

pub use effect::{Effect, SystemLock};
pub use kind::RunKind;
pub use phase::Phase;
pub use record::{Lease, Run, RunDelta, RunTransition};
pub use state::RunState;

pub mod transition;
