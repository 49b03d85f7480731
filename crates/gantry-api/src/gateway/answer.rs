//! From an operation's outcome to a status that the worker understands.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use gantry_app::OpError;
use gantry_app::gateway::GatewayError;
use gantry_core::protocol::Refusal;
use serde::Serialize;

/// `200` with a body.
pub(super) fn json<T: Serialize>(about: &str, answer: Result<T, GatewayError>) -> Response {
    match answer {
        Ok(answer) => {
            let mut response = Json(answer).into_response();
            // The next phase's credentials may be in it.
            let no_store = HeaderValue::from_static("no-store");
            response
                .headers_mut()
                .insert(header::CACHE_CONTROL, no_store);
            response
        }
        Err(error) => failed(about, error),
    }
}

/// `200` with a body, or `204` when there is nothing.
pub(super) fn json_or_nothing<T: Serialize>(
    about: &str,
    answer: Result<Option<T>, GatewayError>,
) -> Response {
    match answer {
        Ok(None) => StatusCode::NO_CONTENT.into_response(),
        Ok(Some(answer)) => json(about, Ok(answer)),
        Err(error) => failed(about, error),
    }
}

/// `204`.
pub(super) fn nothing(about: &str, answer: Result<(), GatewayError>) -> Response {
    match answer {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => failed(about, error),
    }
}

/// `200` with bytes that were sealed.
pub(super) fn bytes(about: &str, answer: Result<Vec<u8>, GatewayError>) -> Response {
    match answer {
        Ok(bytes) => {
            let headers = [
                (header::CONTENT_TYPE, "application/octet-stream"),
                (header::CACHE_CONTROL, "no-store"),
            ];
            (headers, bytes).into_response()
        }
        Err(error) => failed(about, error),
    }
}

fn failed(about: &str, error: GatewayError) -> Response {
    match error {
        GatewayError::Refused {
            reason,
            expected_offset,
        } => {
            tracing::warn!(about, "a worker's message was refused: {reason}");
            let refusal = Refusal {
                reason,
                expected_offset,
            };
            (StatusCode::CONFLICT, Json(refusal)).into_response()
        }
        GatewayError::Malformed(reason) => (StatusCode::BAD_REQUEST, reason).into_response(),
        GatewayError::Failed(error) => {
            let status = match &error {
                OpError::Internal { .. } => StatusCode::INTERNAL_SERVER_ERROR,
                OpError::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
                _ => StatusCode::BAD_REQUEST,
            };
            // Logs the cause.
            let error = crate::error::graphql(error);
            (status, error.message).into_response()
        }
    }
}
