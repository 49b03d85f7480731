//! Credentials for one phase of one run: decided inside the transaction that starts the phase, then
//! asked of the cloud outside of any.
//!
//! The caller of [`App::decide`] guarantees, in the same transaction, that the lease is this
//! worker's and that the phase is the one the run is in. From there the line is straight: candidates
//! → `select` → [`Grant`](gantry_core::credentials::grant::Grant) → record → commit →
//! [`App::mint`] → the worker. Nothing is asked of a cloud before its record is durable, nothing is
//! kept afterwards, and a phase that repeats is decided anew.

mod autoattached;
mod by_worker;
mod candidates;
mod decide;
mod mint;
mod preview;

use std::time::Instant;

use gantry_core::credentials::cloud::Cloud;
use gantry_core::credentials::grant::Grant;
use gantry_core::credentials::issuing::Issuing;
use gantry_core::ids::{IntegrationId, RunId};
use gantry_core::protocol::{EnvVar, WorkerGrant};
use gantry_core::run::Run;
use gantry_core::utc;
use gantry_store::{issuing, run, run_transition, stack};

pub use autoattached::AutoattachedStack;
pub use preview::AccessPreview;

use crate::verification::Attempt;
use crate::{App, OpError, Subject};

/// The clouds that a phase may get credentials of.
const CLOUDS: [Cloud; 1] = [Cloud::Aws];

/// What a phase gets of each cloud. Recorded already; holds no secret.
#[must_use = "a decision that is not minted leaves a record of credentials that nobody got"]
pub struct Decision {
    /// When deciding began.
    begun: Instant,
    of_clouds: Vec<Decided>,
    /// What apply is going to be without, as things stand: said before anybody confirms.
    ahead: Vec<String>,
}

struct Decided {
    record: Issuing,
    next: Next,
}

enum Next {
    /// Ask the cloud.
    Ask(Box<Request>),
    /// Let the worker ask it.
    Hand(Box<Request>),
    /// Go on without credentials of this cloud.
    Without,
    /// Don't start the phase.
    Fail,
}

struct Request {
    grant: Grant,
    /// A role that nobody has tried for this stack: before it is used it has to be shown to trust
    /// us, and only us.
    first_use: Option<Attempt>,
}

impl Decision {
    /// Why the phase must not start, when that is certain before any cloud is asked.
    pub fn refused(&self) -> Option<&str> {
        let failing = self
            .of_clouds
            .iter()
            .find(|decided| matches!(decided.next, Next::Fail))?;
        Some(&failing.record.note)
    }
}

/// What a phase's child gets. The values go to the worker that holds the lease, and nowhere else.
#[derive(Debug)]
pub struct Issued {
    pub env: Vec<EnvVar>,
    /// When the first of them ends, epoch milliseconds; `None` when there are none.
    pub expires_at_ms: Option<i64>,
    /// What the worker asks for itself before the phase's child starts.
    pub grants: Vec<WorkerGrant>,
    /// Sentences for the run page and the top of the phase's log.
    pub notices: Vec<String>,
}

/// The phase fails with this reason, and its command is never started.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Failed {
    pub reason: String,
}

impl App {
    /// What was issued to each phase of a run that somebody was allowed to see, and why not.
    pub async fn issued_to_run(&self, run: &Run) -> Result<Vec<Issuing>, OpError> {
        Ok(issuing::of_run(self.store.reader(), &run.id).await?)
    }

    /// A page of what was issued through an integration that somebody was allowed to see, to runs of
    /// stacks that `subject` sees; newest first, before the one of that ID.
    pub async fn issued_by_integration(
        &self,
        subject: &Subject,
        integration: &IntegrationId,
        before: Option<&str>,
    ) -> Result<Vec<Issuing>, OpError> {
        let spaces = subject.visible_spaces();
        let (reader, limit) = (self.store.reader(), crate::search::PAGE);
        let issued =
            issuing::of_integration(reader, integration, spaces.as_deref(), before, limit).await;
        Ok(issued?)
    }

    /// The same of several runs, mixed.
    pub async fn issued_to_runs(&self, runs: &[RunId]) -> Result<Vec<Issuing>, OpError> {
        Ok(issuing::of_runs(self.store.reader(), runs).await?)
    }

    /// Says in a run's history that its phase goes on without the credentials it had.
    pub(crate) async fn note_outlived(&self, ended: &Issuing) -> Result<(), OpError> {
        let tx = self.store.begin().await?;
        let held = stack::find_for_update(&tx, &ended.stack).await?.is_some();
        let run = run::find(tx.reader(), &ended.run).await?;
        let at_work = run.is_some_and(|run| run.version == ended.run_version);
        if !(held && at_work) {
            return Ok(());
        }
        let at = ended.expires_at.map(utc::show).unwrap_or_default();
        let note = format!(
            "the {} credentials of the {} phase ended at {at} while it was still running; what it \
             asked of {} from then on was refused",
            ended.access,
            ended.phase,
            ended.cloud.label()
        );
        run_transition::add_note(&tx, &ended.run, ended.run_version, &note).await?;
        issuing::set_outlived(&tx, &ended.id).await?;
        tx.commit().await?;
        tracing::warn!(run.id = %ended.run, stack.slug = %ended.stack, "{note}");
        self.wake.run(&ended.run);
        self.say_run(&ended.stack, &ended.run).await;
        Ok(())
    }

    /// When the last credential of one visit to a phase ends; `None` when that is not certain.
    /// See [`issuing::all_expired_at`].
    pub async fn credentials_end(
        &self,
        run: &RunId,
        run_version: i64,
    ) -> Result<Option<i64>, OpError> {
        Ok(issuing::all_expired_at(self.store.reader(), run, run_version).await?)
    }
}
