//! What a job tells the server, each message under the fencing number of its lease, and again until
//! it is understood, refused, or nobody is there to hear it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use gantry_core::commit::Commit;
use gantry_core::engine::PinnedTool;
use gantry_core::ids::RunId;
use gantry_core::protocol::{Issued, Next, PhaseFinished, Prepared, Released};
use hyper::Method;

use crate::client::{Gateway, GatewayError};
use crate::orders::Orders;

/// Between attempts: from the first to the last of these.
const PAUSES: [Duration; 2] = [Duration::from_millis(20), Duration::from_secs(1)];

/// How long a message under way may still take once the worker has to end.
const LAST_PATIENCE: Duration = Duration::from_secs(5);

/// Why a message was not delivered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undelivered {
    /// The server answered, and will not say anything else.
    #[error("the server refused it: {0}")]
    Refused(String),
    /// It goes to the spool.
    #[error("the server is gone: {0}")]
    Gone(String),
}

#[derive(Clone)]
pub struct Report {
    gateway: Arc<Gateway>,
    run: RunId,
    fence: i64,
    orders: Orders,
}

impl Report {
    pub fn new(gateway: Arc<Gateway>, run: RunId, fence: i64, orders: Orders) -> Self {
        Report {
            gateway,
            run,
            fence,
            orders,
        }
    }

    pub fn fence(&self) -> i64 {
        self.fence
    }

    pub async fn prepared(&self, commit: Commit, tool: PinnedTool) -> Result<Next, Undelivered> {
        let path = self.path("prepared");
        let message = Prepared {
            fence: self.fence,
            commit,
            tool,
        };
        self.deliver(|| self.gateway.post(&path, &message, Duration::ZERO))
            .await?
            .ok_or_else(nothing_said)
    }

    /// What the worker was issued for a phase that is about to start.
    pub async fn issued(&self, message: &Issued) -> Result<(), Undelivered> {
        let path = self.path("issued");
        let answer: Option<serde_json::Value> = self
            .deliver(|| self.gateway.post(&path, message, Duration::ZERO))
            .await?;
        drop(answer);
        Ok(())
    }

    /// Answers with where the log goes on: behind these bytes, or before them when the server has
    /// lost what it had, by being killed.
    pub async fn log(&self, version: i64, offset: u64, bytes: Bytes) -> Result<u64, Undelivered> {
        let path = format!(
            "{}&offset={offset}",
            self.fenced(&format!("logs/{version}"))
        );
        let end = offset + bytes.len() as u64;
        self.deliver(async || {
            let sent = self.gateway.upload(Method::POST, &path, bytes.clone());
            match sent.await {
                Ok(()) => Ok(end),
                Err(GatewayError::Refused {
                    expected_offset: Some(at),
                    ..
                }) if at < offset => Ok(at),
                Err(error) => Err(error),
            }
        })
        .await
    }

    pub async fn plan(&self, bundle: Bytes) -> Result<(), Undelivered> {
        self.put("plan", bundle).await
    }

    pub async fn plan_json(&self, json: Bytes) -> Result<(), Undelivered> {
        self.put("plan-json", json).await
    }

    pub async fn errored_state(&self, state: Bytes) -> Result<(), Undelivered> {
        self.put("errored-state", state).await
    }

    pub async fn saved_plan(&self) -> Result<Bytes, Undelivered> {
        self.get("plan").await
    }

    /// The state that an earlier phase could not store, for the task that stores it.
    pub async fn kept_state(&self) -> Result<Bytes, Undelivered> {
        self.get("errored-state").await
    }

    async fn get(&self, what: &str) -> Result<Bytes, Undelivered> {
        let path = self.fenced(what);
        self.deliver(|| self.gateway.download(&path)).await
    }

    pub async fn finished(&self, message: &PhaseFinished) -> Result<Next, Undelivered> {
        let path = self.path("finished");
        self.deliver(|| self.gateway.post(&path, message, Duration::ZERO))
            .await?
            .ok_or_else(nothing_said)
    }

    pub async fn released(&self, failed: Option<String>) -> Result<(), Undelivered> {
        let path = self.path("released");
        let message = Released {
            fence: self.fence,
            failed,
        };
        let answer: Option<serde_json::Value> = self
            .deliver(|| self.gateway.post(&path, &message, Duration::ZERO))
            .await?;
        drop(answer);
        Ok(())
    }

    async fn put(&self, what: &str, bytes: Bytes) -> Result<(), Undelivered> {
        let path = self.fenced(what);
        self.deliver(|| self.gateway.upload(Method::PUT, &path, bytes.clone()))
            .await
    }

    fn path(&self, what: &str) -> String {
        format!("runs/{}/{what}", self.run)
    }

    fn fenced(&self, what: &str) -> String {
        format!("runs/{}/{what}?fence={}", self.run, self.fence)
    }

    /// At least one attempt is made, whatever the orders are: a server that is going down in order
    /// still listens.
    async fn deliver<A, F>(&self, attempt: impl Fn() -> F) -> Result<A, Undelivered>
    where
        F: Future<Output = Result<A, GatewayError>>,
    {
        let [mut pause, longest] = PAUSES;
        loop {
            let late = async {
                self.orders.abandoned().await;
                tokio::time::sleep(LAST_PATIENCE).await;
            };
            let answer = tokio::select! {
                answer = attempt() => answer,
                () = late => return Err(Undelivered::Gone("no answer in time".into())),
            };
            match answer {
                Ok(answer) => return Ok(answer),
                Err(error) if error.is_passing() => {
                    tracing::debug!(run.id = %self.run, %error, "message not delivered yet");
                    if !self.orders.pause(pause).await {
                        return Err(Undelivered::Gone(error.to_string()));
                    }
                    pause = (pause * 2).min(longest);
                }
                Err(GatewayError::Refused { reason, .. }) => {
                    return Err(Undelivered::Refused(reason));
                }
                Err(error) => return Err(Undelivered::Refused(error.to_string())),
            }
        }
    }
}

fn nothing_said() -> Undelivered {
    Undelivered::Refused("the answer says nothing about what comes next".into())
}
