//! What the phases of a run were issued, and why not: names of identities, never a secret.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::dataloader::Loader;
use async_graphql::{Context, ID, Object, Result, SimpleObject};
use gantry_core::credentials::issuing::Issuing;
use gantry_core::ids::RunId;
use gantry_core::run::Run;

use super::batch::{self, Batch};
use crate::error;

/// A part of `Run`, to be merged into it. Whoever has the run may see all of it.
pub struct RunCredentials(pub Arc<Run>);

#[Object]
impl RunCredentials {
    /// One entry per phase and cloud, oldest first. An addition to the contract.
    async fn credentials(&self, ctx: &Context<'_>) -> Result<Vec<PhaseCredentials>> {
        let issued = batch::one(ctx, IssuedTo(self.0.id.clone())).await?;
        let issued = issued.unwrap_or_default().into_iter();
        Ok(issued.map(PhaseCredentials::from).collect())
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct IssuedTo(RunId);

impl Loader<IssuedTo> for Batch {
    type Value = Vec<Issuing>;
    type Error = async_graphql::Error;

    async fn load(&self, keys: &[IssuedTo]) -> Result<HashMap<IssuedTo, Self::Value>> {
        let runs: Vec<RunId> = keys.iter().map(|key| key.0.clone()).collect();
        let issued = self.app.issued_to_runs(&runs).await;
        let issued = issued.map_err(error::graphql)?.into_iter();
        Ok(batch::grouped(
            issued.map(|issuing| (IssuedTo(issuing.run.clone()), issuing)),
        ))
    }
}

/// What an integration gave to a phase. An addition to the contract.
#[derive(SimpleObject)]
pub struct IntegrationIssued {
    run: ID,
    stack: ID,
    credentials: PhaseCredentials,
}

impl From<Issuing> for IntegrationIssued {
    fn from(issuing: Issuing) -> Self {
        IntegrationIssued {
            run: ID(issuing.run.as_str().to_owned()),
            stack: ID(issuing.stack.as_str().to_owned()),
            credentials: issuing.into(),
        }
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
    /// The phase went on after they had ended.
    outlived: bool,
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
            outlived: issuing.outlived,
        }
    }
}
