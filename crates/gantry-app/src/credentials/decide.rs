use std::time::Instant;

use gantry_core::credentials::access::required;
use gantry_core::credentials::grant::{Grant, Source};
use gantry_core::credentials::issuing::{Issuing, IssuingOutcome, IssuingSource};
use gantry_core::credentials::legacy_role::LegacyRole;
use gantry_core::credentials::role::AssumedBy;
use gantry_core::credentials::select::{Choice, Selection, select};
use gantry_core::credentials::trial::Trial;
use gantry_core::credentials::verification::{
    VerificationOutcome, VerifiedSource, fingerprint, fingerprint_in,
};
use gantry_core::ids::WorkerPoolId;
use gantry_core::protocol::ASKING_SECONDS;
use gantry_core::run::{Phase, Run, RunKind};
use gantry_core::stack::Stack;
use gantry_store::{Reader, Tx, issuing, verification};
use ulid::Ulid;

use super::candidates::Found;
use super::{CLOUDS, Decided, Decision, Next, Request};
use crate::verification::Attempt;
use crate::{App, OpError};

/// How much later than its duration says a session may end: the request is sent after the decision
/// and answered in its own time.
const REQUEST_MARGIN_MS: i64 = 60_000;

/// The same where the worker asks: it has to hear of it first, and may try the role before.
const WORKER_MARGIN_MS: i64 = REQUEST_MARGIN_MS + 1000 * ASKING_SECONDS as i64;

impl App {
    /// Decides what a phase gets of each cloud, and records it in the same transaction; a decision
    /// for write access marks the run. `run` is as it stands with the phase begun, and
    /// `user_variables` names what its users put into the environment: stack, contexts, overrides.
    pub async fn decide(
        &self,
        tx: &Tx,
        run: &Run,
        stack: &Stack,
        phase: Phase,
        user_variables: &[&str],
    ) -> Result<Decision, OpError> {
        let begun = Instant::now();
        let pool = self.pool_of(run).await?;
        let mut of_clouds = Vec::with_capacity(CLOUDS.len());
        let mut ahead = Vec::new();
        for cloud in CLOUDS {
            let found = Found::of_stack(tx.reader(), cloud, stack).await?;
            let candidates = found.candidates(user_variables, pool.is_some());
            let selection = select(&candidates, run.kind, phase);
            let Some(access) = required(run.kind, phase) else {
                tracing::warn!(
                    run.id = %run.id, stack.slug = %stack.id, %phase,
                    "credentials were asked for a phase that this kind of run does not have"
                );
                return Err(OpError::conflict(selection.explain(cloud, phase)));
            };
            let mut record = Issuing {
                id: Ulid::generate().to_string(),
                run: run.id.clone(),
                run_version: run.version,
                stack: stack.id.clone(),
                phase,
                access,
                cloud,
                source: source(&selection),
                outcome: outcome(&selection),
                note: selection.explain(cloud, phase),
                role_arn: None,
                external_id: None,
                session_name: None,
                decided_at: self.clock.now(),
                issued_at: None,
                expires_at: None,
                outlived: false,
            };
            let next = match &selection {
                Selection::Chosen(choice) => {
                    let request = self
                        .request(tx.reader(), choice, run, stack, phase, pool.as_ref())
                        .await?;
                    chosen(request, choice, &mut record)
                }
                refused if refused.fails_phase() => Next::Fail,
                _ => Next::Without,
            };
            if run.kind == RunKind::Tracked && phase == Phase::Plan {
                let apply = select(&candidates, run.kind, Phase::Apply);
                if !matches!(apply, Selection::Chosen(_)) {
                    let sentence = apply.explain(cloud, Phase::Apply);
                    ahead.push(format!("As things stand, {sentence}"));
                }
            }
            issuing::insert(tx, &record).await?;
            of_clouds.push(Decided { record, next });
        }
        Ok(Decision {
            begun,
            of_clouds,
            ahead,
        })
    }

    async fn request(
        &self,
        reader: Reader<'_>,
        choice: &Choice<'_>,
        run: &Run,
        stack: &Stack,
        phase: Phase,
        pool: Option<&WorkerPoolId>,
    ) -> Result<Result<Request, String>, OpError> {
        let space = &stack.settings.space;
        let grant = match choice.grant(&self.account, &run.id, &stack.id, space, phase) {
            Ok(grant) => grant,
            Err(refused) => return Ok(Err(refused.to_string())),
        };
        let by_worker = matches!(choice.role.assumed_by, AssumedBy::Worker { .. });
        if !by_worker && !matches!(choice.source, Source::AutoAttach { .. }) {
            // An attachment and a legacy role were tried when they were made.
            return Ok(Ok(Request {
                grant,
                first_use: None,
            }));
        }
        let (source, trial) = match choice.source.integration() {
            Some(integration) => (
                VerifiedSource::Integration(integration.clone()),
                Trial::for_integration(
                    &self.account,
                    integration,
                    choice.role,
                    &stack.id,
                    space,
                    choice.access,
                ),
            ),
            None => {
                let legacy = LegacyRole {
                    stack: stack.id.clone(),
                    role: choice.role.clone(),
                };
                let trial = Trial::for_legacy_role(&self.account, &legacy);
                (VerifiedSource::LegacyRole, trial)
            }
        };
        let trial = match trial {
            Ok(trial) => trial,
            Err(refused) => return Ok(Err(refused.to_string())),
        };
        let asked = match pool {
            Some(pool) if by_worker => fingerprint_in(pool, trial.request()),
            _ => fingerprint(trial.request()),
        };
        let known = verification::find(reader, &stack.id, &source, trial.access).await?;
        let trusted = known.is_some_and(|known| {
            known.outcome == VerificationOutcome::Trusted && known.fingerprint == asked
        });
        let first_use = (!trusted).then_some(Attempt { source, trial });
        Ok(Ok(Request { grant, first_use }))
    }
}

fn chosen(request: Result<Request, String>, choice: &Choice<'_>, record: &mut Issuing) -> Next {
    match (request, &choice.role.assumed_by) {
        (Ok(request), AssumedBy::Server) => {
            fill_in(record, &request.grant, REQUEST_MARGIN_MS);
            Next::Ask(Box::new(request))
        }
        (Ok(request), AssumedBy::Worker { .. }) => {
            fill_in(record, &request.grant, WORKER_MARGIN_MS);
            Next::Hand(Box::new(request))
        }
        (Err(reason), _) => {
            record.outcome = IssuingOutcome::Refused;
            record.note = reason;
            Next::Fail
        }
    }
}

fn fill_in(record: &mut Issuing, grant: &Grant, margin: i64) {
    let request = grant.request();
    let lasts = i64::from(request.duration().seconds()) * 1000;
    record.role_arn = Some(request.role_arn().to_string());
    record.external_id = Some(request.external_id().to_string());
    record.session_name = Some(request.session_name().to_string());
    record.expires_at = Some(record.decided_at + lasts + margin);
}

fn source(selection: &Selection<'_>) -> Option<IssuingSource> {
    let source = match selection {
        Selection::Chosen(Choice { source, .. })
        | Selection::WorkerSideUnavailable { source, .. } => source,
        Selection::NothingAttached { .. }
        | Selection::SetByUser { .. }
        | Selection::Conflict { .. }
        | Selection::NoSuchPhase => return None,
    };
    Some(IssuingSource {
        kind: source.as_str().to_owned(),
        integration: source.integration().cloned(),
        integration_name: match source {
            Source::Attachment { name, .. } | Source::AutoAttach { name, .. } => Some(name.clone()),
            Source::LegacyRole => None,
        },
    })
}

fn outcome(selection: &Selection<'_>) -> IssuingOutcome {
    match selection {
        Selection::Chosen(_) => IssuingOutcome::Requested,
        Selection::NothingAttached { .. } => IssuingOutcome::NothingAttached,
        Selection::SetByUser { .. } => IssuingOutcome::SetByUser,
        Selection::Conflict { .. } => IssuingOutcome::Conflict,
        Selection::WorkerSideUnavailable { .. } => IssuingOutcome::WorkerSideUnavailable,
        Selection::NoSuchPhase => IssuingOutcome::Refused,
    }
}
