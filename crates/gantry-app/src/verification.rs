//! Whether roles trust this server, and nobody but it: tried before they are relied on.
//!
//! A trial asks the cloud, so it never runs inside a transaction. Whoever writes afterwards checks,
//! inside the transaction, that what was tried is still what is written.

use gantry_cloud::provider::{self, Patience};
use gantry_core::credentials::attachment::{Attachment, Serves};
use gantry_core::credentials::cloud::Cloud;
use gantry_core::credentials::integration::Integration;
use gantry_core::credentials::legacy_role::LegacyRole;
use gantry_core::credentials::trial::Trial;
use gantry_core::credentials::verification::{
    Verification, VerificationOutcome, VerifiedSource, fingerprint,
};
use gantry_core::stack::Stack;
use gantry_store::{Tx, stack, verification};

use crate::{App, OpError};

/// A role to try, and whose it is.
pub(crate) struct Attempt {
    pub source: VerifiedSource,
    pub trial: Trial,
}

/// What was tried successfully so far, to be written with what relies on it.
#[derive(Default)]
pub(crate) struct Verified(Vec<Verification>);

impl Verified {
    pub(crate) async fn save(&self, tx: &Tx) -> Result<(), OpError> {
        for record in &self.0 {
            verification::put(tx, record).await?;
        }
        Ok(())
    }

    fn contains(&self, attempt: &Attempt) -> bool {
        let wanted = fingerprint(attempt.trial.request());
        self.0.iter().any(|record| record.fingerprint == wanted)
    }
}

impl App {
    /// What the trials of an integration on one stack showed when they were last made.
    pub async fn verifications_of_stack(
        &self,
        stack: &Stack,
    ) -> Result<Vec<Verification>, OpError> {
        Ok(verification::of_stack(self.store.reader(), &stack.id).await?)
    }

    /// One trial for each access that the integration is to serve.
    pub(crate) fn trials(
        &self,
        integration: &Integration,
        stack: &Stack,
        serves: Serves,
    ) -> Result<Vec<Attempt>, OpError> {
        serves
            .accesses()
            .map(|access| {
                let trial = Trial::for_integration(
                    &self.account,
                    &integration.id,
                    &integration.role,
                    &stack.id,
                    &stack.settings.space,
                    access,
                )
                .map_err(cannot_ask)?;
                let source = VerifiedSource::Integration(integration.id.clone());
                Ok(Attempt { source, trial })
            })
            .collect()
    }

    /// The same for every stack that an integration is attached to.
    pub(crate) async fn trials_everywhere(
        &self,
        integration: &Integration,
        attachments: &[Attachment],
    ) -> Result<Vec<Attempt>, OpError> {
        let mut attempts = Vec::new();
        for attachment in attachments {
            if let Some(stack) = stack::find(self.store.reader(), &attachment.stack).await? {
                attempts.extend(self.trials(integration, &stack, attachment.serves)?);
            }
        }
        Ok(attempts)
    }

    pub(crate) fn legacy_trial(&self, legacy: &LegacyRole) -> Result<Attempt, OpError> {
        let trial = Trial::for_legacy_role(&self.account, legacy).map_err(cannot_ask)?;
        let source = VerifiedSource::LegacyRole;
        Ok(Attempt { source, trial })
    }

    /// Tries what `verified` does not hold yet, and adds it. The first attempt, in the order given,
    /// that does not show a role which trusts us, and only us, is the answer.
    pub(crate) async fn verify(
        &self,
        cloud: Cloud,
        mut attempts: Vec<Attempt>,
        patience: Patience,
        verified: &mut Verified,
    ) -> Result<(), OpError> {
        attempts.retain(|attempt| !verified.contains(attempt));
        for record in self.try_roles(cloud, &attempts, patience).await? {
            match record.outcome {
                VerificationOutcome::Trusted => verified.0.push(record),
                VerificationOutcome::Untrusted | VerificationOutcome::Open => {
                    return Err(OpError::conflict(record.message));
                }
                VerificationOutcome::Unknown => return Err(OpError::Unavailable(record.message)),
            }
        }
        Ok(())
    }

    /// One record per attempt, in the same order.
    pub(crate) async fn try_roles(
        &self,
        cloud: Cloud,
        attempts: &[Attempt],
        patience: Patience,
    ) -> Result<Vec<Verification>, OpError> {
        if attempts.is_empty() {
            return Ok(vec![]);
        }
        let provider = self.cloud(cloud)?;
        let trials: Vec<Trial> = attempts
            .iter()
            .map(|attempt| attempt.trial.clone())
            .collect();
        let answers = provider.verify(&trials, patience).await;
        let now = self.clock.now();
        Ok(attempts
            .iter()
            .zip(answers)
            .map(|(attempt, answer)| record(attempt, &answer, now))
            .collect())
    }
}

impl App {
    pub(crate) fn cloud(&self, cloud: Cloud) -> Result<&dyn provider::CloudProvider, OpError> {
        self.clouds.get(cloud).ok_or_else(|| {
            OpError::Unavailable(format!(
                "this installation does not speak to {}",
                cloud.label()
            ))
        })
    }
}

fn record(attempt: &Attempt, answer: &provider::Verification, now: i64) -> Verification {
    Verification {
        stack: attempt.trial.stack.clone(),
        source: attempt.source.clone(),
        access: attempt.trial.access,
        fingerprint: fingerprint(attempt.trial.request()),
        outcome: match answer {
            provider::Verification::TrustsUs => VerificationOutcome::Trusted,
            provider::Verification::Refused { .. } => VerificationOutcome::Untrusted,
            provider::Verification::Open { .. } => VerificationOutcome::Open,
            provider::Verification::Unknown { .. } => VerificationOutcome::Unknown,
        },
        message: answer.message().unwrap_or_default().to_owned(),
        checked_at: now,
    }
}

/// IDs were checked when they were made, so this means damaged data.
fn cannot_ask(part: impl std::fmt::Display) -> OpError {
    OpError::conflict(part.to_string())
}
