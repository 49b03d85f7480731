//! A phase has failed at the lock of its state's own backend. Which run left it there is known by the
//! time at which the lock was made: one run at a time writes for a stack.

use gantry_core::backend_lock::BackendLock;
use gantry_store::run_transition;

use crate::OpError;
use crate::run::Deciding;

/// How far the clocks of a worker and the server may be apart.
const CLOCKS_MS: i64 = 5_000;

/// Says it on the page of the run that left the lock. Answers with what is to be said of the run that
/// met it; `None` when no run of ours made the lock.
pub(super) async fn trace(
    deciding: &Deciding<'_>,
    lock: &BackendLock,
) -> Result<Option<String>, OpError> {
    let Some(made) = lock.created_ms() else {
        return Ok(None);
    };
    let (tx, stack) = (deciding.tx, &deciding.stack);
    let (since, until) = (made - CLOCKS_MS, made + CLOCKS_MS);
    let visit = run_transition::writing_between(tx.reader(), &stack.id, since, until).await?;
    let Some(visit) = visit else {
        return Ok(None);
    };
    let history = run_transition::list(tx.reader(), &visit.run).await?;
    let said = history
        .iter()
        .filter(|other| other.version == visit.next_version)
        .filter_map(|other| other.note.as_ref())
        .any(|note| note.contains(&lock.id));
    if !said {
        let tool = stack.settings.vendor.engine().binary();
        let note = format!(
            "the lock {} that it made in the state's backend is still there; the task `{}` removes \
             it",
            lock.id,
            lock.removal(tool)
        );
        run_transition::add_note(tx, &visit.run, visit.next_version, &note).await?;
    }
    Ok(Some(format!(
        ". Run {} made that lock while it was {}, and is over",
        visit.run, visit.state
    )))
}
