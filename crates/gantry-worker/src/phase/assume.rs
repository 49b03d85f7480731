//! Roles that this worker assumes itself, with its own identity, before a child starts. What the
//! cloud answers goes into the phase's environment and nowhere else; the server hears of what kind it
//! was, and has to have taken that before anything is run.

use std::time::Duration;

use gantry_cloud::provider::{CloudProvider, Patience, Verification};
use gantry_core::credentials::grant::AssumeRequest;
use gantry_core::credentials::phase_env::PhaseEnv;
use gantry_core::credentials::trial::Trial;
use gantry_core::credentials::verification::VerificationOutcome;
use gantry_core::ids::StackId;
use gantry_core::protocol::{
    ASKING_SECONDS, GrantOutcome, Issued, PhaseStart, Session, TrialOutcome, WireRequest,
    WorkerGrant,
};
use tokio::time::Instant;

use crate::job::AtWork;
use crate::worker::Worker;

impl AtWork {
    /// Assumes what the phase was granted. The error is why it must not start.
    pub(super) async fn assume(&self, start: &mut PhaseStart) -> Result<(), String> {
        let grants = std::mem::take(&mut start.grants);
        if grants.is_empty() {
            return Ok(());
        }
        let until = Instant::now() + Duration::from_secs(ASKING_SECONDS);
        let mut outcomes = Vec::new();
        let mut issued = Vec::new();
        let mut refused = None;
        for grant in &grants {
            if let Some(refused) = &refused {
                // Nothing is asked for that nobody will use, and the record says so.
                let why = format!("it was not asked for, since {refused}");
                outcomes.push(outcome(grant, Asked::failed(None, why)).0);
                continue;
            }
            let asking = ask(&self.worker, &self.job.stack, grant);
            let asked = tokio::select! {
                asked = tokio::time::timeout_at(until, asking) => asked.unwrap_or_else(|_| {
                    Asked::failed(None, "the cloud gave no answer in time; try again")
                }),
                _ = self.orders.interrupted() => {
                    Asked::failed(None, "the run was stopped, or the worker had to end")
                }
            };
            let (outcome, env) = outcome(grant, asked);
            if let Some(why) = &outcome.failed {
                refused = Some(format!(
                    "{} did not get its {} credentials of {}: {why}",
                    start.phase,
                    grant.access,
                    grant.cloud.label()
                ));
            }
            outcomes.push(outcome);
            issued.extend(env);
        }
        let message = Issued {
            fence: self.job.fence,
            phase: start.phase,
            version: start.version,
            outcomes,
        };
        let told = self.report.issued(&message).await;
        if let Some(refused) = refused {
            return Err(refused);
        }
        told.map_err(|why| format!("the server did not hear what the worker was issued: {why}"))?;
        for env in issued {
            let ends = [start.credentials_expire, env.expires_at_ms()];
            start.credentials_expire = ends.into_iter().flatten().min();
            start.credentials.extend(env.into_wire());
        }
        Ok(())
    }
}

/// What came of one grant.
struct Asked {
    trial: Option<TrialOutcome>,
    session: Option<Session>,
    result: Result<PhaseEnv, String>,
}

impl Asked {
    fn failed(trial: Option<TrialOutcome>, why: impl Into<String>) -> Self {
        Asked {
            trial,
            session: None,
            result: Err(why.into()),
        }
    }
}

/// What the server hears of it, and what the child gets.
fn outcome(grant: &WorkerGrant, asked: Asked) -> (GrantOutcome, Option<PhaseEnv>) {
    let Asked {
        trial,
        session,
        result,
    } = asked;
    let (env, failed) = match result {
        Ok(env) => (Some(env), None),
        Err(why) => (None, Some(why)),
    };
    let told = GrantOutcome {
        id: grant.id.clone(),
        trial,
        session,
        failed,
    };
    (told, env)
}

async fn ask(worker: &Worker, stack: &StackId, grant: &WorkerGrant) -> Asked {
    let cloud = worker
        .clouds
        .as_ref()
        .and_then(|clouds| clouds.get(grant.cloud));
    let Some(cloud) = cloud else {
        return Asked::failed(
            None,
            format!(
                "this worker assumes no roles of {}: only one of a private pool does",
                grant.cloud.label()
            ),
        );
    };
    let request = match AssumeRequest::from_wire(&grant.request) {
        Ok(request) => request,
        Err(error) => return Asked::failed(None, error.to_string()),
    };
    let trial = match &grant.trial {
        None => None,
        Some(wire) => match attempt(cloud, stack, grant, wire).await {
            Ok(outcome) if outcome.outcome == VerificationOutcome::Trusted => Some(outcome),
            Ok(outcome) => {
                let why = outcome.message.clone();
                return Asked::failed(Some(outcome), why);
            }
            Err(why) => return Asked::failed(None, why),
        },
    };
    match cloud.assume(&request).await {
        Ok(env) => Asked {
            trial,
            session: Some(Session {
                asked_as: worker.identity_in(cloud).await,
                expires_at: env.expires_at_ms(),
            }),
            result: Ok(env),
        },
        Err(error) => Asked::failed(trial, of_worker(&error.sentence)),
    }
}

/// Shows that the role trusts us, and only us. Whatever else it is, it is not used.
async fn attempt(
    cloud: &dyn CloudProvider,
    stack: &StackId,
    grant: &WorkerGrant,
    wire: &WireRequest,
) -> Result<TrialOutcome, String> {
    let trial = Trial::from_wire(stack, grant.access, wire).map_err(|error| error.to_string())?;
    let mut shown = cloud.verify(&[trial], Patience::Attach).await;
    let shown = shown.pop().ok_or("the cloud was not asked")?;
    Ok(TrialOutcome {
        request: wire.clone(),
        outcome: match &shown {
            Verification::TrustsUs => VerificationOutcome::Trusted,
            Verification::Refused { .. } => VerificationOutcome::Untrusted,
            Verification::Open { .. } => VerificationOutcome::Open,
            Verification::Unknown { .. } => VerificationOutcome::Unknown,
        },
        message: of_worker(shown.message().unwrap_or_default()),
    })
}

/// Whoever asks speaks of itself as the server: that is who asks as a rule.
fn of_worker(sentence: &str) -> String {
    sentence
        .replace("this server", "this worker")
        .replace("where the server gets", "where the worker gets")
}
