use std::sync::Arc;

use gantry_app::App;
use gantry_app::gateway::GatewayError;
use gantry_core::caller::Caller;
use gantry_core::commit::Commit;
use gantry_core::engine::PinnedTool;
use gantry_core::ids::WorkerId;
use gantry_core::protocol::{
    Claim, Claimed, Hello, Job, Next, PhaseFinished, PhaseOutcome, PhaseStart, Prepared, Released,
    VERSION,
};

pub const HEAD: &str = "0123456789abcdef0123456789abcdef01234567";

/// A worker without a tool: its phases end as the test says.
pub struct Worker {
    pub app: Arc<App>,
    pub id: WorkerId,
    pub caller: Caller,
    /// Of every tool that it has.
    pub version: &'static str,
}

impl Worker {
    pub async fn hello(app: Arc<App>, predecessor: Option<&WorkerId>) -> Self {
        Self::hello_as(app, Caller::Embedded, predecessor).await
    }

    pub async fn hello_as(app: Arc<App>, caller: Caller, predecessor: Option<&WorkerId>) -> Self {
        let id = WorkerId::new(ulid::Ulid::generate().to_string());
        let hello = Hello {
            protocol: VERSION,
            worker: id.clone(),
            predecessor: predecessor.cloned(),
            sandbox: "none".into(),
            metadata_unfiltered: None,
            slots: 1,
            metadata: Default::default(),
        };
        app.worker_hello(&caller, &hello).await.unwrap();
        Worker {
            app,
            id,
            caller,
            version: "1.11.4",
        }
    }

    /// The next run, if there is one right now.
    pub async fn claim(&self) -> Option<Job> {
        self.claim_within(0).await
    }

    pub async fn claim_within(&self, wait_ms: u64) -> Option<Job> {
        let claim = Claim {
            worker: self.id.clone(),
            wait_ms,
            holding: None,
        };
        match self.app.run_claim(&self.caller, &claim).await.unwrap()? {
            Claimed::Run(job) => Some(*job),
            Claimed::Go => panic!("nobody told the worker to go"),
        }
    }

    /// What a worker with one version of each tool says.
    fn tool(&self, job: &Job) -> PinnedTool {
        PinnedTool {
            engine: job.tool.engine,
            version: self.version.into(),
        }
    }

    pub async fn try_prepare(&self, job: &Job, hash: &str) -> Result<Next, GatewayError> {
        let prepared = Prepared {
            fence: job.fence,
            commit: commit(hash),
            tool: self.tool(job),
        };
        self.app
            .run_prepared(&self.caller, &job.run, &prepared)
            .await
    }

    /// Reports the checkout, and starts the phase that comes first.
    pub async fn prepare(&self, job: &Job) -> PhaseStart {
        started(self.try_prepare(job, HEAD).await.unwrap())
    }

    pub async fn try_finish(
        &self,
        job: &Job,
        start: &PhaseStart,
        outcome: PhaseOutcome,
    ) -> Result<Next, GatewayError> {
        let finished = PhaseFinished {
            fence: job.fence,
            phase: start.phase,
            version: start.version,
            outcome,
            errored_state: false,
            backend_lock: None,
        };
        self.app
            .run_phase_finished(&self.caller, &job.run, &finished)
            .await
    }

    /// Ends a phase after which the same worker goes on.
    pub async fn go_on(&self, job: &Job, start: &PhaseStart, outcome: PhaseOutcome) -> PhaseStart {
        started(self.try_finish(job, start, outcome).await.unwrap())
    }

    /// Ends a phase after which the run waits, or has ended. Answers whether it has ended.
    pub async fn let_go(&self, job: &Job, start: &PhaseStart, outcome: PhaseOutcome) -> bool {
        match self.try_finish(job, start, outcome).await.unwrap() {
            Next::Release { ended, .. } => {
                self.release(job, None).await;
                ended
            }
            Next::Phase(start) => panic!("the {} phase was started", start.phase),
        }
    }

    pub async fn release(&self, job: &Job, failed: Option<&str>) {
        let released = Released {
            fence: job.fence,
            failed: failed.map(str::to_owned),
        };
        self.app
            .run_released(&self.caller, &job.run, &released)
            .await
            .unwrap();
    }

    /// Initialises, plans with changes, stores the plan and reports that the plan is done.
    pub async fn plan(&self, job: &Job) -> Next {
        let init = self.prepare(job).await;
        let plan = self.go_on(job, &init, PhaseOutcome::Succeeded).await;
        self.put_plan(job, b"the plan").await;
        let finished = self.try_finish(job, &plan, PhaseOutcome::Changes);
        finished.await.unwrap()
    }

    pub async fn put_plan(&self, job: &Job, bundle: &'static [u8]) {
        let put = self
            .app
            .plan_put(&self.caller, &job.run, job.fence, bundle.into());
        put.await.unwrap();
    }

    pub async fn log(&self, job: &Job, version: i64, offset: u64, text: &str) {
        let bytes = bytes::Bytes::copy_from_slice(text.as_bytes());
        let appended =
            self.app
                .run_log_append(&self.caller, &job.run, version, job.fence, offset, bytes);
        appended.await.unwrap();
    }
}

pub fn started(next: Next) -> PhaseStart {
    match next {
        Next::Phase(start) => *start,
        Next::Release { ended, .. } => panic!("let go, ended: {ended}"),
    }
}

/// The text of a refusal.
pub fn refusal<T: std::fmt::Debug>(answer: Result<T, GatewayError>) -> String {
    match answer {
        Err(GatewayError::Refused { reason, .. }) => reason,
        other => panic!("not refused: {other:?}"),
    }
}

fn commit(hash: &str) -> Commit {
    Commit {
        hash: hash.into(),
        message: "Add a bucket\n\nfor the logs".into(),
        author_name: "Ada".into(),
        author_login: None,
        timestamp: 1_799_999_000,
        url: String::new(),
    }
}
