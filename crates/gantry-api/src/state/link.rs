//! Signed links: the only login is in the link.

use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use gantry_core::ids::StateVersionId;
use serde::Deserialize;

use super::{STATE_BYTES, Shared, answer};

#[derive(Deserialize)]
pub(super) struct Signed {
    #[serde(default)]
    token: String,
}

pub(super) async fn upload(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    Query(signed): Query<Signed>,
    request: Request,
) -> Response {
    match shared.app.state_upload_open(&id, &signed.token).await {
        Ok(true) => {}
        Ok(false) => return no_good("stateUploadUrl"),
        Err(error) => return answer::failed(error),
    }
    let _turn = shared.turns.take(&id).await;
    let content = match axum::body::to_bytes(request.into_body(), STATE_BYTES).await {
        Ok(content) => content,
        Err(error) => {
            let text =
                format!("the body is longer than {STATE_BYTES} bytes, or was cut off: {error}");
            return answer::sentence(StatusCode::PAYLOAD_TOO_LARGE, text);
        }
    };
    match shared.app.state_upload_put(&id, content).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(error) => answer::failed(error),
    }
}

pub(super) async fn download(
    State(shared): State<Shared>,
    Path(id): Path<StateVersionId>,
    Query(signed): Query<Signed>,
) -> Response {
    match shared.app.state_download(&id, &signed.token).await {
        Ok(Some(found)) => {
            let name = format!(
                "attachment; filename=\"{}-{}.tfstate\"",
                found.stack, found.serial
            );
            let mut response = answer::json(found.content);
            if let Ok(name) = HeaderValue::from_str(&name) {
                response
                    .headers_mut()
                    .insert(header::CONTENT_DISPOSITION, name);
            }
            response
        }
        Ok(None) => no_good("stateDownloadUrl"),
        Err(error) => answer::failed(error),
    }
}

fn no_good(mutation: &str) -> Response {
    let text = format!(
        "this link is not good, or not any more: ask the mutation `{mutation}` for a new one"
    );
    answer::sentence(StatusCode::FORBIDDEN, text)
}
