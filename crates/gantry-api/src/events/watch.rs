//! The run whose log somebody reads while it grows.

use axum::http::StatusCode;
use axum::response::sse::Event;
use gantry_app::news::LogGrew;
use gantry_app::{App, OpError, Subject};
use gantry_core::ids::{RunId, StackId};
use gantry_core::quoted::Quoted;
use serde::Deserialize;
use serde_json::json;

/// What the address says.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Wanted {
    /// For clients that can't send the header of that name.
    pub last_event_id: Option<String>,
    stack: Option<StackId>,
    run: Option<RunId>,
}

impl Wanted {
    pub(super) fn run(&self) -> Result<Option<(StackId, RunId)>, String> {
        match (&self.stack, &self.run) {
            (Some(stack), Some(run)) => Ok(Some((stack.clone(), run.clone()))),
            (None, None) => Ok(None),
            _ => Err("`stack` and `run` go together: give both, or none".into()),
        }
    }
}

pub(super) struct Watched {
    stack: StackId,
    run: RunId,
    /// Of the newest state when it was looked up.
    version: i64,
}

impl Watched {
    pub(super) async fn find(
        app: &App,
        subject: &Subject,
        wanted: Option<(StackId, RunId)>,
    ) -> Result<Option<Self>, (StatusCode, String)> {
        let Some((stack, run)) = wanted else {
            return Ok(None);
        };
        match app.run(subject, &stack, &run).await {
            Ok(Some(found)) => Ok(Some(Watched {
                stack,
                run,
                version: found.version,
            })),
            Ok(None) | Err(OpError::Missing { .. }) => Err((
                StatusCode::NOT_FOUND,
                format!(
                    "there is no run {} of a stack {}",
                    Quoted(run.as_str()),
                    Quoted(stack.as_str())
                ),
            )),
            Err(error) => Err((StatusCode::SERVICE_UNAVAILABLE, error.to_string())),
        }
    }

    pub(super) fn is(&self, run: &RunId) -> bool {
        self.run == *run
    }

    pub(super) fn into_wanted(self) -> (StackId, RunId) {
        (self.stack, self.run)
    }

    /// Without a length: look how long it is.
    pub(super) fn event(&self, grew: Option<&LogGrew>) -> Event {
        let data = json!({
            "stack": self.stack,
            "run": self.run,
            "stateVersion": grew.map_or(self.version, |grew| grew.version),
            "bytes": grew.map(|grew| grew.bytes),
        });
        Event::default().event("log").data(data.to_string())
    }
}
