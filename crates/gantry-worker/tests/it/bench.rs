//! A worker with a gateway, a repository and a state backend.

use std::path::PathBuf;

use gantry_core::engine::Engine;
use gantry_core::ids::{RunId, StackId};
use gantry_core::protocol::*;
use gantry_core::run::{Phase, RunKind};
use gantry_testkit::repository::Repository;
use gantry_worker::orders::{Order, Orders};
use gantry_worker::{WorkerConfig, WorkerError};
use tokio::task::JoinHandle;

use crate::gateway::{Gateway, start};

pub struct Bench {
    pub directory: tempfile::TempDir,
    pub gateway: Gateway,
    pub repository: Repository,
    working: Option<(Orders, JoinHandle<Result<(), WorkerError>>)>,
}

impl Bench {
    pub fn new(files: &[(&str, &str)]) -> Self {
        Self::scripted(files, |_, phase| start(phase))
    }

    pub fn scripted(
        files: &[(&str, &str)],
        script: impl Fn(&Job, Phase) -> PhaseStart + Send + Sync + 'static,
    ) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let repository = Repository::create(directory.path(), "code", files).unwrap();
        let gateway = Gateway::new(script);
        Bench {
            directory,
            gateway,
            repository,
            working: None,
        }
    }

    pub fn data(&self) -> PathBuf {
        self.directory.path().join("worker")
    }

    /// Starts the server and a worker.
    pub fn start(&mut self) {
        self.start_with(serde_json::json!({}));
    }

    /// With further settings of the worker.
    pub fn start_with(&mut self, settings: serde_json::Value) {
        let socket = self.listen();
        let mut config = serde_json::json!({
            "data_dir": self.data(),
            "server": { "socket": { "path": socket, "token": "the-token" } },
            "slots": 2,
            "local_repositories": [self.directory.path()],
            // Other users than those of the tests of the metadata filter.
            "users": { "first": 800_000, "count": 100 },
            "cgroup": crate::stage::CGROUP,
        });
        for (name, value) in settings.as_object().unwrap() {
            config[name] = value.clone();
        }
        let config: WorkerConfig = serde_json::from_value(config).unwrap();
        let ending = Orders::default();
        let working = tokio::spawn({
            let ending = ending.clone();
            async move {
                let worked = gantry_worker::work(config, ending).await;
                if let Err(error) = &worked {
                    eprintln!("the worker ended: {error}");
                }
                worked
            }
        });
        self.working = Some((ending, working));
    }

    /// Starts the server alone.
    pub fn listen(&mut self) -> PathBuf {
        let socket = self.directory.path().join("gateway");
        self.gateway.listen(&socket);
        socket
    }

    /// Ends the worker in order.
    pub async fn end(&mut self, why: &str) {
        let (ending, working) = self.working.take().unwrap();
        ending.give(Order::End { why: why.into() });
        working
            .await
            .unwrap()
            .unwrap_or_else(|error| panic!("{error}"));
    }

    /// Ends the worker as SIGKILL does: nothing of it gets to say or to write anything.
    pub async fn kill(&mut self) {
        let (_, working) = self.working.take().unwrap();
        working.abort();
        let _ = working.await;
    }

    pub fn job(&self, kind: RunKind) -> Job {
        Job {
            run: RunId::new(ulid::Ulid::generate().to_string()),
            stack: StackId::new("stack"),
            kind,
            start: Start::Fresh,
            fence: 1,
            source: Source {
                url: self.repository.path().display().to_string(),
                branch: "main".into(),
                commit: None,
                project_root: String::new(),
                sparse_paths: vec![],
            },
            tool: Tool {
                engine: Engine::Terraform,
                version: None,
            },
            workspace: None,
            command: None,
            skip_initialization: false,
            carry: vec![],
            autodeploy: false,
            after_run: vec![],
            version: 1,
            errored_state: false,
            managed_state: false,
        }
    }

    /// The same run, later.
    pub fn later(&self, job: &Job, start: Start) -> Job {
        let mut job = job.clone();
        job.start = start;
        job.fence += 1;
        job.version = 50;
        job.source.commit = self.gateway.told(|told| told.commit.clone());
        job
    }

    /// Offers a job and waits until it is released.
    pub async fn run(&self, job: Job) {
        let before = self.gateway.told(|told| told.released.len());
        self.gateway.offer(job);
        self.gateway
            .until(|told| told.released.len() > before)
            .await;
    }
}
