//! Bytes: logs, plans, states.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use bytes::Bytes;
use gantry_app::App;
use gantry_core::caller::Caller;
use gantry_core::ids::RunId;
use serde::Deserialize;

use super::answer;

type Shared = State<Arc<App>>;

#[derive(Deserialize)]
pub(super) struct Held {
    fence: i64,
}

#[derive(Deserialize)]
pub(super) struct At {
    fence: i64,
    offset: u64,
}

pub(super) async fn log(
    State(app): Shared,
    Extension(caller): Extension<Caller>,
    Path((run, version)): Path<(RunId, i64)>,
    Query(at): Query<At>,
    body: Bytes,
) -> Response {
    let appended = app.run_log_append(&caller, &run, version, at.fence, at.offset, body);
    answer::nothing(run.as_str(), appended.await)
}

pub(super) async fn plan(
    State(app): Shared,
    Extension(caller): Extension<Caller>,
    Path(run): Path<RunId>,
    Query(held): Query<Held>,
    body: Bytes,
) -> Response {
    answer::nothing(
        run.as_str(),
        app.plan_put(&caller, &run, held.fence, body).await,
    )
}

pub(super) async fn plan_back(
    State(app): Shared,
    Extension(caller): Extension<Caller>,
    Path(run): Path<RunId>,
    Query(held): Query<Held>,
) -> Response {
    let bundle = app.plan_get(&caller, &run, held.fence).await;
    answer::bytes(run.as_str(), bundle.map(|bundle| bundle.to_vec()))
}

pub(super) async fn plan_json(
    State(app): Shared,
    Extension(caller): Extension<Caller>,
    Path(run): Path<RunId>,
    Query(held): Query<Held>,
    body: Bytes,
) -> Response {
    let put = app.plan_json_put(&caller, &run, held.fence, body);
    answer::nothing(run.as_str(), put.await)
}

pub(super) async fn errored_state(
    State(app): Shared,
    Extension(caller): Extension<Caller>,
    Path(run): Path<RunId>,
    Query(held): Query<Held>,
    body: Bytes,
) -> Response {
    let put = app.errored_state_put(&caller, &run, held.fence, body);
    answer::nothing(run.as_str(), put.await)
}

pub(super) async fn errored_state_back(
    State(app): Shared,
    Extension(caller): Extension<Caller>,
    Path(run): Path<RunId>,
    Query(held): Query<Held>,
) -> Response {
    let state = app.errored_state_get(&caller, &run, held.fence).await;
    answer::bytes(run.as_str(), state.map(|state| state.to_vec()))
}
