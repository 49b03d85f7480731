//! What begins when an installation comes back from a backup: another life, in which nothing of the
//! one before counts. Whatever went on after the backup is not known, so no run is taken up again.

use std::sync::Arc;

use gantry_core::audit::Target;
use gantry_core::run::transition::Event;
use gantry_store::{account, restore, run, session, stack, user, worker};
use ulid::Ulid;

use crate::audit::{Deed, by_command_line};
use crate::clock::rfc3339;
use crate::keyring::replace_signing_key;
use crate::{App, MasterKeySource, OpError};

/// Fences are numbers of hand-overs. After a restore they begin at its time in milliseconds, times
/// this: above whatever the installation, or an earlier restore of the same backup, has handed out.
const HANDOVERS_PER_MS: i64 = 1000;

/// And this far above what the backup knows, should the clock be behind.
const HANDOVERS: i64 = 1 << 32;

/// What was ended.
#[derive(Debug, PartialEq, Eq)]
pub struct NewEpoch {
    pub epoch: String,
    pub runs: usize,
    pub locked_stacks: usize,
}

impl App {
    /// Ends every run, lease, worker, session, token and link that the backup knows. For the time before
    /// anybody is served.
    pub async fn begin_epoch(
        self: &Arc<Self>,
        master: &MasterKeySource,
        taken_at: i64,
    ) -> Result<NewEpoch, OpError> {
        let now = self.clock.now();
        let known = stack::highest_fence(self.store.reader()).await?;
        let fence = now.saturating_mul(HANDOVERS_PER_MS).max(known + HANDOVERS);
        let mut begun = NewEpoch {
            epoch: Ulid::generate().to_string(),
            runs: 0,
            locked_stacks: 0,
        };
        let reason = format!(
            "the installation was restored from a backup of {}, and what became of the run after that \
             is not known",
            rfc3339(taken_at)
        );
        for id in run::stacks_at_work(self.store.reader()).await? {
            let tx = self.store.begin().await?;
            let mut deciding = match self.deciding(&tx, &id).await {
                Ok(deciding) => deciding,
                Err(error) => return Err(OpError::internal("end its runs", format!("{error:?}"))),
            };
            deciding.restored = true;
            let lock = deciding.stack.system_lock.clone();
            for mut run in run::active(tx.reader(), &id).await? {
                run::fence_off(&tx, &run.id, fence).await?;
                let reason = reason.clone();
                deciding
                    .decide(&mut run, &Event::Restored { reason }, None)
                    .await?;
                begun.runs += 1;
            }
            begun.locked_stacks += usize::from(deciding.stack.system_lock != lock);
            let after = deciding.finish().await?;
            tx.commit().await?;
            after.perform(self);
        }
        let tx = self.store.begin().await?;
        stack::raise_fences(&tx, fence).await?;
        run::fence_off_all(&tx, fence).await?;
        worker::set_all_gone(&tx, now).await?;
        session::end_all(&tx).await?;
        user::end_all(&tx).await?;
        replace_signing_key(&tx, master, now).await?;
        account::set_epoch(&tx, &begun.epoch).await?;
        restore::end(&tx).await?;
        let deed = Deed::new("installation.restore", Target::new("epoch", &begun.epoch))
            .with("takenAt", rfc3339(taken_at))
            .with("runs", begun.runs)
            .with("lockedStacks", begun.locked_stacks);
        by_command_line(&tx, now, deed).await?;
        tx.commit().await?;
        Ok(begun)
    }
}
