use std::sync::Arc;
use std::time::{Duration, Instant};

use gantry_cloud::provider::Patience;
use gantry_core::credentials::cloud::Cloud;
use gantry_core::credentials::issuing::Issuing;
use gantry_core::credentials::phase_env::PhaseEnv;
use gantry_core::credentials::verification::VerificationOutcome;
use gantry_store::{issuing, verification};

use super::by_worker::handed;
use super::{Decision, Failed, Issued, Next, Request};
use crate::verification::Attempt;
use crate::{App, OpError};

impl App {
    /// Asks each cloud for what was decided. To be called once the decision is committed, and
    /// outside of any transaction.
    pub async fn mint(self: &Arc<Self>, decision: Decision) -> Result<Issued, Failed> {
        if let Some(reason) = decision.refused() {
            return Err(Failed {
                reason: reason.to_owned(),
            });
        }
        let mut issued = Issued {
            env: vec![],
            expires_at_ms: None,
            grants: vec![],
            notices: vec![],
        };
        let mut asking = Duration::ZERO;
        for decided in decision.of_clouds {
            match decided.next {
                Next::Ask(request) => {
                    let (env, took) = self.ask(&decided.record, &request).await?;
                    asking += took;
                    let ends = [issued.expires_at_ms, env.expires_at_ms()];
                    issued.expires_at_ms = ends.into_iter().flatten().min();
                    self.note_issued(&decided.record, env.expires_at_ms());
                    issued.env.extend(env.into_wire());
                }
                Next::Hand(request) => issued.grants.push(handed(&decided.record, &request)),
                Next::Without | Next::Fail => {}
            }
            issued.notices.push(decided.record.note);
        }
        issued.notices.extend(decision.ahead);
        if !asking.is_zero() {
            // The whole begins with the decision, so it holds the commit that makes it durable.
            tracing::debug!(
                total_us = decision.begun.elapsed().as_micros() as u64,
                cloud_us = asking.as_micros() as u64,
                "credentials are issued"
            );
        }
        Ok(issued)
    }

    /// Also answers how long the cloud took.
    async fn ask(
        &self,
        record: &Issuing,
        request: &Request,
    ) -> Result<(PhaseEnv, Duration), Failed> {
        let asked = match &request.first_use {
            Some(attempt) => self.try_first_use(record.cloud, attempt).await,
            None => Ok(()),
        };
        let asked = match asked {
            Ok(()) => match self.cloud(record.cloud) {
                Ok(cloud) => {
                    let begin = Instant::now();
                    let answer = cloud.assume(request.grant.request()).await;
                    let outcome = if answer.is_ok() { "issued" } else { "failed" };
                    self.metrics.sts(outcome, begin.elapsed());
                    answer
                        .map(|env| (env, begin.elapsed()))
                        .map_err(|error| error.to_string())
                }
                Err(error) => Err(error.to_string()),
            },
            Err(error) => Err(error),
        };
        match asked {
            Ok(answer) => Ok(answer),
            Err(error) => Err(self.note_failed(record, &error).await),
        }
    }

    /// An integration that attaches itself is tried before its first use; what it showed stays on
    /// record, whatever it was.
    async fn try_first_use(&self, cloud: Cloud, attempt: &Attempt) -> Result<(), String> {
        let tried = self
            .try_roles(cloud, std::slice::from_ref(attempt), Patience::Attach)
            .await
            .map_err(|error| error.to_string())?;
        for record in &tried {
            let saved = async {
                let tx = self.store.begin().await?;
                verification::put(&tx, record).await?;
                tx.commit().await
            };
            if let Err(error) = saved.await {
                tracing::error!(%error, stack.slug = %record.stack, "a trial was not recorded");
            }
            if record.outcome != VerificationOutcome::Trusted {
                return Err(record.message.clone());
            }
        }
        Ok(())
    }

    /// Completes the record without keeping the phase waiting: that the credentials were asked for,
    /// and until when they can last at most, is durable already.
    fn note_issued(self: &Arc<Self>, record: &Issuing, expires_at_ms: Option<i64>) {
        tracing::info!(
            run.id = %record.run, stack.slug = %record.stack,
            external_id = record.external_id.as_deref(), role = record.role_arn.as_deref(),
            "{}", record.note
        );
        let now = self.clock.now();
        let (app, id, run) = (Arc::clone(self), record.id.clone(), record.run.clone());
        let stack = record.stack.clone();
        self.afterwards.spawn(async move {
            let noted = async {
                let tx = app.store.begin().await?;
                issuing::issued(&tx, &id, now, expires_at_ms).await?;
                tx.commit().await
            };
            match noted.await {
                Ok(()) => {
                    app.wake.run(&run);
                    app.say_run(&stack, &run).await;
                    // The phase may go on beyond it.
                    if let Some(ends) = expires_at_ms {
                        app.runs.ends_at(ends);
                    }
                }
                Err(error) => tracing::error!(%error, run.id = %run, stack.slug = %stack, "an issuing stays incomplete"),
            }
        });
    }

    async fn note_failed(&self, record: &Issuing, error: &str) -> Failed {
        let reason = format!(
            "{} did not get its {} credentials of {}: {error}",
            record.phase,
            record.access,
            record.cloud.label()
        );
        // The reason names the external ID that was refused; it is for the run's page.
        tracing::warn!(
            run.id = %record.run, stack.slug = %record.stack,
            role = record.role_arn.as_deref(),
            "{} did not get its {} credentials of {}; its run says why",
            record.phase, record.access, record.cloud.label()
        );
        let noted: Result<(), OpError> = async {
            let tx = self.store.begin().await?;
            issuing::failed(&tx, &record.id, &reason).await?;
            Ok(tx.commit().await?)
        }
        .await;
        if let Err(error) = noted {
            tracing::error!(%error, run.id = %record.run, stack.slug = %record.stack, "a failed issuing stays incomplete");
        }
        Failed { reason }
    }
}
