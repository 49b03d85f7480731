//! What a run has gone through, for those who follow runs elsewhere, told once, when it has ended. It
//! comes from the history in the database, so that neither the end of a server in between nor the hours
//! until somebody confirms leave a gap in it.

use gantry_core::credentials::issuing::Issuing;
use gantry_core::ids::RunId;
use gantry_core::run::{Run, RunTransition};
use gantry_store::{issuing, run, run_transition};
use tokio::sync::mpsc;

use crate::{App, OpError};

/// Ended runs that may wait to be told of; whatever more there is, is left out and counted.
const WAITING: usize = 4096;

/// A run that has ended.
pub struct Trace {
    pub run: Run,
    /// Oldest first, as the rest.
    pub history: Vec<RunTransition>,
    pub issuings: Vec<Issuing>,
}

impl App {
    /// Names every run that ends by a decision of this server, from now on, to whoever asks first.
    pub fn ended_runs(&self) -> Option<mpsc::Receiver<RunId>> {
        let (sender, receiver) = mpsc::channel(WAITING);
        self.ended.set(sender).ok()?;
        Some(receiver)
    }

    pub(crate) fn tell_of_end(&self, run: RunId) {
        if let Some(ended) = self.ended.get()
            && ended.try_send(run).is_err()
        {
            self.metrics.traces("lost", 1);
        }
    }

    /// Those of the runs that are still there.
    pub async fn traces(&self, ids: &[RunId]) -> Result<Vec<Trace>, OpError> {
        let reader = self.store.reader();
        let runs = run::find_all(reader, ids).await?;
        let histories = run_transition::of_runs(reader, ids).await?;
        let issuings = issuing::of_runs(reader, ids).await?;
        let traces = runs.into_iter().map(|run| Trace {
            history: histories
                .iter()
                .rev()
                .filter(|(id, _)| *id == run.id)
                .map(|(_, visit)| visit.clone())
                .collect(),
            issuings: issuings
                .iter()
                .filter(|issuing| issuing.run == run.id)
                .cloned()
                .collect(),
            run,
        });
        Ok(traces.collect())
    }
}
