//! What a worker is to do about runs that wait.

use gantry_core::ids::{WorkerId, WorkerPoolId};

use crate::{Reader, StoreError};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Whose stacks it works for; `None`: those without a pool.
    pub pool: Option<WorkerPoolId>,
    pub duty: Duty,
    /// How many it has.
    pub runs: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duty {
    Take,
    /// It finishes what it has.
    TakeNothing,
    /// The same, and it goes then.
    Go,
}

/// Of a worker that said hello and is not known to be gone. One that was told to go may ask again.
pub async fn of(reader: Reader<'_>, id: &WorkerId) -> Result<Option<Standing>, StoreError> {
    let row = reader
        .one(
            "SELECT pool_id, drained, cycled,
             (SELECT COUNT(*) FROM run WHERE run.worker_id = worker.id
              AND run.lease_until IS NOT NULL) AS runs
             FROM worker WHERE id = $1 AND (gone_at IS NULL OR cycled = 1)",
            vec![id.as_str().into()],
        )
        .await?;
    row.map(|row| {
        Ok(Standing {
            pool: row.opt_text("pool_id")?.map(WorkerPoolId::new),
            runs: row.int("runs")?,
            duty: match (row.flag("cycled")?, row.flag("drained")?) {
                (true, _) => Duty::Go,
                (false, true) => Duty::TakeNothing,
                (false, false) => Duty::Take,
            },
        })
    })
    .transpose()
}
