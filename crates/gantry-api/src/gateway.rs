//! The server's side of the worker protocol ([`gantry_core::protocol`]): over a unix socket for the
//! worker that is our child, and over TLS for all others.
//!
//! Who calls is worked out here, from the connection, before anything of a message is looked at; each
//! operation is told. Answers may hold the credentials of a phase: nothing of a body is logged, and no
//! cache is on the way.

mod answer;
pub mod listener;
mod message;
mod upload;
mod who;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::extract::{RawPathParams, Request};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::Response;
use axum::routing::{get, post, put};
use gantry_app::App;
use gantry_core::protocol::PREFIX;
use secrecy::{ExposeSecret as _, SecretString};
use tracing::Instrument as _;
use tracing::field::Empty;

use crate::metrics::{self, Timed};

/// JSON messages are small; a commit's message is the longest thing in them.
const MESSAGE_BYTES: usize = 1 << 20;
/// One piece of a log.
const LOG_BYTES: usize = 8 << 20;
/// A plan bundle, its JSON, or a state.
const UPLOAD_BYTES: usize = 1 << 30;

/// For the worker that a server starts itself: whoever can open the socket and knows the token.
pub fn embedded(app: Arc<App>, token: SecretString) -> Router {
    let expected = Arc::new(SecretString::from(format!(
        "Bearer {}",
        token.expose_secret()
    )));
    protocol(app).layer(from_fn_with_state(expected, who::our_child))
}

/// For workers elsewhere: who calls is said by a pool's certificate or by a worker token.
pub fn remote(app: Arc<App>) -> Router {
    protocol(app.clone()).layer(from_fn_with_state(app, who::from_elsewhere))
}

/// The protocol below its prefix. Each request carries its caller.
fn protocol(app: Arc<App>) -> Router {
    let timed = |class| {
        let timed = Timed {
            app: app.clone(),
            class,
        };
        from_fn_with_state(timed, metrics::timed)
    };
    let held_back = Router::new()
        .route("/claim", post(message::claim))
        .route("/runs/{run}/heartbeat", post(message::heartbeat))
        .layer(DefaultBodyLimit::max(MESSAGE_BYTES))
        .layer(timed("worker_wait"));
    let messages = Router::new()
        .route("/caller", get(message::caller))
        .route("/hello", post(message::hello))
        .route("/runs/{run}/prepared", post(message::prepared))
        .route("/runs/{run}/issued", post(message::issued))
        .route("/runs/{run}/finished", post(message::finished))
        .route("/runs/{run}/released", post(message::released))
        .layer(DefaultBodyLimit::max(MESSAGE_BYTES));
    let logs = Router::new()
        .route("/runs/{run}/logs/{version}", post(upload::log))
        .layer(DefaultBodyLimit::max(LOG_BYTES));
    let uploads = Router::new()
        .route("/runs/{run}/plan", put(upload::plan).get(upload::plan_back))
        .route("/runs/{run}/plan-json", put(upload::plan_json))
        .route(
            "/runs/{run}/errored-state",
            put(upload::errored_state).get(upload::errored_state_back),
        )
        .layer(DefaultBodyLimit::max(UPLOAD_BYTES));
    let at_once = messages.merge(logs).merge(uploads);
    let below = at_once.layer(timed("worker")).merge(held_back);
    let below = below.layer(from_fn(about_run)).with_state(app.clone());
    Router::new().nest(PREFIX, below)
}

/// Every line of the log that comes of a message names its run, and the stack once it was looked up.
async fn about_run(params: RawPathParams, request: Request, next: Next) -> Response {
    let run = params.iter().find(|(name, _)| *name == "run");
    match run {
        Some((_, run)) => {
            let span = tracing::info_span!("message", run.id = run, stack.slug = Empty);
            next.run(request).instrument(span).await
        }
        None => next.run(request).await,
    }
}
