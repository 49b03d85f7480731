//! The worker's own life: take over from a predecessor, say hello, claim runs while a slot is free.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gantry_core::ids::RunId;
use gantry_core::protocol::{Claim, Claimed, Hello, VERSION, Welcome};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tracing::Instrument as _;

use crate::client::GatewayError;
use crate::job;
use crate::memory;
use crate::orders::{Order, Orders};
use crate::worker::Worker;

/// How long the server may hold a claim back while there is nothing to do.
const HELD: Duration = Duration::from_secs(25);

/// Between attempts: from the first to the last of these.
const PAUSES: [Duration; 2] = [Duration::from_millis(50), Duration::from_secs(2)];

#[derive(Debug, thiserror::Error)]
pub enum PollError {
    #[error("the server does not take this worker: {0}")]
    NotTaken(String),
}

/// Says hello, then works until `ending` says to end. `hello` carries what the worker is.
pub async fn work(worker: Arc<Worker>, hello: Hello, ending: Orders) -> Result<(), PollError> {
    debug_assert_eq!(hello.protocol, VERSION);
    let welcome: Welcome = match patiently(&ending, |_| {
        worker.gateway.post("hello", &hello, Duration::ZERO)
    })
    .await?
    {
        Some(welcome) => welcome,
        None => return Ok(()),
    };
    let lease = Duration::from_secs(welcome.lease_seconds);
    let slots = Arc::new(Semaphore::new(worker.slots));
    let mut jobs = JoinSet::new();
    let mut worked = false;
    let mut refused = Ok(());
    let holding = Holding::default();
    tracing::info!(worker.id = %hello.worker, slots = worker.slots, "ready for runs");
    loop {
        let claimed = async {
            let slot = slots.clone().acquire_owned().await.ok()?;
            let gateway = &worker.gateway;
            let job = patiently(&ending, |again| {
                let claim = Claim {
                    worker: hello.worker.clone(),
                    wait_ms: HELD.as_millis() as u64,
                    holding: again.then(|| holding.list()),
                };
                async move { gateway.post::<Claimed>("claim", &claim, HELD).await }
            })
            .await;
            Some((slot, job))
        };
        // `biased`: an answer that carries a run is taken up even when the end has come.
        let claimed = tokio::select! {
            biased;
            claimed = claimed => claimed,
            _ = ending.abandoned() => None,
        };
        let Some((slot, answer)) = claimed else { break };
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                // It takes nothing more, and ends what it has.
                refused = Err(error);
                break;
            }
        };
        match answer {
            Some(Claimed::Run(job)) => {
                worked = true;
                let worker = worker.clone();
                let ending = ending.clone();
                let held = holding.hold(&job.run);
                let span = tracing::info_span!("run", run.id = %job.run, stack.slug = %job.stack);
                let working = async move {
                    job::run(worker, *job, lease, ending).await;
                    drop((held, slot));
                };
                jobs.spawn(working.instrument(span));
            }
            Some(Claimed::Go) => {
                tracing::info!(worker.id = %hello.worker, "told to go, now that it has no run");
                break;
            }
            None if ending.current() != Order::GoOn => break,
            None => {}
        }
        while jobs.try_join_next().is_some() {}
        // A whole claim came to nothing, and so will the next ones.
        if worked && jobs.is_empty() {
            memory::give_back();
            worked = false;
        }
    }
    while jobs.join_next().await.is_some() {}
    refused
}

/// The runs that this worker knows it holds.
#[derive(Clone, Default)]
struct Holding(Arc<Mutex<Vec<RunId>>>);

struct Held {
    run: RunId,
    holding: Holding,
}

impl Holding {
    fn hold(&self, run: &RunId) -> Held {
        self.runs().push(run.clone());
        Held {
            run: run.clone(),
            holding: self.clone(),
        }
    }

    fn list(&self) -> Vec<RunId> {
        self.runs().clone()
    }

    fn runs(&self) -> MutexGuard<'_, Vec<RunId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.holding.runs().retain(|run| *run != self.run);
    }
}

/// Asks until there is an answer; `None` where it says nothing, or when the worker has to end.
/// `attempt` hears whether it is made again, after one that brought no answer.
async fn patiently<A, F>(
    ending: &Orders,
    attempt: impl Fn(bool) -> F,
) -> Result<Option<A>, PollError>
where
    F: Future<Output = Result<Option<A>, GatewayError>>,
{
    let [mut pause, longest] = PAUSES;
    let mut again = false;
    loop {
        match attempt(again).await {
            Ok(answer) => return Ok(answer),
            Err(error) if error.is_passing() => {
                tracing::debug!(%error, "the server doesn't answer");
                if !ending.pause(pause).await {
                    return Ok(None);
                }
                pause = (pause * 2).min(longest);
                again = true;
            }
            Err(error) => return Err(PollError::NotTaken(error.to_string())),
        }
    }
}
