//! `/healthz`: the process lives. `/readyz`: it can serve, or why not; to strangers without reasons.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use gantry_app::App;
use gantry_app::health::Check;
use serde_json::json;

/// For everybody.
pub(crate) fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(for_strangers))
        .with_state(app)
}

async fn for_strangers(State(app): State<Arc<App>>) -> Response {
    answer(&app, |check| check.sentence.to_owned()).await
}

/// For whoever may see the metrics.
pub(crate) async fn for_operators(State(app): State<Arc<App>>) -> Response {
    answer(&app, |check| match &check.reason {
        Some(reason) => format!("{}: {reason}", check.sentence),
        None => check.sentence.to_owned(),
    })
    .await
}

async fn answer(app: &App, sentence: impl Fn(&Check) -> String) -> Response {
    let found = app.readiness().await;
    let checks = found.checks.iter();
    let checks: serde_json::Map<String, serde_json::Value> = checks
        .map(|check| {
            let said = json!({ "ok": check.well, "says": sentence(check) });
            (check.name.to_owned(), said)
        })
        .collect();
    let status = match found.ready {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    let mut response = (
        status,
        Json(json!({ "ready": found.ready, "checks": checks })),
    )
        .into_response();
    let no_store = HeaderValue::from_static("no-store");
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, no_store);
    response
}
