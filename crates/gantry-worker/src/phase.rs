//! A phase: its log, its environment, its child, and what is said about it in the end.

mod after_run;
mod apply;
mod assume;
mod child;
mod initialize;
mod outcome;
mod perform;
mod plan;
mod show;

use std::sync::atomic::{AtomicBool, Ordering};

use child::Heard;
use gantry_core::backend_lock::BackendLock;
use gantry_core::protocol::{Next, PhaseFinished, PhaseOutcome, PhaseStart};
use gantry_core::run::Phase;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::child_env::ChildEnv;
use crate::job::AtWork;
use crate::logs::PhaseLog;
use crate::mounted_files::{self, MountedFiles};
use crate::report::Undelivered;
use crate::spool::{PhaseRecord, digest};
use crate::worker::{blocking, seconds};
use crate::workspace::{LARGEST_STATE, Source};

/// One phase under way.
struct Running {
    start: PhaseStart,
    env: ChildEnv,
    mounted: MountedFiles,
    log: PhaseLog,
    /// The end of the phase's time, over all of its children.
    until: Instant,
    heard: Heard,
    /// The lock of the state's own backend that the phase failed at.
    met: Option<BackendLock>,
    /// The plan on its way to the server.
    sending: Option<JoinHandle<Result<(), Undelivered>>>,
}

/// Why a phase did not succeed.
enum Failure {
    /// A sentence for the run's page.
    Because(String),
    Stopped,
    Undelivered(Undelivered),
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Failure::Because(error.to_string())
    }
}

impl AtWork {
    /// Does one phase and reports it. The answer says what comes next.
    pub async fn phase(&mut self, mut start: PhaseStart) -> Result<Next, Undelivered> {
        let (phase, version) = (start.phase, start.version);
        self.limits = start.limits;
        self.record.phase = Some(PhaseRecord {
            phase,
            version,
            processes: vec![],
        });
        if let Err(error) = self.spool.record(&self.record) {
            tracing::warn!(run.id = %self.job.run, %error, "the phase can't be recorded");
        }
        let assumed = self.assume(&mut start).await;
        let env = self.environment(&start);
        let (_, notices) = mounted_files::secrets(&start.files);
        let masks = env.masks();
        let log = match PhaseLog::open(
            &self.spool,
            (version, 0),
            start.limits.log,
            masks,
            self.report.clone(),
        ) {
            Ok(log) => log,
            Err(error) => {
                let reason = format!("the worker can't keep the phase's log: {error}");
                return self
                    .report
                    .finished(&self.message(&start, failed(reason), false))
                    .await;
            }
        };
        let until = Instant::now() + seconds(start.limits.time);
        let mut running = Running {
            start,
            env,
            mounted: MountedFiles::default(),
            log,
            until,
            heard: Heard::default(),
            met: None,
            sending: None,
        };
        for notice in running.start.notices.iter().chain(&notices) {
            running.log.say(notice);
        }

        let ready = assumed
            .map_err(Failure::Because)
            .and_then(|()| self.mount(&mut running));
        let outcome = match ready {
            Err(failure) => Err(failure),
            Ok(()) => match phase {
                Phase::Initialize => self.initialize(&mut running).await,
                Phase::Plan => self.plan(&mut running).await,
                Phase::Apply | Phase::Destroy => self.apply(&mut running).await,
                Phase::Perform => self.perform(&mut running).await,
            },
        };
        let mut outcome = match outcome {
            Ok(outcome) => outcome,
            Err(Failure::Stopped) => PhaseOutcome::Stopped,
            Err(Failure::Because(reason)) => failed(reason),
            Err(Failure::Undelivered(Undelivered::Gone(why))) => failed(format!(
                "the server was gone when the {phase} phase ended: {why}"
            )),
            // If the run is somebody else's, the server says so to the report as well.
            Err(Failure::Undelivered(Undelivered::Refused(why))) => failed(format!(
                "the server did not give what the {phase} phase needs: {why}"
            )),
        };
        if let PhaseOutcome::Failed { reason } = &mut outcome {
            if phase.writes()
                && let Some(lock) = running.heard.backend_lock()
            {
                reason.push_str(&self.locked(&lock));
                running.met = Some(lock);
            }
            running.log.say(reason);
        }
        self.conclude(running, outcome).await
    }

    fn environment(&self, start: &PhaseStart) -> ChildEnv {
        ChildEnv::of_phase(
            &self.worker.environment,
            start,
            &self.exports,
            self.job.managed_state,
        )
    }

    /// Puts the phase's files in place of whatever an earlier phase left there.
    fn mount(&self, running: &mut Running) -> Result<(), Failure> {
        running.mounted = MountedFiles::decode(&running.start.files)?;
        blocking(|| self.workspace.mount(&running.mounted))?;
        Ok(())
    }

    /// Tells the server how the phase has ended, after everything else about it. What can't be told
    /// stays in the spool.
    async fn conclude(
        &mut self,
        running: Running,
        outcome: PhaseOutcome,
    ) -> Result<Next, Undelivered> {
        let Running {
            start,
            log,
            sending,
            met,
            ..
        } = running;
        let (outcome, state) = match self.errored_state(start.phase) {
            Ok(state) => (outcome, state),
            Err(sentence) => (failed(sentence), None),
        };
        // Where it can't be kept, the server is the place that is left for it.
        let unkept = state.as_deref().and_then(|state| self.keep(state).err());
        let mut message = self.message(&start, outcome, state.is_some());
        message.backend_lock = met;
        let sent_plan = AtomicBool::new(sending.is_none());
        let report = &self.report;
        let told = async {
            let send_state = async {
                match state {
                    Some(state) => report.errored_state(state.into()).await,
                    None => Ok(()),
                }
            };
            let send_plan = async {
                if let Some(sending) = sending {
                    let sent = sending.await;
                    sent.unwrap_or_else(|error| Err(Undelivered::Gone(error.to_string())))?;
                    sent_plan.store(true, Ordering::Relaxed);
                }
                Ok(())
            };
            let (length, (), ()) = tokio::try_join!(log.finish(), send_state, send_plan)?;
            let next = report.finished(&message).await?;
            Ok::<_, Undelivered>((length, next))
        };
        let told = told.await;
        match told {
            Ok((length, next)) => {
                self.spool.drop_log(start.version, 0);
                self.spool.drop_errored_state();
                self.record.phase = None;
                self.log = (start.version, length);
                Ok(next)
            }
            Err(undelivered) => {
                if !sent_plan.load(Ordering::Relaxed) {
                    message.outcome =
                        failed(format!("the plan could not be stored: {undelivered}"));
                }
                if let Some(error) = unkept {
                    message.errored_state = false;
                    message.outcome = failed(format!(
                        "the phase left an errored.tfstate that the worker can't keep ({error}) \
                         and the server did not get ({undelivered})"
                    ));
                }
                if let Err(error) = self.spool.keep_finished(&message) {
                    tracing::error!(run.id = %self.job.run, %error, "the phase's end can't be kept");
                }
                Err(undelivered)
            }
        }
    }

    /// The state that the phase left because it could not be stored.
    fn errored_state(&self, phase: Phase) -> Result<Option<Vec<u8>>, String> {
        let source = match phase {
            Phase::Plan => Source::Plan,
            _ => Source::Clean,
        };
        let state = blocking(|| self.workspace.errored_state(source, LARGEST_STATE));
        let state = state.map_err(|error| {
            format!("the phase left an errored.tfstate that can't be read: {error}")
        })?;
        // What was there before was not left by the phase.
        Ok(state.filter(|state| self.record.given_state != Some(digest(state))))
    }

    /// Keeps that state in the spool at once.
    fn keep(&self, state: &[u8]) -> std::io::Result<()> {
        blocking(|| {
            self.spool.keep_errored_state(state)?;
            self.spool.settle()
        })
        .inspect_err(|error| {
            tracing::error!(run.id = %self.job.run, %error, "an errored.tfstate can't be kept");
        })
    }

    fn message(
        &self,
        start: &PhaseStart,
        outcome: PhaseOutcome,
        errored_state: bool,
    ) -> PhaseFinished {
        PhaseFinished {
            fence: self.job.fence,
            phase: start.phase,
            version: start.version,
            outcome,
            errored_state,
            backend_lock: None,
        }
    }

    /// Who has the lock that the phase failed at, and how to be rid of it.
    fn locked(&self, lock: &BackendLock) -> String {
        let id = &lock.id;
        let who = lock.who.as_ref().map(|who| format!(", made by {who}"));
        let created = lock.created.as_ref().map(|at| format!(", created {at}"));
        format!(
            "; the state is locked in its backend by {id}{}{}. If nothing is at work on the state \
             any more, the task `{}` removes that lock",
            who.unwrap_or_default(),
            created.unwrap_or_default(),
            lock.removal(self.tool.engine.binary())
        )
    }
}

fn failed(reason: String) -> PhaseOutcome {
    PhaseOutcome::Failed { reason }
}
