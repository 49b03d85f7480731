//! Why a run stands still, in a sentence for whoever looks at it. Nothing is decided here: the state
//! machine refuses for the same reasons.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use gantry_core::ids::{RunId, WorkerPoolId};
use gantry_core::quoted::Quoted;
use gantry_core::run::{RunKind, RunState};
use gantry_core::worker_pool::{PoolLoad, WorkerPool};
use gantry_store::run::waiting::Waiting;
use gantry_store::{run, worker_pool};

use crate::{App, OpError};

/// Whether a worker takes runs at all, as far as this server knows.
#[derive(Default)]
pub(crate) struct Workers(Mutex<Option<String>>);

impl Workers {
    fn absence(&self) -> Option<String> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn set(&self, absence: Option<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = absence;
    }
}

impl App {
    /// No worker takes runs, for this reason, until one says hello.
    pub fn worker_absent(&self, reason: impl Into<String>) {
        self.runs.workers.set(Some(reason.into()));
    }

    pub(crate) fn worker_absence(&self) -> Option<String> {
        self.runs.workers.absence()
    }

    pub(crate) fn worker_present(&self) {
        self.runs.workers.set(None);
    }

    /// What those among `runs` wait for that don't go on by themselves. The runs were looked up for
    /// whoever asks.
    pub async fn waiting_for(&self, runs: &[RunId]) -> Result<HashMap<RunId, String>, OpError> {
        let reader = self.store.reader();
        let waiting = run::waiting::waiting(reader, runs).await?;
        let queue = match waiting.iter().any(|run| run.state.waits_for_worker()) {
            true => Some(self.queue_of(&waiting).await?),
            false => None,
        };
        let sentences = waiting.into_iter().map(|run| {
            let sentence = match (&queue, run.state) {
                (_, RunState::Queued) => for_stack(&run),
                (Some(queue), state) if state.waits_for_worker() => for_worker(&run, queue),
                _ => for_person(&run),
            };
            (run.run, sentence)
        });
        Ok(sentences.collect())
    }

    /// What those that wait for a worker have to do with each other and with the workers there are.
    async fn queue_of(&self, waiting: &[Waiting]) -> Result<Queue, OpError> {
        let reader = self.store.reader();
        let runs: Vec<RunId> = waiting.iter().map(|run| run.run.clone()).collect();
        let pools: HashSet<WorkerPoolId> =
            waiting.iter().filter_map(|run| run.pool.clone()).collect();
        let pools: Vec<WorkerPoolId> = pools.into_iter().collect();
        Ok(Queue {
            positions: worker_pool::queue::positions(reader, &runs).await?,
            at_work: run::waiting::at_work(reader).await?,
            absence: self.runs.workers.absence(),
            names: self.worker_pools_of(&pools).await?,
            loads: self.worker_pool_loads(&pools).await?,
        })
    }
}

/// The workers' queues, as far as somebody asks.
struct Queue {
    /// From 1.
    positions: HashMap<RunId, i64>,
    at_work: HashMap<Option<WorkerPoolId>, i64>,
    /// Why none of the installation's own workers takes runs.
    absence: Option<String>,
    names: HashMap<WorkerPoolId, WorkerPool>,
    loads: HashMap<WorkerPoolId, PoolLoad>,
}

fn for_stack(run: &Waiting) -> String {
    if run.disabled && run.kind != RunKind::Destroy {
        return "the stack is disabled; enable it, or cancel this run".into();
    }
    if let Some((blocker, state)) = run.blocker.as_ref().filter(|(id, _)| *id != run.run) {
        let also = match run.before {
            0 => String::new(),
            1 => "; one more run goes before this one".into(),
            more => format!("; {more} more runs go before this one"),
        };
        return format!("run {blocker} holds the stack and is {state}{also}");
    }
    if let Some(note) = &run.system_lock {
        return format!("the stack is locked: {note}");
    }
    match &run.lock {
        // A tracked run plans under the lock of a person, and waits for that person afterwards.
        Some((holder, name, note))
            if *holder != run.triggered_by_id && run.kind != RunKind::Tracked =>
        {
            let note = note.as_ref().filter(|note| !note.is_empty());
            let note = note.map(|note| format!(": {note}")).unwrap_or_default();
            format!("the stack is locked by {name}{note}")
        }
        _ => match run.before {
            0 => "it is about to go on".into(),
            1 => "one run of the stack goes before this one".into(),
            before => format!("{before} runs of the stack go before this one"),
        },
    }
}

fn for_person(run: &Waiting) -> String {
    match &run.lock {
        Some((_, name, _)) => {
            format!(
                "{name}, who has locked the stack, has to confirm it, or somebody to discard it"
            )
        }
        None => "somebody has to confirm or discard it".into(),
    }
}

fn for_worker(run: &Waiting, queue: &Queue) -> String {
    if run.disabled && run.kind != RunKind::Destroy {
        return "the stack is disabled; enable it to let the run go on".into();
    }
    let (whose, absence) = match &run.pool {
        None => (
            String::new(),
            queue
                .absence
                .as_ref()
                .map(|reason| format!("no worker takes runs: {reason}")),
        ),
        Some(pool) => of_pool(pool, queue),
    };
    let ahead = match queue.positions.get(&run.run) {
        Some(place) => place - 1,
        None => 0,
    };
    if let Some(absence) = absence {
        return match ahead {
            0 => absence,
            1 => format!("{absence}; one run goes before it"),
            more => format!("{absence}; {more} runs go before it"),
        };
    }
    let busy = match queue.at_work.get(&run.pool) {
        None | Some(0) => format!("a worker{whose}"),
        Some(1) => format!("a worker{whose}, which is at work on one run"),
        Some(_) => format!("a worker{whose}; those there are, are at work on other runs"),
    };
    match ahead {
        0 => format!("{busy}; it is the next"),
        1 => format!("{busy}; one run goes before it"),
        before => format!("{busy}; {before} runs go before it"),
    }
}

/// Whose workers may take the run, and why none of them does.
fn of_pool(pool: &WorkerPoolId, queue: &Queue) -> (String, Option<String>) {
    let name = match queue.names.get(pool) {
        Some(pool) => Quoted(&pool.name).to_string(),
        None => pool.to_string(),
    };
    let load = queue.loads.get(pool).copied().unwrap_or_default();
    let absence = if load.workers == 0 {
        Some(format!(
            "no worker of the pool {name} is there: start one with the pool's configuration, or give \
             the stack another pool"
        ))
    } else if load.drained_workers == load.workers {
        Some(format!("every worker of the pool {name} is drained"))
    } else {
        None
    };
    (format!(" of the pool {name}"), absence)
}
