//! The HTTP server for people, clients and tools: `/graphql`, logins to the console, news, state, and
//! health.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use bytes::Bytes;
use gantry_app::{App, Subject};
use serde::Deserialize;
use tower_http::catch_panic::CatchPanicLayer;

use crate::error;
use crate::graphql::batch::Batch;
use crate::graphql::cx::RunMetadata;
use crate::graphql::{ApiSchema, build, document};
use crate::session;

/// A mounted file of the largest size, in base64, inside a mutation.
const BODY_BYTES: usize = 4 << 20;
/// The longest document; variables don't count.
const DOCUMENT_BYTES: usize = 256 << 10;
/// Clients give up after 60 s, and resend mutations then.
const ANSWER_WITHIN: Duration = Duration::from_secs(57);

#[derive(Clone)]
struct Shared {
    app: Arc<App>,
    schema: ApiSchema,
}

pub fn router(app: Arc<App>) -> Router {
    let schema = build(app.clone());
    Router::new()
        .route("/graphql", post(graphql))
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .with_state(Shared {
            app: app.clone(),
            schema,
        })
        .merge(session::router(app.clone()))
        .merge(crate::sign_on::router(app.clone()))
        .merge(crate::events::router(app.clone()))
        .merge(crate::audit_export::router(app.clone()))
        .merge(crate::state::router(app.clone()))
        .merge(crate::health::router(app))
        .layer(CatchPanicLayer::new())
}

#[derive(Deserialize)]
struct Body {
    query: String,
    #[serde(default)]
    variables: Option<serde_json::Value>,
    #[serde(default, rename = "operationName")]
    operation_name: Option<String>,
}

async fn graphql(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    // A page of another origin can send a form, but not this type without asking first.
    let json = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| {
            value
                .trim_start()
                .to_ascii_lowercase()
                .starts_with("application/json")
        });
    if !json {
        return refuse(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "send the request as application/json",
        );
    }
    let body: Body = match serde_json::from_slice(&body) {
        Ok(body) => body,
        Err(error) => {
            let text = format!("the body is no GraphQL request in JSON: {error}");
            return refuse(StatusCode::BAD_REQUEST, &text);
        }
    };
    if body.query.len() > DOCUMENT_BYTES {
        let text = format!("the document is longer than {DOCUMENT_BYTES} bytes");
        return refuse(StatusCode::PAYLOAD_TOO_LARGE, &text);
    }
    let subject = match subject_of(&shared.app, &headers).await {
        Ok(subject) => subject,
        Err(Nobody::Elsewhere) => return refuse(StatusCode::FORBIDDEN, session::ELSEWHERE),
        Err(Nobody::Unknown(error)) => return errors(&error.message),
    };
    let (mut request, class) = match request(body, subject.clone(), &headers) {
        Ok(request) => request,
        Err(text) => return errors(&text),
    };
    if let Some(subject) = subject {
        request = request.data(Batch::loader(shared.app.clone(), subject));
    }
    let begun = Instant::now();
    let answered = tokio::time::timeout(ANSWER_WITHIN, shared.schema.execute(request)).await;
    let outcome = match &answered {
        Ok(answer) if answer.is_ok() => "answered",
        Ok(_) => "refused",
        Err(_) => "failed",
    };
    shared
        .app
        .metrics()
        .request(class, outcome, begun.elapsed());
    match answered {
        Ok(mut answer) => {
            for error in &mut answer.errors {
                error.message = present(&error.message);
            }
            json_response(&answer)
        }
        Err(_) => errors(
            "the request took too long and its outcome is open: look before you send it again",
        ),
    }
}

/// The request, and its class for the metrics.
fn request(
    body: Body,
    subject: Option<Subject>,
    headers: &HeaderMap,
) -> Result<(async_graphql::Request, &'static str), String> {
    let text = document::without_empty_arguments(&body.query);
    let parsed = async_graphql::parser::parse_query(&text).map_err(|error| error.to_string())?;
    document::within_limits(&parsed)?;
    let class = document::class(&parsed);
    let mut request = async_graphql::Request::new(text);
    request.set_parsed_query(parsed);
    if let Some(variables) = body.variables {
        request = request.variables(async_graphql::Variables::from_json(variables));
    }
    if let Some(name) = body.operation_name {
        request = request.operation_name(name);
    }
    if subject.is_none() {
        request = request.disable_introspection();
    }
    let metadata = headers
        .get("spacelift-user-provided-run-metadata")
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned);
    Ok((request.data(subject).data(RunMetadata(metadata)), class))
}

/// Why it can't be said who asks.
pub(crate) enum Nobody {
    /// A session that another site makes use of.
    Elsewhere,
    Unknown(async_graphql::Error),
}

impl Nobody {
    pub(crate) fn answer(&self) -> Response {
        match self {
            Nobody::Elsewhere => refuse(StatusCode::FORBIDDEN, session::ELSEWHERE),
            Nobody::Unknown(error) => refuse(StatusCode::SERVICE_UNAVAILABLE, &error.message),
        }
    }
}

/// A missing, broken or expired token is nobody, and so is an ended session; what may be done without
/// login is decided field by field. A token goes before the session.
pub(crate) async fn subject_of(app: &App, headers: &HeaderMap) -> Result<Option<Subject>, Nobody> {
    let token = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .map(str::trim)
        .filter(|token| !token.is_empty());
    let subject = match (token, session::of(headers)) {
        (Some(token), _) => app.subject_of_token(token).await,
        (None, None) => return Ok(None),
        (None, Some(_)) if !session::is_own_page(app, headers) => return Err(Nobody::Elsewhere),
        (None, Some(secret)) => app.subject_of_session(&secret).await,
    };
    subject.map_err(|error| Nobody::Unknown(error::graphql(error)))
}

/// Clients take two words, wherever they stand in an error, for "it was deleted", and forget the
/// resource (contract §0.5). What is gone is null here, so no error may say them: not the parser's,
/// which quotes the document, nor one that quotes a cloud or a repository.
fn present(message: &str) -> String {
    message.replace("not found", "not to be found")
}

/// The application's errors are answers: clients read the list, and resend on 5xx.
fn errors(message: &str) -> Response {
    let body = serde_json::json!({ "data": null, "errors": [{ "message": present(message) }] });
    axum::Json(body).into_response()
}

pub(crate) fn refuse(status: StatusCode, message: &str) -> Response {
    let body = serde_json::json!({ "errors": [{ "message": present(message) }] });
    (status, axum::Json(body)).into_response()
}

fn json_response(answer: &async_graphql::Response) -> Response {
    let mut response = axum::Json(answer).into_response();
    // Answers can hold secrets that their reader may see; no cache may.
    response.headers_mut().insert(
        header::CACHE_CONTROL,
        header::HeaderValue::from_static("no-store"),
    );
    response
}
