//! From a stack's own role to an integration with the same role: the role is shown to accept the new
//! external IDs, and then one transaction attaches the integration and removes the stack's own role.
//! There is no moment without credentials: a phase that starts finds the one or the other.

mod draft;
mod perform;

use gantry_cloud::provider::Patience;
use gantry_core::authz::Action;
use gantry_core::credentials::access::Access;
use gantry_core::credentials::attachment::Serves;
use gantry_core::credentials::external_id::ExternalId;
use gantry_core::credentials::integration::Integration;
use gantry_core::credentials::migration::Migration;
use gantry_core::credentials::verification::VerificationOutcome;
use gantry_core::ids::{IntegrationId, StackId};
use gantry_store::{legacy_role, legacy_role_migration};

use super::CLOUD;
use crate::role::assumed_in_worker;
use crate::verification::{Attempt, Verified};
use crate::{App, OpError, Subject};
use draft::Draft;

/// How often a migration begins anew because somebody changed what it rests on.
const ATTEMPTS: usize = 3;

/// What a migration would do, and whether the role lets it.
#[derive(Clone, Debug)]
pub struct MigrationPlan {
    /// What would change, in sentences, in the order in which it is written down; all of it happens
    /// at once.
    pub changes: Vec<String>,
    /// The integration that would serve; `None` when none is needed.
    pub integration: Option<Integration>,
    /// Whether it would be made.
    pub makes_integration: bool,
    /// What it would serve.
    pub serves: Option<Serves>,
    pub checks: Vec<MigrationCheck>,
    /// What the role's trust policy lacks; `None` when it lacks nothing that is known.
    pub missing_statement: Option<String>,
}

/// Whether the role accepts the external ID of one access.
#[derive(Clone, Debug)]
pub struct MigrationCheck {
    pub access: Access,
    pub external_id: ExternalId,
    /// `None` when only a worker can find out.
    pub outcome: Option<VerificationOutcome>,
    /// Empty when there is nothing to complain about.
    pub message: String,
}

impl MigrationPlan {
    /// Whether the migration would be carried out.
    pub fn is_ready(&self) -> bool {
        let good = |check: &MigrationCheck| {
            check
                .outcome
                .is_none_or(|outcome| outcome == VerificationOutcome::Trusted)
        };
        self.checks.iter().all(good)
    }
}

impl App {
    /// The migrations, that were carried out and may be undone, of stacks that somebody was allowed
    /// to see.
    pub async fn legacy_role_migrations(
        &self,
        stacks: &[StackId],
    ) -> Result<Vec<Migration>, OpError> {
        Ok(legacy_role_migration::of_stacks(self.store.reader(), stacks).await?)
    }

    /// The dry run. Asks the cloud and changes nothing. `chosen` says which integration; the ID of
    /// the one that would be made stays the same until the migration.
    pub async fn legacy_role_migration_plan(
        &self,
        subject: &Subject,
        stack: &StackId,
        chosen: Option<&IntegrationId>,
    ) -> Result<MigrationPlan, OpError> {
        let reader = self.store.reader();
        let draft = self.draft(reader, subject, stack, chosen).await?;
        let checks = self.checks(&draft).await?;
        let missing: Vec<ExternalId> = checks
            .iter()
            .filter(|check| check.outcome == Some(VerificationOutcome::Untrusted))
            .map(|check| check.external_id.clone())
            .collect();
        let missing_statement = match missing.is_empty() {
            true => None,
            false => Some(self.statement(&missing, &draft).await?),
        };
        Ok(MigrationPlan {
            changes: draft.changes(),
            makes_integration: draft.makes_integration(),
            serves: draft.step.serves(),
            integration: draft.integration,
            checks,
            missing_statement,
        })
    }

    /// Carries it out. Sent again, it answers with what was done.
    pub async fn legacy_role_migrate(
        &self,
        subject: &Subject,
        stack: &StackId,
        chosen: Option<&IntegrationId>,
    ) -> Result<Migration, OpError> {
        let mut verified = Verified::default();
        for _ in 0..ATTEMPTS {
            let reader = self.store.reader();
            let found = self
                .stack_for(reader, subject, stack, Action::Administer)
                .await?;
            if legacy_role::find(reader, &found.id).await?.is_none()
                && let Some(done) = legacy_role_migration::find(reader, &found.id).await?
            {
                return Ok(done);
            }
            let draft = self.draft(reader, subject, stack, chosen).await?;
            let attempts = self.attempts(&draft)?;
            self.verify(CLOUD, attempts, Patience::Update, &mut verified)
                .await?;
            if let Some(done) = self.perform(subject, &draft, chosen, &verified).await? {
                return Ok(done);
            }
        }
        Err(OpError::Unavailable(format!(
            "what is attached to the stack {stack} keeps being changed by others at this moment; try \
             again"
        )))
    }

    async fn checks(&self, draft: &Draft) -> Result<Vec<MigrationCheck>, OpError> {
        let (Some(integration), Some(serves)) = (&draft.integration, draft.step.serves()) else {
            return Ok(vec![]);
        };
        let ids = self.external_ids(integration, &draft.stack.id, serves)?;
        if assumed_in_worker(&integration.role) {
            let tried = "only a worker can assume this role: one tries it before its first use";
            let ids = ids.iter().cycle();
            let checks = serves
                .accesses()
                .zip(ids)
                .map(|(access, id)| MigrationCheck {
                    access,
                    external_id: id.clone(),
                    outcome: None,
                    message: tried.into(),
                });
            return Ok(checks.collect());
        }
        let attempts = self.attempts(draft)?;
        let records = self.try_roles(CLOUD, &attempts, Patience::Attach).await?;
        let checks = serves.accesses().zip(ids).zip(records);
        Ok(checks
            .map(|((access, external_id), record)| MigrationCheck {
                access,
                external_id,
                outcome: Some(record.outcome),
                message: record.message,
            })
            .collect())
    }

    fn attempts(&self, draft: &Draft) -> Result<Vec<Attempt>, OpError> {
        match (&draft.integration, draft.step.serves()) {
            (Some(integration), Some(serves)) if !assumed_in_worker(&integration.role) => {
                self.trials(integration, &draft.stack, serves)
            }
            _ => Ok(vec![]),
        }
    }

    async fn statement(&self, ids: &[ExternalId], draft: &Draft) -> Result<String, OpError> {
        let tagged = draft.legacy.role.tag_sessions;
        let statement = self.cloud(CLOUD)?.trust_statement(ids, tagged).await;
        statement.map_err(|error| {
            OpError::Unavailable(format!(
                "the trust statement names this server's own identity, which is not known: {error}"
            ))
        })
    }
}
