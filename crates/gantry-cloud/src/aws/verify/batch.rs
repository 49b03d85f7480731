//! Which requests are sent, in which order and how often. Knows nothing of STS.

use std::collections::HashMap;
use std::time::Duration;

use futures::future::{BoxFuture, join_all};
use gantry_core::credentials::grant::AssumeRequest;
use gantry_core::credentials::trial::Trial;
use tokio::sync::{OnceCell, Semaphore};
use tokio::time::{Instant, sleep, sleep_until};

use crate::error::{AssumeError, AssumeErrorKind};
use crate::provider::Patience;

const AT_A_TIME: usize = 16;
const IN_ALL: Duration = Duration::from_secs(45);
const BETWEEN_TRIES: Duration = Duration::from_secs(2);

/// What a request carries in the place of the external ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Presented {
    /// The right one, with the tags of a real session.
    Ours,
    Nothing,
    Random,
}

/// Whoever can ask the cloud one thing about a trial's role.
pub(super) trait Asker: Sync {
    fn ask<'a>(
        &'a self,
        trial: &'a Trial,
        presented: Presented,
    ) -> BoxFuture<'a, Result<(), AssumeError>>;
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    TrustsUs,
    /// The request that should have succeeded did not.
    Refused(AssumeError),
    /// This succeeded, and should have been refused.
    OpenTo(Presented),
    /// A request that decides was neither granted nor refused.
    Unclear(AssumeError),
    OutOfTime,
}

impl Verdict {
    pub(super) const fn needs_statement(&self) -> bool {
        matches!(self, Verdict::Refused(_) | Verdict::OpenTo(_))
    }
}

/// Judges each trial, in order. Requests that are the same are sent once.
pub(super) async fn judge_all(
    asker: &dyn Asker,
    trials: &[Trial],
    patience: Patience,
) -> Vec<Verdict> {
    let deadline = Instant::now() + IN_ALL;
    let mut answers = HashMap::new();
    for trial in trials {
        for presented in [Presented::Ours, Presented::Nothing, Presented::Random] {
            answers
                .entry(Question::new(trial, presented))
                .or_insert_with(OnceCell::new);
        }
    }
    let round = Round {
        asker,
        answers,
        permits: Semaphore::new(AT_A_TIME),
        patience,
    };
    let judged = trials.iter().map(|trial| async {
        // The deadline first: else each trial that gives up hands its permit to one that starts.
        tokio::select! {
            biased;
            () = sleep_until(deadline) => Verdict::OutOfTime,
            verdict = round.judge(trial) => verdict,
        }
    });
    join_all(judged).await
}

/// What makes two requests the same. The external ID and the tags count only where they are sent:
/// for one role, the probes on behalf of read and of write are the same request.
#[derive(PartialEq, Eq, Hash)]
enum Question<'a> {
    Ours(&'a AssumeRequest),
    Probe {
        role: &'a str,
        region: Option<&'a str>,
        duration: u32,
        session: &'a str,
        random: bool,
    },
}

impl<'a> Question<'a> {
    fn new(trial: &'a Trial, presented: Presented) -> Self {
        let request = trial.request();
        match presented {
            Presented::Ours => Question::Ours(request),
            Presented::Nothing | Presented::Random => Question::Probe {
                role: request.role_arn().as_str(),
                region: request.region().map(|region| region.as_str()),
                duration: request.duration().seconds(),
                session: request.session_name().as_str(),
                random: presented == Presented::Random,
            },
        }
    }
}

struct Round<'a> {
    asker: &'a dyn Asker,
    answers: HashMap<Question<'a>, OnceCell<Result<(), AssumeError>>>,
    permits: Semaphore,
    patience: Patience,
}

impl<'a> Round<'a> {
    async fn judge(&self, trial: &'a Trial) -> Verdict {
        if let Err(error) = self.answer(trial, Presented::Ours).await {
            return match error.kind {
                AssumeErrorKind::Denied
                | AssumeErrorKind::InvalidDuration
                | AssumeErrorKind::InvalidRequest => Verdict::Refused(error),
                _ => Verdict::Unclear(error),
            };
        }
        let probes = [Presented::Nothing, Presented::Random];
        let answers = join_all(probes.map(|presented| self.answer(trial, presented))).await;
        // One that opens decides, even when the other remained unclear.
        let mut verdict = Verdict::TrustsUs;
        for (presented, answer) in probes.into_iter().zip(answers) {
            match answer {
                Ok(()) => return Verdict::OpenTo(presented),
                Err(error) if error.kind == AssumeErrorKind::Denied => {}
                Err(error) => verdict = Verdict::Unclear(error),
            }
        }
        verdict
    }

    async fn answer(&self, trial: &'a Trial, presented: Presented) -> Result<(), AssumeError> {
        match self.answers.get(&Question::new(trial, presented)) {
            Some(cell) => cell
                .get_or_init(|| self.ask(trial, presented))
                .await
                .clone(),
            // Every question of every trial has a cell; an extra request would do no harm.
            None => self.ask(trial, presented).await,
        }
    }

    async fn ask(&self, trial: &Trial, presented: Presented) -> Result<(), AssumeError> {
        let believe_at = Instant::now() + self.patience.with_refusals();
        loop {
            let answer = {
                // Never closed, so there is always a permit to come.
                let _permit = self.permits.acquire().await;
                self.asker.ask(trial, presented).await
            };
            let refused = answer
                .as_ref()
                .is_err_and(|error| error.kind == AssumeErrorKind::Denied);
            let again = presented == Presented::Ours
                && refused
                && Instant::now() + BETWEEN_TRIES <= believe_at;
            if !again {
                return answer;
            }
            sleep(BETWEEN_TRIES).await;
        }
    }
}

#[cfg(test)]
mod tests;
