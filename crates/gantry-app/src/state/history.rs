//! The versions that a stack's state had, and what changed from one to the next.

use std::sync::Arc;

use gantry_core::ids::{StackId, StateVersionId};
use gantry_core::stack::Stack;
use gantry_core::state::{Counted, StateChange, StateDelta, StateVersion, diff};
use gantry_store::state;

use crate::{App, OpError};

/// What one page of the history shows.
const PAGE: i64 = 50;

impl App {
    /// The versions of a state before `before`, newest first, for whoever sees the stack: no
    /// content.
    pub async fn state_versions(
        &self,
        stack: &Stack,
        before: Option<&StateVersionId>,
    ) -> Result<Vec<StateVersion>, OpError> {
        let reader = self.store.reader();
        let before = match before {
            Some(id) => match state::find(reader, &stack.id, id).await? {
                Some(version) => Some(version.serial),
                None => return Ok(vec![]),
            },
            None => None,
        };
        let mut versions = state::list(reader, &stack.id, before, PAGE).await?;
        // Those that the end of a server kept from being counted.
        for version in &mut versions {
            if version.counted == Counted::NotYet {
                let found = self.state_count(version).await?;
                version.counted = counted(found.as_ref());
            }
        }
        Ok(versions)
    }

    pub async fn state_version(
        &self,
        stack: &StackId,
        id: &StateVersionId,
    ) -> Result<Option<StateVersion>, OpError> {
        Ok(state::find(self.store.reader(), stack, id).await?)
    }

    /// The current version; `None` before the first.
    pub async fn state_current(&self, stack: &Stack) -> Result<Option<StateVersion>, OpError> {
        Ok(state::current(self.store.reader(), &stack.id).await?)
    }

    /// The resources that a version changed against the one before, by address. `None` when one of
    /// the two can't be read: it is encrypted by the tool.
    pub async fn state_changes(
        &self,
        version: &StateVersion,
    ) -> Result<Option<Vec<StateChange>>, OpError> {
        let counted = self.state_count(version).await?;
        Ok(counted.map(|(_, changes)| changes))
    }

    /// Counts what a version changed, beside the answer to whoever stored it.
    pub(super) fn state_count_soon(self: &Arc<Self>, version: StateVersion) {
        let app = self.clone();
        self.afterwards.spawn(async move {
            if let Err(error) = app.state_count(&version).await {
                tracing::warn!(stack.slug = %version.stack, %error, "a state was not counted");
            }
        });
    }

    async fn state_count(
        &self,
        version: &StateVersion,
    ) -> Result<Option<(StateDelta, Vec<StateChange>)>, OpError> {
        let reader = self.store.reader();
        let before = state::list(reader, &version.stack, Some(version.serial), 1).await?;
        let older = match before.first() {
            Some(before) => Some(self.state_bytes(before).await?),
            None => None,
        };
        let newer = self.state_bytes(version).await?;
        let counting = tokio::task::spawn_blocking(move || {
            diff(older.as_ref().map(|older| older.as_slice()), &newer)
        });
        let found = counting
            .await
            .map_err(|error| OpError::internal("compare two states", error))?;
        if version.counted == Counted::NotYet {
            let tx = self.store.begin().await?;
            state::set_counted(&tx, &version.id, counted(found.as_ref())).await?;
            tx.commit().await?;
        }
        Ok(found)
    }
}

fn counted(found: Option<&(StateDelta, Vec<StateChange>)>) -> Counted {
    found.map_or(Counted::Unreadable, |(delta, _)| Counted::As(*delta))
}
