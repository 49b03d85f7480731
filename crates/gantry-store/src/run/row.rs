//! What a run looks like as a row.

use gantry_core::ids::{RunId, StackId, WorkerId};
use gantry_core::run::{Lease, Run, RunKind, RunState};
use serde::de::DeserializeOwned;

use crate::{Row, StoreError};

pub(super) const COLUMNS: &str = "SELECT id, stack_id, kind, state, version, title, command, \
     skip_initialization, requested_commit, commit_info, tool, branch, triggered_by, triggered_by_id, \
     prioritized, metadata, worker_id, fence, lease_until, stop_requested, write_issued, \
     user_secrets, delta, plan_object, changes_object, created_at, updated_at, finished_at \
     FROM run";

pub(super) fn from_row(row: &Row) -> Result<Run, StoreError> {
    let worker = row.opt_text("worker_id")?.map(WorkerId::new);
    let lease = match (&worker, row.opt_int("lease_until")?) {
        (Some(worker), Some(until)) => Some(Lease {
            worker: worker.clone(),
            until,
        }),
        _ => None,
    };
    Ok(Run {
        id: RunId::new(row.text("id")?),
        stack: StackId::new(row.text("stack_id")?),
        kind: row.parsed("kind", RunKind::parse)?,
        state: row.parsed("state", RunState::parse)?,
        version: row.int("version")?,
        title: row.opt_text("title")?,
        command: row.opt_text("command")?,
        skip_initialization: row.flag("skip_initialization")?,
        requested_commit: row.opt_text("requested_commit")?,
        commit: opt_json(row, "commit_info")?,
        tool: opt_json(row, "tool")?,
        branch: row.text("branch")?,
        triggered_by: row.text("triggered_by")?,
        triggered_by_id: row.text("triggered_by_id")?,
        prioritized: row.flag("prioritized")?,
        metadata: row.opt_text("metadata")?,
        worker,
        lease,
        fence: row.int("fence")?,
        stop_requested: row.flag("stop_requested")?,
        write_issued: row.flag("write_issued")?,
        user_secrets: row.flag("user_secrets")?,
        delta: opt_json(row, "delta")?,
        plan_object: row.opt_text("plan_object")?,
        changes_object: row.opt_text("changes_object")?,
        created_at: row.int("created_at")?,
        updated_at: row.int("updated_at")?,
        finished_at: row.opt_int("finished_at")?,
    })
}

fn opt_json<T: DeserializeOwned>(row: &Row, column: &str) -> Result<Option<T>, StoreError> {
    match row.opt_text(column)? {
        Some(_) => row.json(column).map(Some),
        None => Ok(None),
    }
}
