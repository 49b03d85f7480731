//! Why a run stands still, in a sentence for whoever looks at it. Nothing is decided here: the state
//! machine refuses for the same reasons.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use gantry_core::ids::RunId;
use gantry_core::run::{RunKind, RunState};
use gantry_store::run;
use gantry_store::run::waiting::Waiting;

use crate::{App, OpError};

/// How far into the workers' queue anybody counts.
const LONGEST_QUEUE: i64 = 1_000;

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

    pub(crate) fn worker_present(&self) {
        self.runs.workers.set(None);
    }

    /// What those among `runs` wait for that don't go on by themselves. The runs were looked up for
    /// whoever asks.
    pub async fn waiting_for(&self, runs: &[RunId]) -> Result<HashMap<RunId, String>, OpError> {
        let reader = self.store.reader();
        let waiting = run::waiting::waiting(reader, runs).await?;
        let mut queue = None;
        if waiting.iter().any(|run| waits_for_worker(run.state)) {
            let claimable = run::claimable(reader, LONGEST_QUEUE).await?;
            let at_work = run::waiting::at_work(reader).await?;
            queue = Some((claimable, at_work));
        }
        let absence = self.runs.workers.absence();
        let sentences = waiting.into_iter().map(|run| {
            let sentence = match (&queue, run.state) {
                (_, RunState::Queued) => for_stack(&run),
                (_, RunState::Unconfirmed) => for_person(&run),
                (Some((claimable, at_work)), _) => {
                    let place = claimable.iter().position(|(id, _)| *id == run.run);
                    for_worker(&run, absence.as_deref(), place, *at_work)
                }
                (None, _) => for_worker(&run, absence.as_deref(), None, 0),
            };
            (run.run, sentence)
        });
        Ok(sentences.collect())
    }
}

fn waits_for_worker(state: RunState) -> bool {
    matches!(
        state,
        RunState::Ready | RunState::Confirmed | RunState::ReplanRequested
    )
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

fn for_worker(run: &Waiting, absence: Option<&str>, place: Option<usize>, at_work: i64) -> String {
    if run.disabled && run.kind != RunKind::Destroy {
        return "the stack is disabled; enable it to let the run go on".into();
    }
    if let Some(reason) = absence {
        return format!("no worker takes runs: {reason}");
    }
    let busy = match at_work {
        0 => "a worker",
        1 => "a worker, which is at work on one run",
        _ => "a worker; those there are, are at work on other runs",
    };
    match place {
        Some(0) | None => format!("{busy}; it is the next"),
        Some(1) => format!("{busy}; one run goes before it"),
        Some(before) => format!("{busy}; {before} runs go before it"),
    }
}
