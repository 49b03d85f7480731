use std::sync::Arc;

use async_graphql::{Context, Enum, Object, Result};
use gantry_core::run::RunState;
use gantry_core::stack::Stack;

use crate::graphql::cx::{app, subject};

/// A part of `Stack`: how it stands at the moment.
pub struct StackStanding(pub Arc<Stack>);

#[Object]
impl StackStanding {
    async fn is_disabled(&self) -> bool {
        self.0.disabled
    }

    /// Whether the viewer may trigger runs, lock it, and set its variables.
    async fn can_write(&self, ctx: &Context<'_>) -> Result<bool> {
        Ok(app(ctx).may_operate(subject(ctx)?, &self.0.settings.space))
    }

    /// Never true: what is deleted is gone.
    async fn deleted(&self) -> bool {
        false
    }

    async fn deleting(&self) -> bool {
        self.0.deleting
    }

    /// Who locked it, or why it is locked although nobody did.
    async fn locked_by(&self) -> Option<String> {
        match (&self.0.lock, &self.0.system_lock) {
            (Some(lock), _) => Some(lock.holder_name.clone()),
            (None, Some(lock)) => Some(format!("gantry: {}", lock.note)),
            (None, None) => None,
        }
    }

    /// What the holder of the lock wrote, or what a failed run left behind.
    async fn lock_note(&self) -> Option<&str> {
        match (&self.0.lock, &self.0.system_lock) {
            (Some(lock), _) => lock.note.as_deref(),
            (None, Some(lock)) => Some(&lock.note),
            (None, None) => None,
        }
    }

    /// The state of the newest run that holds or held the stack.
    async fn state(&self) -> StackState {
        self.0.state.map_or(StackState::None, StackState::from)
    }

    /// Unix seconds.
    async fn state_set_at(&self) -> Option<i64> {
        self.0.state_set_at.map(|at| at / 1000)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Enum)]
pub enum StackState {
    None,
    Queued,
    Ready,
    Preparing,
    PreparingApply,
    PreparingReplan,
    Initializing,
    Planning,
    Unconfirmed,
    Confirmed,
    Applying,
    Performing,
    Destroying,
    ReplanRequested,
    PendingReview,
    Pending,
    Finished,
    Failed,
    Canceled,
    Discarded,
    Stopped,
    Skipped,
}

impl From<RunState> for StackState {
    fn from(state: RunState) -> Self {
        match state {
            RunState::Queued => StackState::Queued,
            RunState::Ready => StackState::Ready,
            RunState::Preparing => StackState::Preparing,
            RunState::Initializing => StackState::Initializing,
            RunState::Planning => StackState::Planning,
            RunState::Unconfirmed => StackState::Unconfirmed,
            RunState::Confirmed => StackState::Confirmed,
            RunState::PreparingApply => StackState::PreparingApply,
            RunState::Applying => StackState::Applying,
            RunState::ReplanRequested => StackState::ReplanRequested,
            RunState::PreparingReplan => StackState::PreparingReplan,
            RunState::Performing => StackState::Performing,
            RunState::Destroying => StackState::Destroying,
            RunState::Finished => StackState::Finished,
            RunState::Failed => StackState::Failed,
            RunState::Canceled => StackState::Canceled,
            RunState::Discarded => StackState::Discarded,
            RunState::Stopped => StackState::Stopped,
        }
    }
}
