//! From an operation's outcome to what the tool expects: a status, and in the body a sentence or,
//! where somebody else has the lock, who.

use axum::Json;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use gantry_app::state::StateRefused;
use gantry_app::{OpError, rfc3339};
use gantry_core::ids::StackId;
use gantry_core::state::StateLock;
use zeroize::Zeroizing;

const NO_STORE: (HeaderName, &str) = (header::CACHE_CONTROL, "no-store");

/// `200` with the state, or `204` before the first.
pub(super) fn state(
    stack: &StackId,
    found: Result<Option<Zeroizing<Vec<u8>>>, StateRefused>,
) -> Response {
    match found {
        Ok(Some(content)) => json(content),
        Ok(None) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => refused(stack, error),
    }
}

pub(super) fn json(mut content: Zeroizing<Vec<u8>>) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), NO_STORE];
    (headers, std::mem::take(&mut *content)).into_response()
}

/// `200`: it is durable.
pub(super) fn done(stack: &StackId, outcome: Result<(), StateRefused>) -> Response {
    match outcome {
        Ok(()) => StatusCode::OK.into_response(),
        Err(error) => refused(stack, error),
    }
}

pub(super) fn sentence(status: StatusCode, text: String) -> Response {
    (status, [NO_STORE], format!("{text}\n")).into_response()
}

pub(super) fn unauthorized() -> Response {
    let challenge = [(header::WWW_AUTHENTICATE, "Basic realm=\"gantry\"")];
    let text = "log in with the user name and the password of a phase at work (TF_HTTP_USERNAME, \
                TF_HTTP_PASSWORD): they end with the phase";
    (StatusCode::UNAUTHORIZED, challenge, format!("{text}\n")).into_response()
}

pub(super) fn unknown_method(method: &str, known: &str) -> Response {
    let text = format!("the method {method} is not known here: there are {known}");
    sentence(StatusCode::METHOD_NOT_ALLOWED, text)
}

pub(super) fn failed(error: OpError) -> Response {
    let status = match &error {
        OpError::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    // Logs the cause.
    let error = crate::error::graphql(error);
    sentence(status, error.message)
}

fn refused(stack: &StackId, error: StateRefused) -> Response {
    let (status, text) = match error {
        StateRefused::Failed(error) => return failed(error),
        StateRefused::Locked { lock, remedy } => {
            let body = Json(holder(&lock, &remedy));
            return (StatusCode::LOCKED, [NO_STORE], body).into_response();
        }
        StateRefused::Forbidden(text) => (StatusCode::FORBIDDEN, text),
        StateRefused::Missing(text) => (StatusCode::NOT_FOUND, text),
        StateRefused::Conflict(text) => (StatusCode::CONFLICT, text),
        StateRefused::Malformed(text) => (StatusCode::BAD_REQUEST, text),
    };
    tracing::info!(stack.slug = %stack, status = status.as_u16(), "a request for a state was refused: {text}");
    sentence(status, text)
}

/// The lock, for whoever wanted it. The tools show nothing of this but the ID, behind `already
/// locked: ID=`; so the ID is followed by what somebody has to know.
fn holder(lock: &StateLock, remedy: &str) -> serde_json::Value {
    let who = format!(
        "{}, {} phase of run {}, triggered by {}",
        lock.info.who, lock.phase, lock.run, lock.holder
    );
    let since = rfc3339(lock.locked_at);
    serde_json::json!({
        "ID": format!("{}, held by {who}, since {since}: {remedy}", lock.info.id),
        "Operation": lock.info.operation,
        "Who": who,
        "Version": lock.info.version,
        "Created": since,
        "Path": lock.stack,
        "Info": remedy,
    })
}
