//! Single sign-on to the console: `GET /session/sign-on` sends the browser to the identity provider, which
//! sends it back to `/session/sign-on/callback`, where the session begins. `GET /session/ways` says how one
//! may log in.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use gantry_app::sign_on::{ATTEMPT_SECONDS, CALLBACK};
use gantry_app::{App, OpError};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::json;

use crate::session::{self, cookie_in, with_cookie};

/// Of a login between its two halves. The provider's page sends the browser back, which is another site:
/// a stricter cookie would not come along.
const COOKIE: &str = "__Host-gantry-sign-on";
const ATTRIBUTES: &str = "Path=/; Secure; HttpOnly; SameSite=Lax";

pub(crate) fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/session/ways", get(ways))
        .route("/session/sign-on", get(begin))
        .route(CALLBACK, get(finish))
        .with_state(app)
}

async fn ways(State(app): State<Arc<App>>) -> Response {
    let sign_on = app
        .sign_on_name()
        .map(|name| json!({"name": name, "path": "/session/sign-on"}));
    Json(json!({"apiKey": true, "signOn": sign_on})).into_response()
}

#[derive(Deserialize)]
struct Begin {
    /// A path of the console.
    #[serde(default, rename = "return")]
    return_to: String,
}

async fn begin(
    State(app): State<Arc<App>>,
    wanted: Result<Query<Begin>, QueryRejection>,
) -> Response {
    let return_to = wanted.map(|Query(wanted)| wanted.return_to);
    let begun = app.sign_on_begin(&return_to.unwrap_or_default()).await;
    match begun {
        Ok(begun) => {
            let cookie = format!(
                "{COOKIE}={}; Max-Age={ATTEMPT_SECONDS}; {ATTRIBUTES}",
                begun.attempt.expose_secret()
            );
            with_cookie(sent_to(&begun.location), &cookie)
        }
        Err(error) => refused(error),
    }
}

/// What the provider sends along: a code, or why there is none.
#[derive(Deserialize)]
struct Finish {
    #[serde(default)]
    code: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    error: String,
}

async fn finish(
    State(app): State<Arc<App>>,
    query: Result<Query<Finish>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    let response = match finished(&app, query, &headers).await {
        Ok(signed_on) => {
            let session = &signed_on.session;
            let response = sent_to(&signed_on.return_to);
            with_cookie(response, &session::cookie(&session.secret, session.seconds))
        }
        Err(error) => refused(error),
    };
    // A login is finished once, whatever came of it.
    with_cookie(response, &format!("{COOKIE}=; Max-Age=0; {ATTRIBUTES}"))
}

async fn finished(
    app: &App,
    query: Result<Query<Finish>, QueryRejection>,
    headers: &HeaderMap,
) -> Result<gantry_app::sign_on::SignedOn, OpError> {
    let Ok(Query(answer)) = query else {
        return Err(OpError::invalid(
            "this is no answer of an identity provider",
        ));
    };
    let attempt = cookie_in(headers, COOKIE).unwrap_or_else(|| SecretString::from(""));
    if answer.code.is_empty() {
        let said: String = answer
            .error
            .chars()
            .filter(|character| character.is_ascii_alphanumeric() || *character == '_')
            .take(64)
            .collect();
        return Err(OpError::Forbidden(format!(
            "the identity provider let nobody in: `{said}`"
        )));
    }
    app.sign_on_finish(&attempt, &answer.state, &answer.code)
        .await
}

/// Fetched by GET, whatever the request was.
fn sent_to(location: &str) -> Response {
    let Ok(location) = HeaderValue::from_str(location) else {
        return refused(OpError::invalid("there is no such address"));
    };
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, location);
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    );
    response
}

/// For a person before a browser: one sentence, as plain text.
fn refused(error: OpError) -> Response {
    let status = match &error {
        OpError::Forbidden(_) | OpError::Anonymous => StatusCode::FORBIDDEN,
        OpError::Internal { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        OpError::Unavailable(_) => StatusCode::BAD_GATEWAY,
        _ => StatusCode::BAD_REQUEST,
    };
    let text = crate::error::graphql(error).message;
    let text = text.strip_prefix("unauthorized: ").unwrap_or(&text);
    let mut response = (status, format!("{text}\n")).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    response
}
