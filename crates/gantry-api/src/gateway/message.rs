//! JSON messages.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use gantry_app::App;
use gantry_core::ids::RunId;
use gantry_core::protocol::{Claim, Heartbeat, Hello, PhaseFinished, Prepared, Released};

use super::answer;

type Shared = State<Arc<App>>;

pub(super) async fn hello(State(app): Shared, Json(message): Json<Hello>) -> Response {
    answer::json("hello", app.worker_hello(&message).await)
}

pub(super) async fn claim(State(app): Shared, Json(message): Json<Claim>) -> Response {
    answer::json_or_nothing("claim", app.run_claim(&message).await)
}

pub(super) async fn heartbeat(
    State(app): Shared,
    Path(run): Path<RunId>,
    Json(message): Json<Heartbeat>,
) -> Response {
    answer::json(run.as_str(), app.run_heartbeat(&run, &message).await)
}

pub(super) async fn prepared(
    State(app): Shared,
    Path(run): Path<RunId>,
    Json(message): Json<Prepared>,
) -> Response {
    answer::json(run.as_str(), app.run_prepared(&run, &message).await)
}

pub(super) async fn finished(
    State(app): Shared,
    Path(run): Path<RunId>,
    Json(message): Json<PhaseFinished>,
) -> Response {
    answer::json(run.as_str(), app.run_phase_finished(&run, &message).await)
}

pub(super) async fn released(
    State(app): Shared,
    Path(run): Path<RunId>,
    Json(message): Json<Released>,
) -> Response {
    answer::nothing(run.as_str(), app.run_released(&run, &message).await)
}
