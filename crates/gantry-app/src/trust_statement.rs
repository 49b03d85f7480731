//! External IDs and the trust statements that go with them: what a user pastes into a role, from
//! the same constructor as what is sent.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use gantry_core::authz::Action;
use gantry_core::credentials::attachment::Serves;
use gantry_core::credentials::cloud::Cloud;
use gantry_core::credentials::external_id::ExternalId;
use gantry_core::credentials::integration::Integration;
use gantry_core::credentials::legacy_role::LegacyRole;
use gantry_core::ids::StackId;

use crate::role::custom_external_id;
use crate::{App, OpError, Subject};

/// Longer than a healthy cloud takes to say who we are.
const IDENTITY_PATIENCE: Duration = Duration::from_secs(2);
/// How long nobody asks again after the cloud did not say who we are.
const SILENCE: Duration = Duration::from_secs(60);

/// IAM takes 4,096 characters of a trust policy at the most.
const MOST_STACKS: usize = 50;

/// An external ID, and the statement with which a role accepts it (a JSON object).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalIdAndStatement {
    pub external_id: ExternalId,
    pub statement: String,
}

/// Remembers that the cloud did not answer, so that a page of stacks does not wait for each.
#[derive(Default)]
pub(crate) struct Unanswered(Mutex<Option<Instant>>);

impl App {
    /// What a role has to accept for `stack` to use it through `integration`, attached or not. With
    /// both accesses the statement lists both IDs, and the single one is that of write.
    pub async fn external_id_for_stack(
        &self,
        subject: &Subject,
        cloud: Cloud,
        integration: &Integration,
        stack: &StackId,
        (read, write): (bool, bool),
    ) -> Result<ExternalIdAndStatement, OpError> {
        let serves = Serves::from_flags(read, write).map_err(refused)?;
        let reader = self.store.reader();
        let stack = self.stack_for(reader, subject, stack, Action::See).await?;
        let ids = self.external_ids(integration, &stack.id, serves)?;
        let tagged = integration.role.tag_sessions;
        let statement = self
            .cloud(cloud)?
            .trust_statement(&ids, tagged)
            .await
            .map_err(|error| {
                OpError::Unavailable(format!(
                    "the trust statement names this server's own identity, which is not known: \
                     {error}"
                ))
            })?;
        let external_id = ids.into_iter().next_back().ok_or_else(|| {
            OpError::internal("make an external ID", "an attachment serves some access")
        })?;
        Ok(ExternalIdAndStatement {
            external_id,
            statement,
        })
    }

    /// One statement with which a role accepts all of these stacks, attached or not, for the accesses
    /// that are chosen.
    pub async fn trust_statement_for_stacks(
        &self,
        subject: &Subject,
        cloud: Cloud,
        integration: &Integration,
        stacks: &[StackId],
        (read, write): (bool, bool),
    ) -> Result<String, OpError> {
        let serves = Serves::from_flags(read, write).map_err(refused)?;
        if stacks.is_empty() || stacks.len() > MOST_STACKS {
            return Err(OpError::invalid(format!(
                "stackIds: a trust statement is for 1 to {MOST_STACKS} stacks, not for {}; beyond \
                 that, IAM takes no policy of that length",
                stacks.len()
            )));
        }
        let reader = self.store.reader();
        let mut ids = Vec::new();
        for stack in stacks {
            let stack = self.stack_for(reader, subject, stack, Action::See).await?;
            for id in self.external_ids(integration, &stack.id, serves)? {
                if !ids.contains(&id) {
                    ids.push(id);
                }
            }
        }
        let statement = self.cloud(cloud)?;
        let statement = statement.trust_statement(&ids, integration.role.tag_sessions);
        statement.await.map_err(|error| {
            OpError::Unavailable(format!(
                "the trust statement names this server's own identity, which is not known: {error}"
            ))
        })
    }

    /// In the order read, write.
    pub(crate) fn external_ids(
        &self,
        integration: &Integration,
        stack: &StackId,
        serves: Serves,
    ) -> Result<Vec<ExternalId>, OpError> {
        if let Some(custom) = custom_external_id(&integration.role) {
            let custom = ExternalId::custom(&self.account, custom, true).map_err(refused)?;
            return Ok(vec![custom]);
        }
        serves
            .accesses()
            .map(|access| {
                ExternalId::for_integration(&self.account, &integration.id, stack, access)
                    .map_err(refused)
            })
            .collect()
    }

    /// The statement for a role of the stack's own. Part of every answer about a stack, so it
    /// neither fails nor takes long: as long as the cloud does not say who this server is, the
    /// place of the principal says so.
    pub async fn legacy_trust_statement(
        &self,
        stack: &StackId,
        role: Option<&LegacyRole>,
    ) -> Result<String, OpError> {
        let custom = role.and_then(|legacy| custom_external_id(&legacy.role));
        let id = match custom {
            Some(custom) => ExternalId::custom(&self.account, custom, true).map_err(refused)?,
            None => ExternalId::for_legacy_role(&self.account, stack).map_err(refused)?,
        };
        let ids = [id];
        let provider = self.clouds.get(Cloud::Aws);
        if let Some(provider) = provider.filter(|_| !self.unanswered.lately()) {
            let asked = provider.trust_statement(&ids, false);
            match tokio::time::timeout(IDENTITY_PATIENCE, asked).await {
                Ok(Ok(statement)) => return Ok(statement),
                Ok(Err(error)) => {
                    tracing::warn!("AWS does not say who this server is: {error}");
                    self.unanswered.note();
                }
                Err(_) => {
                    tracing::warn!("AWS does not say who this server is in time");
                    self.unanswered.note();
                }
            }
        }
        let unknown = gantry_cloud::aws::trust::UNKNOWN_PRINCIPAL;
        Ok(gantry_cloud::aws::trust::statement(unknown, &ids, false).to_string())
    }
}

impl Unanswered {
    fn lately(&self) -> bool {
        let noted = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        noted.is_some_and(|at| at.elapsed() < SILENCE)
    }

    fn note(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }
}

fn refused(error: impl std::fmt::Display) -> OpError {
    OpError::invalid(error.to_string())
}
