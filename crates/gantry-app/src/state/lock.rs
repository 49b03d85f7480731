//! The state's lock: taken and given back by the tool, taken away by people.

use gantry_core::authz::Action;
use gantry_core::ids::StackId;
use gantry_core::run::Phase;
use gantry_core::stack::Stack;
use gantry_core::state::{LockInfo, StateLock};
use gantry_store::{run, state};

use super::{StateAccess, StateRefused, held_by, require_managed};
use crate::audit::Deed;
use crate::{App, OpError, Subject};

impl StateAccess {
    /// Whether this phase took the lock, under this lease.
    pub(super) fn took(&self, lock: &StateLock) -> bool {
        lock.run == self.run.id && lock.phase == self.phase && lock.fence == self.run.fence
    }
}

impl App {
    /// Takes the lock. The same request sent again finds it taken by itself, which is as good.
    pub async fn state_lock_take(
        &self,
        access: &StateAccess,
        id: &StackId,
        body: &[u8],
    ) -> Result<(), StateRefused> {
        access.require_write(id)?;
        let info = read(body)?;
        let tx = self.store.begin().await?;
        let stack = access.hold(&tx).await?;
        if let Some(lock) = state::lock::find(tx.reader(), id).await? {
            if lock.info.id == info.id && access.took(&lock) {
                return Ok(());
            }
            let remedy = remedy(&stack, access, &lock);
            return Err(StateRefused::Locked {
                lock: Box::new(lock),
                remedy,
            });
        }
        let lock = StateLock {
            stack: id.clone(),
            info,
            run: access.run.id.clone(),
            phase: access.phase,
            fence: access.run.fence,
            holder: access.run.triggered_by.clone(),
            locked_at: self.clock.now(),
        };
        state::lock::insert(&tx, &lock).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Gives the lock back. Without a body it is `force-unlock`, which takes away whosever lock it
    /// is: for a task only, since somebody has asked for that command in so many words.
    pub async fn state_lock_release(
        &self,
        access: &StateAccess,
        id: &StackId,
        body: &[u8],
    ) -> Result<(), StateRefused> {
        access.require_write(id)?;
        let info = match body.trim_ascii() {
            [] => None,
            body => Some(read(body)?),
        };
        let tx = self.store.begin().await?;
        let stack = access.hold(&tx).await?;
        let Some(lock) = state::lock::find(tx.reader(), id).await? else {
            return Ok(());
        };
        if let Some(info) = &info
            && info.id != lock.info.id
        {
            return Err(StateRefused::Conflict(format!(
                "the state of `{id}` can't be unlocked with the lock ID {}: {}",
                gantry_core::quoted::Quoted(&info.id),
                held_by(&lock)
            )));
        }
        let forced = info.is_none() || !access.took(&lock);
        if forced && access.phase != Phase::Perform {
            return Err(StateRefused::Forbidden(format!(
                "the state of `{id}` can't be unlocked by force from the {} phase of a run: {}. \
                 Only a task may do that",
                access.phase,
                held_by(&lock)
            )));
        }
        state::lock::delete(&tx, id).await?;
        if forced {
            let deed = removal("state.force_unlock", &stack, &lock);
            self.audit(&tx, &access.subject(&stack), deed).await?;
        }
        tx.commit().await?;
        if forced {
            tracing::warn!(
                stack.slug = %id, run.id = %access.run.id, lock.id = lock.info.id,
                lock.run = %lock.run, "the state of {id} was unlocked by force"
            );
        }
        Ok(())
    }

    /// The lock of a stack's state, for whoever sees the stack.
    pub async fn state_lock(&self, stack: &Stack) -> Result<Option<StateLock>, OpError> {
        Ok(state::lock::find(self.store.reader(), &stack.id).await?)
    }

    /// Takes away a lock that was left over. Whatever still has it could not write any more, but an
    /// administrator should know that before: a lock of a phase at work stays.
    pub async fn state_lock_remove(
        &self,
        subject: &Subject,
        id: &StackId,
    ) -> Result<Stack, OpError> {
        subject.require_not_run()?;
        let tx = self.store.begin().await?;
        let stack = self
            .stack_for_update(&tx, subject, id, Action::Administer)
            .await?;
        require_managed(&stack)?;
        let Some(lock) = state::lock::find(tx.reader(), id).await? else {
            return Ok(stack);
        };
        let holder = run::find(tx.reader(), &lock.run).await?;
        let at_work = holder.is_some_and(|run| {
            run.lease.is_some() && run.fence == lock.fence && run.state == lock.phase.state()
        });
        if at_work {
            return Err(OpError::conflict(format!(
                "the state of `{id}` is in use: {}. Stop that run first, or wait for its end",
                held_by(&lock)
            )));
        }
        state::lock::delete(&tx, id).await?;
        let deed = removal("state.lock_remove", &stack, &lock);
        self.audit(&tx, subject, deed).await?;
        tx.commit().await?;
        tracing::warn!(
            stack.slug = %id, by = subject.id(), lock.id = lock.info.id, lock.run = %lock.run,
            "the lock of the state of {id} was removed"
        );
        Ok(stack)
    }
}

/// A lock that goes, and whose it was.
fn removal(action: &'static str, stack: &Stack, lock: &StateLock) -> Deed {
    Deed::to_stack(action, stack)
        .with("lock", lock.info.id.as_str())
        .with("lockedByRun", lock.run.as_str())
}

fn read(body: &[u8]) -> Result<LockInfo, StateRefused> {
    LockInfo::read(body).map_err(|unreadable| StateRefused::Malformed(unreadable.to_string()))
}

/// What can be done about a lock that is in the way.
fn remedy(stack: &Stack, access: &StateAccess, lock: &StateLock) -> String {
    if lock.run == access.run.id {
        return "another command of the same run has it".into();
    }
    // Only one run at a time holds a stack: the other one has ended.
    let tool = stack.settings.vendor.engine().binary();
    format!(
        "that run has ended without giving it back; when its state is complete, the task `{tool} \
         force-unlock -force {}` removes the lock",
        lock.info.id
    )
}
