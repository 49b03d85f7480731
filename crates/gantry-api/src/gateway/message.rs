//! JSON messages.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use axum::{Extension, Json};
use gantry_app::App;
use gantry_core::caller::Caller;
use gantry_core::ids::RunId;
use gantry_core::protocol::{
    Claim, Heartbeat, Hello, Issued, PhaseFinished, Prepared, Released, Standing, VERSION,
};

use super::answer;

type Shared = State<Arc<App>>;

pub(super) async fn hello(
    State(app): Shared,
    Extension(caller): Extension<Caller>,
    Json(message): Json<Hello>,
) -> Response {
    answer::json("hello", app.worker_hello(&caller, &message).await)
}

pub(super) async fn caller(Extension(caller): Extension<Caller>) -> Response {
    let standing = Standing {
        protocol: VERSION,
        caller: caller.to_string(),
    };
    answer::json("caller", Ok(standing))
}

pub(super) async fn claim(
    State(app): Shared,
    Extension(caller): Extension<Caller>,
    Json(message): Json<Claim>,
) -> Response {
    answer::json_or_nothing("claim", app.run_claim(&caller, &message).await)
}

pub(super) async fn heartbeat(
    State(app): Shared,
    Extension(caller): Extension<Caller>,
    Path(run): Path<RunId>,
    Json(message): Json<Heartbeat>,
) -> Response {
    answer::json(
        run.as_str(),
        app.run_heartbeat(&caller, &run, &message).await,
    )
}

pub(super) async fn prepared(
    State(app): Shared,
    Extension(caller): Extension<Caller>,
    Path(run): Path<RunId>,
    Json(message): Json<Prepared>,
) -> Response {
    answer::json(
        run.as_str(),
        app.run_prepared(&caller, &run, &message).await,
    )
}

pub(super) async fn issued(
    State(app): Shared,
    Extension(caller): Extension<Caller>,
    Path(run): Path<RunId>,
    Json(message): Json<Issued>,
) -> Response {
    answer::nothing(run.as_str(), app.run_issued(&caller, &run, &message).await)
}

pub(super) async fn finished(
    State(app): Shared,
    Extension(caller): Extension<Caller>,
    Path(run): Path<RunId>,
    Json(message): Json<PhaseFinished>,
) -> Response {
    answer::json(
        run.as_str(),
        app.run_phase_finished(&caller, &run, &message).await,
    )
}

pub(super) async fn released(
    State(app): Shared,
    Extension(caller): Extension<Caller>,
    Path(run): Path<RunId>,
    Json(message): Json<Released>,
) -> Response {
    answer::nothing(
        run.as_str(),
        app.run_released(&caller, &run, &message).await,
    )
}
