//! Roles that a private worker assumes itself: it is handed the grant, and says what came of it before
//! its child starts (`gateway/issued.rs`). The records are those of roles that the server assumes.

use gantry_core::caller::Caller;
use gantry_core::credentials::issuing::Issuing;
use gantry_core::ids::WorkerPoolId;
use gantry_core::protocol::WorkerGrant;
use gantry_core::run::Run;
use gantry_core::stack::Stack;

use super::Request;
use crate::{App, OpError};

/// Whether the stack's runs go to private workers.
pub(super) fn in_private_pool(stack: &Stack) -> bool {
    stack.settings.worker_pool.is_some()
}

/// What the worker is told. No secret is in it.
pub(super) fn handed(record: &Issuing, request: &Request) -> WorkerGrant {
    let trial = request.first_use.as_ref();
    WorkerGrant {
        id: record.id.clone(),
        cloud: record.cloud,
        access: record.access,
        request: request.grant.request().to_wire(),
        trial: trial.map(|attempt| attempt.trial.request().to_wire()),
    }
}

impl App {
    /// The pool whose worker holds the run.
    pub(super) async fn pool_of(&self, run: &Run) -> Result<Option<WorkerPoolId>, OpError> {
        let Some(worker) = &run.worker else {
            return Ok(None);
        };
        Ok(match self.caller_of(worker).await? {
            Some(Caller::Private(pool)) => Some(pool),
            Some(Caller::Embedded | Caller::Shared(_)) | None => None,
        })
    }
}
