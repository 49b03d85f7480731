//! `GET /events`: what changes while somebody looks on, as server-sent events. An event says which
//! thing it was and never more; whoever hears it asks for the thing, and gets what they may see.
//!
//! * `ready`: listening from here on; nothing was missed where a `Last-Event-ID` came along.
//! * `reset`: something was missed, or what the login may see has changed: look at everything.
//! * `change`: a thing was made, changed or removed.
//! * `log`: the log of the run that was asked for grew.

mod watch;

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use futures::{Stream, StreamExt as _};
use gantry_app::news::{Heard, Listener};
use gantry_app::{App, Subject};
use serde_json::json;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::http::{refuse, subject_of};
use watch::{Wanted, Watched};

/// How many may listen at a time; each costs a connection and little else.
const LISTENERS: usize = 2_000;
/// After so long without a word there is one, so that nobody on the way takes the connection for a
/// dead one. As often it is looked whether the login is still good.
const SILENCE: Duration = Duration::from_secs(20);
/// How long a client waits before it comes back, in milliseconds.
const COME_BACK: Duration = Duration::from_millis(500);

#[derive(Clone)]
struct Shared {
    app: Arc<App>,
    places: Arc<Semaphore>,
}

pub(crate) fn router(app: Arc<App>) -> Router {
    let places = Arc::new(Semaphore::new(LISTENERS));
    Router::new()
        .route("/events", get(events))
        .with_state(Shared { app, places })
}

async fn events(
    State(Shared { app, places }): State<Shared>,
    wanted: Result<Query<Wanted>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    let Ok(place) = places.try_acquire_owned() else {
        let text = format!("{LISTENERS} listen to this server already; try again later");
        return refuse(StatusCode::SERVICE_UNAVAILABLE, &text);
    };
    let wanted = match wanted {
        Ok(Query(wanted)) => wanted,
        Err(error) => return refuse(StatusCode::BAD_REQUEST, &error.body_text()),
    };
    let run = match wanted.run() {
        Ok(run) => run,
        Err(text) => return refuse(StatusCode::BAD_REQUEST, &text),
    };
    let last = headers
        .get("last-event-id")
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned)
        .or(wanted.last_event_id);
    // Listen first, look second: what changes in between is not missed.
    let (listener, known) = app.listen_to_news(last.as_deref());
    let subject = match subject_of(&app, &headers).await {
        Ok(Some(subject)) => subject,
        Ok(None) => return refuse(StatusCode::UNAUTHORIZED, "unauthorized"),
        Err(nobody) => return nobody.answer(),
    };
    let watched = match Watched::find(&app, &subject, run).await {
        Ok(watched) => watched,
        Err((status, text)) => return refuse(status, &text),
    };
    let mut listening = Listening {
        events: VecDeque::new(),
        checked: Instant::now(),
        ended: false,
        headers: login_of(&headers),
        _place: place,
        app,
        subject,
        watched,
        listener,
    };
    let here = listening.listener.here();
    listening.begin(
        last.is_none() || known,
        known.then_some(last).flatten().unwrap_or(here),
    );
    let mut response = Sse::new(listening.stream()).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // A proxy that gathers what it passes on would keep the news to itself.
    headers.insert(
        HeaderName::from_static("x-accel-buffering"),
        HeaderValue::from_static("no"),
    );
    response
}

/// What says who listens, to be looked at again.
fn login_of(headers: &HeaderMap) -> HeaderMap {
    let mut kept = headers.clone();
    kept.remove("last-event-id");
    kept
}

struct Listening {
    app: Arc<App>,
    headers: HeaderMap,
    subject: Subject,
    listener: Listener,
    watched: Option<Watched>,
    events: VecDeque<Event>,
    checked: Instant,
    ended: bool,
    _place: OwnedSemaphorePermit,
}

impl Listening {
    fn begin(&mut self, whole: bool, place: String) {
        let name = if whole { "ready" } else { "reset" };
        let event = Event::default().event(name).id(place).retry(COME_BACK);
        self.events.push_back(event.data("{}"));
        // Whoever comes back asks from where they were.
        if let Some(watched) = &self.watched {
            self.events.push_back(watched.event(None));
        }
    }

    fn stream(self) -> impl Stream<Item = Result<Event, Infallible>> + Send {
        let events = futures::stream::unfold(self, |mut listening| async move {
            let event = listening.next().await?;
            Some((Ok(event), listening))
        });
        events.fuse()
    }

    /// `None` when the login is no good any more, or the server ends.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(event);
            }
            if self.ended {
                return None;
            }
            let heard = tokio::select! {
                () = self.app.ending() => return None,
                heard = tokio::time::timeout(SILENCE, self.listener.next()) => heard,
            };
            let of_access = matches!(&heard, Ok(Heard::News(_, news)) if news.is_of_access());
            if (of_access || self.checked.elapsed() >= SILENCE) && !self.check().await {
                return None;
            }
            match heard {
                Err(_) => return Some(Event::default().comment("still here")),
                Ok(Heard::News(place, news)) => {
                    if news.is_for(&self.subject) {
                        let data = json!(*news).to_string();
                        return Some(Event::default().event("change").id(place).data(data));
                    }
                }
                Ok(Heard::Log(grew)) => {
                    if let Some(watched) = self.watched.as_ref().filter(|it| it.is(&grew.run)) {
                        return Some(watched.event(Some(&grew)));
                    }
                }
                Ok(Heard::Missed(place)) => {
                    if !self.check().await {
                        return None;
                    }
                    self.reset(place);
                }
            }
        }
    }

    /// Looks again who listens, and what they may see. `false` when nobody does any more.
    async fn check(&mut self) -> bool {
        let Ok(Some(subject)) = subject_of(&self.app, &self.headers).await else {
            return false;
        };
        self.checked = Instant::now();
        let changed = !subject.reaches_as(&self.subject);
        self.subject = subject;
        if let Some(watched) = self.watched.take() {
            let run = watched.into_wanted();
            match Watched::find(&self.app, &self.subject, Some(run)).await {
                Ok(watched) => self.watched = watched,
                // Deleted, or not to be seen any more: the client hears that by itself.
                Err((StatusCode::NOT_FOUND, _)) => {}
                Err(_) => return false,
            }
        }
        if changed {
            self.reset(self.listener.here());
        }
        true
    }

    fn reset(&mut self, place: String) {
        self.events
            .push_back(Event::default().event("reset").id(place).data("{}"));
        if let Some(watched) = &self.watched {
            self.events.push_back(watched.event(None));
        }
    }
}
