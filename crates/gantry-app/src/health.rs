//! Whether this server can serve, in sentences.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gantry_store::migrate;
use tokio::sync::Mutex;

use crate::{App, OpError};

/// Strangers may ask as often as they like; we look this often.
const GOOD_FOR: Duration = Duration::from_secs(5);
const PATIENCE: Duration = Duration::from_secs(5);

/// One object, written again and again.
const WRITTEN: &str = "health";

/// What was looked at.
#[derive(Clone, Debug)]
pub struct Check {
    pub name: &'static str,
    pub well: bool,
    /// Tells a stranger nothing.
    pub sentence: &'static str,
    /// For the operator: why.
    pub reason: Option<String>,
}

impl Check {
    fn of(
        name: &'static str,
        found: Result<(), String>,
        good: &'static str,
        bad: &'static str,
    ) -> Self {
        Check {
            name,
            well: found.is_ok(),
            sentence: if found.is_ok() { good } else { bad },
            reason: found.err(),
        }
    }
}

#[derive(Clone, Debug)]
pub struct Readiness {
    /// Requests can be answered. Neither a worker nor room for objects is needed for that: what only
    /// reads goes on.
    pub ready: bool,
    pub checks: Vec<Check>,
}

/// The newest look.
#[derive(Default)]
pub(crate) struct LastLook(Mutex<Option<(Instant, Arc<Readiness>)>>);

impl App {
    pub async fn readiness(&self) -> Arc<Readiness> {
        let mut last = self.last_look.0.lock().await;
        if let Some((at, found)) = &*last
            && at.elapsed() < GOOD_FOR
        {
            return found.clone();
        }
        let found = Arc::new(self.look().await);
        *last = Some((Instant::now(), found.clone()));
        found
    }

    async fn look(&self) -> Readiness {
        let (database, objects, written) = futures::join!(
            within("the database", self.database_answers()),
            within("the object storage", self.objects_are_read()),
            within("the object storage", self.objects_are_written()),
        );
        let checks = vec![
            Check::of(
                "database",
                database,
                "the database answers, and its schema is up to date",
                "the database does not answer as it should",
            ),
            Check::of(
                "objects",
                objects,
                "the object storage can be read",
                "the object storage can't be read",
            ),
            Check::of(
                "storing",
                written,
                "the object storage can be written",
                "the object storage can't be written, so logs, plans and states are refused",
            ),
            Check::of(
                "worker",
                self.worker_absence().map_or(Ok(()), Err),
                "a worker takes runs, as far as this server knows",
                "no worker of this server takes runs",
            ),
        ];
        for check in checks.iter().take(3) {
            if let Some(reason) = &check.reason {
                tracing::warn!(check = check.name, "not all is well: {reason}");
            }
        }
        Readiness {
            ready: checks.iter().take(2).all(|check| check.well),
            checks,
        }
    }

    async fn database_answers(&self) -> Result<(), OpError> {
        let newest = migrate::newest(self.store.reader()).await?;
        if newest < migrate::known() {
            return Err(OpError::invalid(format!(
                "its schema is {newest}, and this version needs {}",
                migrate::known()
            )));
        }
        Ok(())
    }

    async fn objects_are_read(&self) -> Result<(), OpError> {
        match self.objects.mark().await? {
            Some(_) => Ok(()),
            None => Err(OpError::invalid(
                "it has lost the mark of this installation",
            )),
        }
    }

    async fn objects_are_written(&self) -> Result<(), OpError> {
        self.objects.put(WRITTEN, "well").await
    }
}

async fn within(
    what: &str,
    asked: impl Future<Output = Result<(), OpError>>,
) -> Result<(), String> {
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(OpError::Internal { source, .. })) => Err(format!("{what}: {source}")),
        Ok(Err(error)) => Err(format!("{what}: {error}")),
        Err(_) => Err(format!(
            "{what} gave no answer within {} s",
            PATIENCE.as_secs()
        )),
    }
}
