//! The audit trail, read only. An addition to the contract.

use async_graphql::{Context, ID, Json, Object, Result, SimpleObject};
use gantry_app::audit::Period;
use gantry_app::search::Page;
use gantry_core::audit;

use super::cx::{app, subject};
use super::search::{PageInfo, SearchInput};
use crate::error;

#[derive(Default)]
pub struct AuditQuery;

#[Object]
impl AuditQuery {
    /// What was done in the spaces that the viewer administers, newest first; for administrators of
    /// the account, everywhere. `from` and `until` are Unix seconds, the latter exclusive. Predicates:
    /// `action`, `actor`, `run`, `space`, `stack`, `targetId`, `targetKind`. An addition to the
    /// contract.
    async fn search_audit_events(
        &self,
        ctx: &Context<'_>,
        input: SearchInput,
        from: Option<i64>,
        until: Option<i64>,
    ) -> Result<AuditEventConnection> {
        let (period, search) = (Period { from, until }, input.decode()?);
        let page = app(ctx).audit_search(subject(ctx)?, period, &search).await;
        Ok(page.map_err(error::graphql)?.into())
    }
}

#[derive(SimpleObject)]
struct AuditEventConnection {
    edges: Vec<AuditEventEdge>,
    page_info: PageInfo,
}

#[derive(SimpleObject)]
struct AuditEventEdge {
    node: AuditEvent,
}

/// One thing that somebody did, written in the transaction that did it.
#[derive(SimpleObject)]
struct AuditEvent {
    id: ID,
    /// Unix milliseconds.
    timestamp_ms: i64,
    /// `noun.verb`, such as `stack.lock`.
    action: String,
    /// `api-key/<ID>`, `user/<ID>`, `<stack>/<run>` for a run's token, `gantry`, or `command line`.
    actor: String,
    /// What it was called then.
    actor_name: String,
    /// Where the thing lived then; null for what belongs to the account.
    space: Option<ID>,
    target_kind: String,
    target_id: ID,
    /// What it was called then.
    target_name: Option<String>,
    stack: Option<ID>,
    run: Option<ID>,
    /// What else there is to know, by name; a JSON object. Never a secret.
    details: Json<serde_json::Map<String, serde_json::Value>>,
}

impl From<Page<audit::AuditEvent>> for AuditEventConnection {
    fn from(page: Page<audit::AuditEvent>) -> Self {
        let page_info = PageInfo::from(&page);
        let edges = page.items.into_iter().map(|event| AuditEventEdge {
            node: AuditEvent::from(event),
        });
        AuditEventConnection {
            edges: edges.collect(),
            page_info,
        }
    }
}

impl From<audit::AuditEvent> for AuditEvent {
    fn from(event: audit::AuditEvent) -> Self {
        AuditEvent {
            id: ID(event.id),
            timestamp_ms: event.at,
            action: event.action,
            actor: event.actor.id,
            actor_name: event.actor.name,
            space: event.space.map(|space| ID(space.into_string())),
            target_kind: event.target.kind,
            target_id: ID(event.target.id),
            target_name: event.target.name,
            stack: event.stack.map(|stack| ID(stack.into_string())),
            run: event.run.map(|run| ID(run.into_string())),
            details: Json(event.details),
        }
    }
}
