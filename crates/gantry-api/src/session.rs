//! Logins to the console: `POST /session` with an API key begins one, `DELETE /session` ends it. The
//! browser keeps the secret in a cookie that no script reads, and that counts for requests of the
//! console's own pages alone. Workers and states know nothing of it.

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Json, Router};
use bytes::Bytes;
use gantry_app::{App, OpError};
use gantry_core::ids::ApiKeyId;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::json;

use crate::error;
use crate::http::refuse;

/// A browser takes a cookie of this prefix from HTTPS and from this machine alone, keeps it for this
/// very host, and sends it nowhere else.
const COOKIE: &str = "__Host-gantry";
const ATTRIBUTES: &str = "Path=/; Secure; HttpOnly; SameSite=Strict";
const BODY_BYTES: usize = 16 << 10;

/// What another site is told.
pub(crate) const ELSEWHERE: &str = "this request was made by a page of another site, for which a \
                                    login to the console does not count; use a token";

pub(crate) fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/session", post(start).delete(end))
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .with_state(app)
}

/// The session's secret in a request.
pub(crate) fn of(headers: &HeaderMap) -> Option<SecretString> {
    cookie_in(headers, COOKIE)
}

/// The value of a cookie that is not empty.
pub(crate) fn cookie_in(headers: &HeaderMap, wanted: &str) -> Option<SecretString> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, value)| *name == wanted && !value.is_empty())
        .map(|(_, value)| SecretString::from(value))
}

/// With which a browser keeps the secret of a session.
pub(crate) fn cookie(secret: &SecretString, seconds: i64) -> String {
    format!(
        "{COOKIE}={}; Max-Age={seconds}; {ATTRIBUTES}",
        secret.expose_secret()
    )
}

/// Whether a page of the console asks. Browsers say so themselves where they trust the address;
/// where they don't, the origin does.
pub(crate) fn is_own_page(app: &App, headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return site == "same-origin";
    }
    let Some(origin) = text("origin") else {
        return false;
    };
    let asked = text("host").unwrap_or_default();
    let own = origin == app.settings().public_url;
    own || origin
        .split_once("://")
        .is_some_and(|(_, host)| host == asked)
}

#[derive(Deserialize)]
struct Pair {
    id: String,
    secret: String,
}

async fn start(State(app): State<Arc<App>>, headers: HeaderMap, body: Bytes) -> Response {
    if !is_own_page(&app, &headers) {
        return refuse(StatusCode::FORBIDDEN, ELSEWHERE);
    }
    let Ok(pair) = serde_json::from_slice::<Pair>(&body) else {
        let text = "send the ID and the secret of an API key as JSON: {\"id\", \"secret\"}";
        return refuse(StatusCode::BAD_REQUEST, text);
    };
    let secret = SecretString::from(pair.secret);
    match app
        .session_start(&ApiKeyId::new(pair.id.trim()), &secret)
        .await
    {
        Ok(session) => {
            let cookie = cookie(&session.secret, session.seconds);
            let body = json!({"name": session.subject.name, "validUntil": session.valid_until});
            with_cookie(Json(body).into_response(), &cookie)
        }
        Err(error) => refused(error),
    }
}

#[derive(Deserialize)]
struct Which {
    #[serde(default)]
    everywhere: bool,
}

/// The cookie goes whatever became of the session.
async fn end(
    State(app): State<Arc<App>>,
    Query(which): Query<Which>,
    headers: HeaderMap,
) -> Response {
    let Some(secret) = of(&headers) else {
        return StatusCode::NO_CONTENT.into_response();
    };
    if !is_own_page(&app, &headers) {
        return refuse(StatusCode::FORBIDDEN, ELSEWHERE);
    }
    let ended = match app.subject_of_session(&secret).await {
        Ok(Some(subject)) => app.session_end(&subject, &secret, which.everywhere).await,
        Ok(None) => Ok(0),
        Err(error) => Err(error),
    };
    match ended {
        Ok(_) => with_cookie(
            StatusCode::NO_CONTENT.into_response(),
            &format!("{COOKIE}=; Max-Age=0; {ATTRIBUTES}"),
        ),
        Err(error) => refused(error),
    }
}

fn refused(error: OpError) -> Response {
    let status = match &error {
        OpError::Forbidden(_) | OpError::Anonymous => StatusCode::UNAUTHORIZED,
        OpError::Internal { .. } | OpError::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::BAD_REQUEST,
    };
    refuse(status, &error::graphql(error).message)
}

pub(crate) fn with_cookie(mut response: Response, cookie: &str) -> Response {
    let headers = response.headers_mut();
    if let Ok(mut value) = HeaderValue::from_str(cookie) {
        value.set_sensitive(true);
        headers.append(header::SET_COOKIE, value);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
