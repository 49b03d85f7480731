//! `GET /audit/events.csv` and `GET /audit/events.jsonl`: the audit trail, oldest first, for whoever keeps it
//! elsewhere. Streamed: however long it is, little of it is in memory.

mod line;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use bytes::Bytes;
use futures::Stream;
use gantry_app::audit::Period;
use gantry_app::search::{Constraint, Predicate, Search};
use gantry_app::{App, OpError, Subject};
use serde::Deserialize;

use crate::error;
use crate::http::{refuse, subject_of};
use line::Format;

pub(crate) fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/audit/{file}", get(export))
        .with_state(app)
}

/// One value of each, at most; GraphQL's search knows more.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Wanted {
    /// Unix seconds.
    from: Option<i64>,
    until: Option<i64>,
    action: Option<String>,
    actor: Option<String>,
    run: Option<String>,
    space: Option<String>,
    stack: Option<String>,
    target_id: Option<String>,
    target_kind: Option<String>,
}

impl Wanted {
    fn search(self) -> Search {
        let fields = [
            ("action", self.action),
            ("actor", self.actor),
            ("run", self.run),
            ("space", self.space),
            ("stack", self.stack),
            ("targetId", self.target_id),
            ("targetKind", self.target_kind),
        ];
        let given = fields.into_iter().filter_map(|(field, value)| {
            value.map(|value| Predicate {
                field: field.to_owned(),
                constraint: Constraint::Strings(vec![value]),
                exclude: false,
            })
        });
        Search {
            predicates: given.collect(),
            ..Search::default()
        }
    }
}

async fn export(
    State(app): State<Arc<App>>,
    Path(file): Path<String>,
    wanted: Result<Query<Wanted>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    let Some(format) = Format::of(&file) else {
        let text = "there are /audit/events.csv and /audit/events.jsonl";
        return refuse(StatusCode::NOT_FOUND, text);
    };
    let wanted = match wanted {
        Ok(Query(wanted)) => wanted,
        Err(error) => return refuse(StatusCode::BAD_REQUEST, &error.body_text()),
    };
    let subject = match subject_of(&app, &headers).await {
        Ok(Some(subject)) => subject,
        Ok(None) => return refuse(StatusCode::UNAUTHORIZED, "unauthorized"),
        Err(nobody) => return nobody.answer(),
    };
    let mut export = Export {
        period: Period {
            from: wanted.from,
            until: wanted.until,
        },
        search: wanted.search(),
        app,
        subject,
        format,
        after: None,
        ended: false,
    };
    // The first piece before the answer: what is refused is refused by its status.
    let first = match export.piece(format.head().to_owned()).await {
        Ok(first) => first,
        Err(error) => {
            let status = match &error {
                OpError::Forbidden(_) => StatusCode::FORBIDDEN,
                OpError::Invalid(_) => StatusCode::BAD_REQUEST,
                _ => StatusCode::SERVICE_UNAVAILABLE,
            };
            return refuse(status, &error::graphql(error).message);
        }
    };
    let mut response = Body::from_stream(export.stream(first)).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(format.mime()),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::CONTENT_DISPOSITION,
        HeaderValue::from_static(format.disposition()),
    );
    response
}

struct Export {
    app: Arc<App>,
    subject: Subject,
    period: Period,
    search: Search,
    format: Format,
    after: Option<String>,
    ended: bool,
}

impl Export {
    /// Some more lines, behind `text`.
    async fn piece(&mut self, mut text: String) -> Result<Bytes, OpError> {
        let after = self.after.take();
        let page = self
            .app
            .audit_piece(&self.subject, self.period, &self.search, after)
            .await?;
        for event in &page.items {
            self.format.line(event, &mut text);
        }
        self.ended = !page.has_next;
        self.after = Some(page.end_cursor);
        Ok(text.into())
    }

    /// Breaks off where something fails: half of the trail must not pass for all of it.
    fn stream(self, first: Bytes) -> impl Stream<Item = Result<Bytes, OpError>> + Send {
        let state = (Some(self), Some(first));
        futures::stream::unfold(state, |(export, first)| async move {
            let mut export = export?;
            if let Some(first) = first {
                return Some((Ok(first), (Some(export), None)));
            }
            if export.ended {
                return None;
            }
            match export.piece(String::new()).await {
                Ok(piece) => Some((Ok(piece), (Some(export), None))),
                Err(error) => {
                    tracing::warn!(%error, "an export of the audit trail broke off");
                    Some((Err(error), (None, None)))
                }
            }
        })
    }
}
