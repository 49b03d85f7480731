//! The server's side of the worker protocol ([`gantry_core::protocol`]), for a unix socket.
//!
//! Whoever can open the socket and knows the token is a worker. Answers may hold the credentials of a
//! phase: nothing of a body is logged, and no cache is on the way.

mod answer;
mod message;
mod upload;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{post, put};
use gantry_app::App;
use gantry_core::protocol::PREFIX;
use secrecy::{ExposeSecret as _, SecretString};
use subtle::ConstantTimeEq as _;

/// JSON messages are small; a commit's message is the longest thing in them.
const MESSAGE_BYTES: usize = 1 << 20;
/// One piece of a log.
const LOG_BYTES: usize = 8 << 20;
/// A plan bundle, its JSON, or a state.
const UPLOAD_BYTES: usize = 1 << 30;

/// The protocol below its prefix, for workers that know `token`.
pub fn router(app: Arc<App>, token: SecretString) -> Router {
    let messages = Router::new()
        .route("/hello", post(message::hello))
        .route("/claim", post(message::claim))
        .route("/runs/{run}/heartbeat", post(message::heartbeat))
        .route("/runs/{run}/prepared", post(message::prepared))
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
    let expected = Arc::new(SecretString::from(format!(
        "Bearer {}",
        token.expose_secret()
    )));
    Router::new()
        .nest(PREFIX, below)
        .layer(axum::middleware::from_fn_with_state(expected, known))
}

/// Lets pass who knows the token.
async fn known(
    State(expected): State<Arc<SecretString>>,
    request: Request,
    next: Next,
) -> Response {
    let given = request.headers().get(header::AUTHORIZATION);
    let fits = given.is_some_and(|given| {
        bool::from(given.as_bytes().ct_eq(expected.expose_secret().as_bytes()))
    });
    if !fits {
        tracing::warn!(
            path = request.uri().path(),
            "a request to the worker gateway came without its token"
        );
        return StatusCode::UNAUTHORIZED.into_response();
    }
    next.run(request).await
}
