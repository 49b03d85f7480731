//! What Prometheus asks for, on an address or a socket of its own; and the times of requests.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use gantry_app::App;
use secrecy::{ExposeSecret as _, SecretString};
use subtle::ConstantTimeEq as _;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Metrics and readiness, for whoever knows the token; where there is none, for whoever gets here.
pub fn router(app: Arc<App>, token: Option<SecretString>) -> Router {
    let expected = token.map(|token| {
        Arc::new(SecretString::from(format!(
            "Bearer {}",
            token.expose_secret()
        )))
    });
    Router::new()
        .route("/metrics", get(scrape))
        .route("/readyz", get(crate::health::for_operators))
        .with_state(app)
        .layer(axum::middleware::from_fn_with_state(expected, known))
}

async fn scrape(State(app): State<Arc<App>>) -> Response {
    match app.scrape().await {
        Ok(text) => {
            let format = HeaderValue::from_static(OPEN_METRICS);
            ([(header::CONTENT_TYPE, format)], text).into_response()
        }
        Err(error) => {
            // Logs the cause.
            let error = crate::error::graphql(error);
            (StatusCode::SERVICE_UNAVAILABLE, error.message).into_response()
        }
    }
}

async fn known(
    State(expected): State<Option<Arc<SecretString>>>,
    request: Request,
    next: Next,
) -> Response {
    if let Some(expected) = expected {
        let given = request.headers().get(header::AUTHORIZATION);
        let fits = given.is_some_and(|given| {
            bool::from(given.as_bytes().ct_eq(expected.expose_secret().as_bytes()))
        });
        if !fits {
            return StatusCode::UNAUTHORIZED.into_response();
        }
    }
    next.run(request).await
}

/// What times the requests of one class.
#[derive(Clone)]
pub(crate) struct Timed {
    pub app: Arc<App>,
    pub class: &'static str,
}

pub(crate) async fn timed(State(timed): State<Timed>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let response = next.run(request).await;
    let outcome = match response.status() {
        status if status.is_server_error() => "failed",
        status if status.is_client_error() => "refused",
        _ => "answered",
    };
    timed
        .app
        .metrics()
        .request(timed.class, outcome, begun.elapsed());
    response
}
