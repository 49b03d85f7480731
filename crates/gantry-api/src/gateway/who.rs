//! Who is calling, from the connection and the first line of what it says.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use gantry_app::App;
use gantry_app::gateway::NoCaller;
use gantry_core::caller::Caller;
use gantry_core::ids::WorkerTokenId;
use secrecy::{ExposeSecret as _, SecretString};
use subtle::ConstantTimeEq as _;
use tracing::Instrument as _;

/// SHA-256 of the certificate that a connection presented and that our authority has signed, in
/// hexadecimal digits.
#[derive(Clone, Debug)]
pub(super) struct Certificate(pub String);

/// Lets pass who knows the token.
pub(super) async fn our_child(
    State(expected): State<Arc<SecretString>>,
    mut request: Request,
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
    request.extensions_mut().insert(Caller::Embedded);
    next.run(request).await
}

/// Lets pass workers of this installation. Nobody else hears anything but that they are none.
pub(super) async fn from_elsewhere(
    State(app): State<Arc<App>>,
    mut request: Request,
    next: Next,
) -> Response {
    let caller = match request.extensions().get::<Certificate>() {
        Some(certificate) => app.caller_with_certificate(&certificate.0).await,
        None => match token(request.headers()) {
            Some((id, secret)) => app.caller_with_token(&id, &secret).await,
            None => Err(NoCaller::Unwelcome(
                "a worker needs a token, or the certificate and the private key of its pool".into(),
            )),
        },
    };
    match caller {
        Ok(caller) => {
            let span = tracing::info_span!("worker gateway", %caller);
            request.extensions_mut().insert(caller);
            next.run(request).instrument(span).await
        }
        Err(NoCaller::Unwelcome(reason)) => {
            tracing::warn!(
                path = request.uri().path(),
                "a request to the worker gateway was refused: {reason}"
            );
            let close = (header::CONNECTION, HeaderValue::from_static("close"));
            (StatusCode::UNAUTHORIZED, [close], reason).into_response()
        }
        Err(NoCaller::Failed(error)) => {
            // Logs the cause.
            let error = crate::error::graphql(error);
            (StatusCode::SERVICE_UNAVAILABLE, error.message).into_response()
        }
    }
}

/// `Bearer <ID>.<secret>`.
fn token(headers: &HeaderMap) -> Option<(WorkerTokenId, SecretString)> {
    let given = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (id, secret) = given.strip_prefix("Bearer ")?.split_once('.')?;
    Some((WorkerTokenId::new(id), SecretString::from(secret)))
}
