use std::sync::Arc;

use async_graphql::{Context, Object, Result, SimpleObject};
use gantry_app::run_log::LogPage;
use gantry_core::run::Run;

use super::RunState;
use crate::error;
use crate::graphql::cx::{app, subject};

/// A part of `Run`: what its phases said.
pub struct RunLog(pub Arc<Run>);

#[Object]
impl RunLog {
    /// A page of what was said in one state: the newest visit to it, or the one of `stateVersion`.
    /// `token` is the `nextToken` of the page before. Null where the history has no log.
    async fn logs(
        &self,
        ctx: &Context<'_>,
        state: RunState,
        token: Option<String>,
        state_version: Option<i64>,
    ) -> Result<Option<RunLogs>> {
        let Some(state) = state.known() else {
            return Ok(None);
        };
        let run = &self.0;
        let page = app(ctx)
            .run_logs(
                subject(ctx)?,
                &run.stack,
                &run.id,
                state,
                state_version,
                token.as_deref(),
            )
            .await;
        Ok(page.map_err(error::graphql)?.map(RunLogs::from))
    }
}

#[derive(SimpleObject)]
struct RunLogs {
    exists: bool,
    /// Everything was read, and nothing will come.
    finished: bool,
    has_more: bool,
    messages: Vec<RunLogMessage>,
    /// Where to go on; set on empty pages too, so that a reader never begins anew.
    next_token: Option<String>,
}

#[derive(SimpleObject)]
struct RunLogMessage {
    /// With its line ends.
    message: String,
}

impl From<LogPage> for RunLogs {
    fn from(page: LogPage) -> Self {
        let message = RunLogMessage { message: page.text };
        RunLogs {
            exists: true,
            finished: page.finished,
            has_more: page.has_more,
            messages: (!message.message.is_empty())
                .then_some(message)
                .into_iter()
                .collect(),
            next_token: Some(page.next_token),
        }
    }
}
