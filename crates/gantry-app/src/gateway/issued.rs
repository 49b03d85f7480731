//! What a private worker says of the roles that it has assumed itself.

use std::sync::Arc;

use gantry_core::caller::Caller;
use gantry_core::credentials::grant::AssumeRequest;
use gantry_core::credentials::issuing::{Issuing, IssuingOutcome};
use gantry_core::credentials::verification::{
    Verification, VerificationOutcome, VerifiedSource, fingerprint_in,
};
use gantry_core::ids::{RunId, WorkerPoolId};
use gantry_core::protocol::{GrantOutcome, Issued, TrialOutcome};
use gantry_core::quoted::Quoted;
use gantry_store::{Tx, issuing, verification};

use super::{GatewayError, leased};
use crate::App;
use crate::news::News;

/// Characters of a sentence that a worker gives.
const LONGEST_SENTENCE: usize = 4_000;

impl App {
    /// The worker has assumed what it was granted, or could not. Answered before its child starts.
    pub async fn run_issued(
        self: &Arc<Self>,
        caller: &Caller,
        id: &RunId,
        message: &Issued,
    ) -> Result<(), GatewayError> {
        let found = self.held_run(caller, id, message.fence).await?;
        let Some(pool) = caller.pool() else {
            return Err(GatewayError::refused(
                "only workers of a private pool are granted roles to assume themselves",
            ));
        };
        let tx = self.store.begin().await?;
        let deciding = self.deciding(&tx, &found.stack).await?;
        let run = leased(tx.reader(), id, message.fence).await?;
        let at_work = run.lease.is_some()
            && run.state == message.phase.state()
            && run.version == message.version;
        if !at_work {
            return Err(GatewayError::refused(format!(
                "run {id} is {} in version {}, and nothing is issued for its {} phase of version {}",
                run.state, run.version, message.phase, message.version
            )));
        }
        let mut granted = issuing::of_run(tx.reader(), id).await?;
        granted.retain(|record| record.run_version == run.version);
        let mut ends = Vec::new();
        for outcome in &message.outcomes {
            let record = granted.iter().find(|record| record.id == outcome.id);
            let Some(record) = record.filter(|record| record.role_arn.is_some()) else {
                return Err(GatewayError::refused(format!(
                    "run {id} was granted nothing as {}",
                    Quoted(&outcome.id)
                )));
            };
            if let Some(trial) = &outcome.trial {
                self.note_trial(&tx, pool, record, trial).await?;
            }
            // The same message may come twice; what it said first stays.
            if record.outcome == IssuingOutcome::Requested {
                ends.extend(self.note_outcome(&tx, record, outcome).await?);
            }
        }
        self.say_after(&tx, News::of_run(id, &deciding.stack));
        let after = deciding.finish().await?;
        tx.commit().await?;
        after.perform(self);
        self.wake.run(id);
        for end in ends {
            self.runs.ends_at(end);
        }
        Ok(())
    }

    /// Answers when the session ends, where there is one.
    async fn note_outcome(
        &self,
        tx: &Tx,
        record: &Issuing,
        outcome: &GrantOutcome,
    ) -> Result<Option<i64>, GatewayError> {
        let Some(session) = &outcome.session else {
            let reason = outcome.failed.as_deref().unwrap_or("it does not say why");
            let reason = format!(
                "{} did not get its {} credentials of {}: {}",
                record.phase,
                record.access,
                record.cloud.label(),
                sentence(reason)
            );
            tracing::warn!(
                run.id = %record.run, stack.slug = %record.stack,
                role = record.role_arn.as_deref(),
                "{} did not get its {} credentials of {} in the worker; its run says why",
                record.phase, record.access, record.cloud.label()
            );
            issuing::failed(tx, &record.id, &reason).await?;
            return Ok(None);
        };
        // Not before what was granted ends, whatever the worker says: a stack whose worker is lost
        // stays locked as long as its session may live. Nor can it end later.
        let ends = session.expires_at.map(|at| record.expires_at.unwrap_or(at));
        let note = match &session.asked_as {
            Some(who) => format!(
                "{}, assumed by the worker as {}",
                record.note,
                sentence(who)
            ),
            None => format!("{}, assumed by the worker", record.note),
        };
        tracing::info!(
            run.id = %record.run, stack.slug = %record.stack,
            external_id = record.external_id.as_deref(), role = record.role_arn.as_deref(),
            "{note}"
        );
        let now = self.clock.now();
        issuing::issued(tx, &record.id, now, ends).await?;
        issuing::set_note(tx, &record.id, &note).await?;
        Ok(ends)
    }

    /// What a trial showed is known of this stack in this pool.
    async fn note_trial(
        &self,
        tx: &Tx,
        pool: &WorkerPoolId,
        record: &Issuing,
        trial: &TrialOutcome,
    ) -> Result<(), GatewayError> {
        let request = AssumeRequest::from_wire(&trial.request)
            .map_err(|error| GatewayError::Malformed(error.to_string()))?;
        let tried = (request.role_arn().as_str(), request.external_id().as_str());
        let granted = (record.role_arn.as_deref(), record.external_id.as_deref());
        if granted != (Some(tried.0), Some(tried.1)) {
            return Err(GatewayError::refused(format!(
                "what was tried is not what run {} was granted",
                record.run
            )));
        }
        let integration = record.source.as_ref().and_then(|s| s.integration.clone());
        let (source, access) = match integration {
            Some(integration) => (
                VerifiedSource::Integration(integration),
                Some(record.access),
            ),
            None => (VerifiedSource::LegacyRole, None),
        };
        if trial.outcome != VerificationOutcome::Trusted {
            tracing::warn!(
                run.id = %record.run, stack.slug = %record.stack,
                role = record.role_arn.as_deref(), outcome = trial.outcome.as_str(),
                "a worker has tried a role and does not use it"
            );
        }
        let tried = Verification {
            stack: record.stack.clone(),
            source,
            access,
            fingerprint: fingerprint_in(pool, &request),
            outcome: trial.outcome,
            message: sentence(&trial.message),
            checked_at: self.clock.now(),
        };
        verification::put(tx, &tried).await?;
        Ok(())
    }
}

/// What a worker says, fit for a page.
fn sentence(text: &str) -> String {
    let fit = text.chars().filter(|c| !c.is_control());
    fit.take(LONGEST_SENTENCE).collect()
}
