use std::borrow::Cow;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "../../console/dist"]
#[allow_missing = true]
struct Dist;

/// Files whose names change with their content.
pub(crate) const HASHED: &str = "assets/";

/// Compressed beside the file when it was built, the smallest first.
const ENCODINGS: [(&str, &str); 2] = [("br", ".br"), ("gzip", ".gz")];

/// The file of that path, as small as its reader takes it; `None` when there is none.
pub(crate) fn answer(path: &str, asked: &HeaderMap) -> Option<Response> {
    let kind = kind(path)?;
    let plain = Dist::get(path)?;
    let tag = format!("\"{}\"", hex::encode(&plain.metadata.sha256_hash()[..12]));
    let known = asked.get(header::IF_NONE_MATCH);
    if known.is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        let mut response = StatusCode::NOT_MODIFIED.into_response();
        describe(response.headers_mut(), path, &tag);
        return Some(response);
    }
    let (encoding, file) = smallest(path, plain, asked);
    let mut response = Response::new(Body::from(bytes(file)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Some(encoding) = encoding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    describe(headers, path, &tag);
    Some(response)
}

fn describe(headers: &mut HeaderMap, path: &str, tag: &str) {
    let caching = match path.starts_with(HASHED) {
        true => "public, max-age=31536000, immutable",
        false => "no-cache",
    };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(tag) = HeaderValue::from_str(tag) {
        headers.insert(header::ETAG, tag);
    }
}

fn smallest(
    path: &str,
    plain: EmbeddedFile,
    asked: &HeaderMap,
) -> (Option<&'static str>, EmbeddedFile) {
    for (encoding, ending) in ENCODINGS {
        if takes(asked, encoding)
            && let Some(file) = Dist::get(&format!("{path}{ending}"))
        {
            return (Some(encoding), file);
        }
    }
    (None, plain)
}

fn takes(asked: &HeaderMap, encoding: &str) -> bool {
    asked
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|item| item.split_once(';').unwrap_or((item, "")))
        .any(|(name, weight)| {
            let weight = weight.trim();
            let refused = weight.starts_with("q=0")
                && !weight.contains(['1', '2', '3', '4', '5', '6', '7', '8', '9']);
            name.trim().eq_ignore_ascii_case(encoding) && !refused
        })
}

/// What a browser is told a file is; other files are not given out by themselves.
fn kind(path: &str) -> Option<&'static str> {
    Some(match path.rsplit_once('.')?.1 {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "txt" => "text/plain; charset=utf-8",
        "woff2" => "font/woff2",
        "json" | "webmanifest" => "application/json",
        _ => return None,
    })
}

fn bytes(file: EmbeddedFile) -> Bytes {
    match file.data {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => Bytes::from(bytes),
    }
}
