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
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post, put};
use gantry_app::App;
use gantry_core::protocol::PREFIX;
use secrecy::{ExposeSecret as _, SecretString};

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
    let messages = Router::new()
        .route("/caller", get(message::caller))
        .route("/hello", post(message::hello))
        .route("/claim", post(message::claim))
        .route("/runs/{run}/heartbeat", post(message::heartbeat))
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
    let below = messages.merge(logs).merge(uploads).with_state(app);
    Router::new().nest(PREFIX, below)
}
