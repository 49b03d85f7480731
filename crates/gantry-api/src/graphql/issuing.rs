//! What the phases of a run were issued, and why not: names of identities, never a secret.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use gantry_core::credentials::issuing::Issuing;
use gantry_core::run::Run;

use super::cx::app;
use crate::error;

/// A part of `Run`, to be merged into it. Whoever has the run may see all of it.
pub struct RunCredentials(pub Arc<Run>);

#[Object]
impl RunCredentials {
    /// One entry per phase and cloud, oldest first. An addition to the contract.
    async fn credentials(&self, ctx: &Context<'_>) -> Result<Vec<PhaseCredentials>> {
        let issued = app(ctx)
            .issued_to_run(&self.0)
            .await
            .map_err(error::graphql)?;
        Ok(issued.into_iter().map(PhaseCredentials::from).collect())
    }
}

#[derive(SimpleObject)]
struct PhaseCredentials {
    id: ID,
    phase: &'static str,
    /// `read` or `write`.
    access: &'static str,
    cloud: &'static str,
    /// `requested`, `issued`, `failed`, `nothing_attached`, `set_by_user`, `conflict`,
    /// `worker_side_unavailable` or `refused`.
    outcome: &'static str,
    /// The outcome in a sentence.
    note: String,
    /// `attachment`, `legacy role` or `auto-attach`.
    source: Option<String>,
    integration: Option<ID>,
    /// As it was named then.
    integration_name: Option<String>,
    role_arn: Option<String>,
    external_id: Option<String>,
    session_name: Option<String>,
    /// Unix seconds.
    decided_at: i64,
    /// Unix seconds.
    issued_at: Option<i64>,
    /// Unix seconds; while the outcome is `requested`, the latest that is possible.
    expires_at: Option<i64>,
}

impl From<Issuing> for PhaseCredentials {
    fn from(issuing: Issuing) -> Self {
        let (source, integration, integration_name) = match issuing.source {
            Some(source) => (
                Some(source.kind),
                source.integration.map(|id| ID(id.into_string())),
                source.integration_name,
            ),
            None => (None, None, None),
        };
        PhaseCredentials {
            id: ID(issuing.id),
            phase: issuing.phase.as_str(),
            access: issuing.access.as_str(),
            cloud: issuing.cloud.as_str(),
            outcome: issuing.outcome.as_str(),
            note: issuing.note,
            source,
            integration,
            integration_name,
            role_arn: issuing.role_arn,
            external_id: issuing.external_id,
            session_name: issuing.session_name,
            decided_at: issuing.decided_at / 1000,
            issued_at: issuing.issued_at.map(|at| at / 1000),
            expires_at: issuing.expires_at.map(|at| at / 1000),
        }
    }
}
