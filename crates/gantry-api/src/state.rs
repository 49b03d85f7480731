//! State over HTTP: for the HTTP backend of Terraform and OpenTofu, which logs in with the state
//! token of its phase, and for signed links, which need no login.
//!
//! Who asks is known before a body is read, and of each run one body is in memory at a time.

mod answer;
mod link;
mod turns;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use axum::routing::{any, get, put};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use gantry_app::App;
use gantry_app::state::{StateAccess, StateRefused};
use gantry_core::ids::StackId;
use md5::{Digest as _, Md5};
use secrecy::SecretString;
use serde::Deserialize;
use tower_http::timeout::TimeoutLayer;

use turns::Turns;

use crate::metrics::{self, Timed};

/// The largest state. Terraform itself becomes unusable long before.
const STATE_BYTES: usize = 256 << 20;
/// What a tool says about a lock.
const LOCK_BYTES: usize = 64 << 10;
/// A large state over a slow line. The tool asks again after a 503.
const ANSWER_WITHIN: Duration = Duration::from_secs(300);

#[derive(Clone)]
struct Shared {
    app: Arc<App>,
    turns: Arc<Turns>,
}

pub(crate) fn router(app: Arc<App>) -> Router {
    let timed = Timed {
        app: app.clone(),
        class: "state",
    };
    let shared = Shared {
        app,
        turns: Arc::default(),
    };
    Router::new()
        .route("/state/{stack}", any(state))
        .route("/state/{stack}/lock", any(lock))
        .route("/state/{stack}/unlock", any(unlock))
        .route("/state-uploads/{id}", put(link::upload))
        .route("/state-downloads/{id}", get(link::download))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            ANSWER_WITHIN,
        ))
        .layer(axum::middleware::from_fn_with_state(timed, metrics::timed))
        .with_state(shared)
}

#[derive(Deserialize)]
struct UnderLock {
    #[serde(rename = "ID")]
    lock: Option<String>,
}

/// The state itself; the tool's own methods for the lock are understood here too.
async fn state(
    State(shared): State<Shared>,
    Path(stack): Path<StackId>,
    Query(under): Query<UnderLock>,
    request: Request,
) -> Response {
    let access = match access(&shared.app, request.headers()).await {
        Ok(access) => access,
        Err(response) => return response,
    };
    match request.method().as_str() {
        "GET" => answer::state(&stack, shared.app.state_get(&access, &stack).await),
        "POST" | "PUT" => {
            let stored = store(&shared, &access, &stack, under.lock, request).await;
            answer::done(&stack, stored)
        }
        "LOCK" => answer::done(&stack, take(&shared, &access, &stack, request).await),
        "UNLOCK" => answer::done(&stack, release(&shared, &access, &stack, request).await),
        "DELETE" => match access.require_write(&stack) {
            Ok(()) => answer::sentence(
                StatusCode::METHOD_NOT_ALLOWED,
                format!("the state of `{stack}` goes with its stack, and is not deleted before"),
            ),
            refused => answer::done(&stack, refused),
        },
        other => answer::unknown_method(other, "GET, POST, LOCK and UNLOCK"),
    }
}

async fn lock(
    State(shared): State<Shared>,
    Path(stack): Path<StackId>,
    request: Request,
) -> Response {
    let access = match access(&shared.app, request.headers()).await {
        Ok(access) => access,
        Err(response) => return response,
    };
    match request.method().as_str() {
        "LOCK" | "POST" | "PUT" => {
            answer::done(&stack, take(&shared, &access, &stack, request).await)
        }
        "UNLOCK" | "DELETE" => {
            answer::done(&stack, release(&shared, &access, &stack, request).await)
        }
        other => answer::unknown_method(other, "POST and DELETE"),
    }
}

async fn unlock(
    State(shared): State<Shared>,
    Path(stack): Path<StackId>,
    request: Request,
) -> Response {
    let access = match access(&shared.app, request.headers()).await {
        Ok(access) => access,
        Err(response) => return response,
    };
    match request.method().as_str() {
        "UNLOCK" | "POST" | "PUT" | "DELETE" => {
            answer::done(&stack, release(&shared, &access, &stack, request).await)
        }
        other => answer::unknown_method(other, "POST"),
    }
}

/// Whose phase asks; `401` when it is nobody's, or the phase is over.
async fn access(app: &App, headers: &HeaderMap) -> Result<StateAccess, Response> {
    let Some(password) = password(headers) else {
        return Err(answer::unauthorized());
    };
    match app.state_access(&password).await {
        Ok(Some(access)) => Ok(access),
        Ok(None) => Err(answer::unauthorized()),
        Err(error) => Err(answer::failed(error)),
    }
}

/// The user name is for people who read the environment.
fn password(headers: &HeaderMap) -> Option<SecretString> {
    let given = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = given.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (_, password) = decoded.split_once(':')?;
    Some(password.into())
}

async fn store(
    shared: &Shared,
    access: &StateAccess,
    stack: &StackId,
    lock: Option<String>,
    request: Request,
) -> Result<(), StateRefused> {
    access.require_write(stack)?;
    let _turn = shared.turns.take(access.run().id.as_str()).await;
    let (head, body) = request.into_parts();
    let content = read(body, STATE_BYTES).await?;
    whole(&head.headers, content.clone()).await?;
    let app = &shared.app;
    app.state_store(access, stack, lock.as_deref(), content)
        .await
}

async fn take(
    shared: &Shared,
    access: &StateAccess,
    stack: &StackId,
    request: Request,
) -> Result<(), StateRefused> {
    access.require_write(stack)?;
    let body = read(request.into_body(), LOCK_BYTES).await?;
    shared.app.state_lock_take(access, stack, &body).await
}

async fn release(
    shared: &Shared,
    access: &StateAccess,
    stack: &StackId,
    request: Request,
) -> Result<(), StateRefused> {
    access.require_write(stack)?;
    let body = read(request.into_body(), LOCK_BYTES).await?;
    shared.app.state_lock_release(access, stack, &body).await
}

async fn read(body: Body, limit: usize) -> Result<Bytes, StateRefused> {
    axum::body::to_bytes(body, limit).await.map_err(|error| {
        StateRefused::Malformed(format!(
            "the body is longer than {limit} bytes, or was cut off: {error}"
        ))
    })
}

/// Compares the body with the hash that the tool sends along.
async fn whole(headers: &HeaderMap, content: Bytes) -> Result<(), StateRefused> {
    let Some(expected) = headers.get("content-md5") else {
        return Ok(());
    };
    let hashing = tokio::task::spawn_blocking(move || STANDARD.encode(Md5::digest(&content)));
    let found = hashing.await.unwrap_or_default();
    if expected.as_bytes() == found.as_bytes() {
        return Ok(());
    }
    Err(StateRefused::Malformed(
        "the body is not the one whose Content-MD5 the request names: it was cut off or changed on \
         the way; send it again"
            .into(),
    ))
}
