//! The saved plan between its phase and the phase that applies it: sealed on the way in, opened only
//! for the worker that holds the run.

use std::sync::Arc;

use bytes::Bytes;
use gantry_core::caller::Caller;
use gantry_core::ids::RunId;
use gantry_core::run::RunState;
use gantry_store::{run, stack};
use zeroize::Zeroizing;

use crate::App;
use crate::gateway::{GatewayError, leased};
use crate::keyring::NotAsSealed;

impl App {
    /// Takes the plan bundle of the phase that is at work.
    pub async fn plan_put(
        &self,
        caller: &Caller,
        id: &RunId,
        fence: i64,
        bundle: Bytes,
    ) -> Result<(), GatewayError> {
        let run = self.held_run(caller, id, fence).await?;
        if run.state != RunState::Planning {
            return Err(GatewayError::refused(format!(
                "run {id} is {} and takes no plan",
                run.state
            )));
        }
        let object = format!("runs/{id}/plan-{}", run.version);
        self.put_sealed(&object, &bundle).await?;
        let tx = self.store.begin().await?;
        let kept = run::set_plan(&tx, id, fence, &object).await?;
        tx.commit().await?;
        if kept {
            Ok(())
        } else {
            Err(GatewayError::stale(id, fence))
        }
    }

    /// The plan that this run applies.
    pub async fn plan_get(
        &self,
        caller: &Caller,
        id: &RunId,
        fence: i64,
    ) -> Result<Zeroizing<Vec<u8>>, GatewayError> {
        let run = self.held_run(caller, id, fence).await?;
        let applies = matches!(
            run.state,
            RunState::PreparingApply | RunState::Applying | RunState::Destroying
        );
        let object = run.plan_object.filter(|_| applies).ok_or_else(|| {
            GatewayError::refused(format!(
                "run {id} is {} and has no plan to apply",
                run.state
            ))
        })?;
        self.kept(&object, "the saved plan").await?.ok_or_else(|| {
            tracing::error!(run.id = %id, object, "the object of a saved plan is gone");
            GatewayError::refused(
                "the saved plan is gone from the object storage: trigger a new run",
            )
        })
    }

    /// Keeps the `errored.tfstate` that a phase left, and locks the stack at once: whether the end of
    /// the phase is ever reported is not known yet.
    pub async fn errored_state_put(
        self: &Arc<Self>,
        caller: &Caller,
        id: &RunId,
        fence: i64,
        state: Bytes,
    ) -> Result<(), GatewayError> {
        let run = self.held_run(caller, id, fence).await?;
        // Reading leaves no state to be stored. What a proposed run passes off as one is a stranger's,
        // and would hold up the stack until somebody stores it with write access.
        if !run.kind.holds_stack() {
            return Ok(());
        }
        self.put_sealed(&errored_state_object(id), &state).await?;
        let tx = self.store.begin().await?;
        let mut deciding = self.deciding(&tx, &run.stack).await?;
        let run = leased(tx.reader(), id, fence).await?;
        deciding.lock_for_errored_state(&run).await?;
        let after = deciding.finish().await?;
        tx.commit().await?;
        after.perform(self);
        Ok(())
    }

    /// The state that waits for a task to push it.
    pub async fn errored_state_get(
        &self,
        caller: &Caller,
        id: &RunId,
        fence: i64,
    ) -> Result<Zeroizing<Vec<u8>>, GatewayError> {
        let run = self.held_run(caller, id, fence).await?;
        let none = || GatewayError::refused(format!("no errored.tfstate is kept for run {id}"));
        if run.kind != gantry_core::run::RunKind::Task {
            return Err(none());
        }
        let stack = stack::find(self.store.reader(), &run.stack).await?;
        let lock = stack.and_then(|stack| stack.system_lock).ok_or_else(none)?;
        let object = errored_state_object(&lock.run);
        self.kept(&object, "the kept errored.tfstate")
            .await?
            .ok_or_else(none)
    }

    /// What was sealed, for the worker. One that was changed since is refused: no other answer would
    /// come of asking again.
    async fn kept(
        &self,
        object: &str,
        what: &str,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, GatewayError> {
        match self.get_sealed(object).await {
            Ok(kept) => Ok(kept),
            Err(error) if NotAsSealed::is(&error) => {
                tracing::error!(object, ?error, "{what} was changed, or is damaged");
                Err(GatewayError::refused(format!(
                    "{what} is not as it was when it was sealed, so it is not used: trigger a new run"
                )))
            }
            Err(error) => Err(error.into()),
        }
    }
}

pub(crate) fn errored_state_object(run: &RunId) -> String {
    format!("runs/{run}/errored.tfstate")
}
