//! The console: what `npm run build` leaves in `console/dist`, as a part of the program. A debug build
//! reads it from there at each request. Where it was not built, a page says how to.
//!
//! Knows no operation and no API: the pages ask `/graphql` as any other client does.

mod asset;
mod headers;

use axum::Router;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};

const PAGE: &str = "index.html";
const NOT_BUILT: &str = include_str!("not_built.html");

/// Answers what nothing else does: files of the console, and its page for every address that a
/// browser asks for.
pub fn router() -> Router {
    Router::new().fallback(answer)
}

async fn answer(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let mut response = match method {
        Method::GET | Method::HEAD => file_or_page(uri.path().trim_start_matches('/'), &headers),
        _ => nothing(),
    };
    headers::set(response.headers_mut());
    response
}

fn file_or_page(path: &str, headers: &HeaderMap) -> Response {
    if let Some(response) = asset::answer(path, headers) {
        return response;
    }
    let browses = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.contains("text/html"));
    // A part of the page that is gone must not come as the page.
    if !browses || path.starts_with(asset::HASHED) {
        return nothing();
    }
    asset::answer(PAGE, headers).unwrap_or_else(|| {
        let html = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
        (html, NOT_BUILT).into_response()
    })
}

fn nothing() -> Response {
    (StatusCode::NOT_FOUND, "there is nothing here\n").into_response()
}

#[cfg(test)]
mod tests;
