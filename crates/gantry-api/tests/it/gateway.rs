//! The worker protocol over HTTP, as a worker speaks it.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use bytes::Bytes;
use gantry_core::commit::Commit;
use gantry_core::engine::PinnedTool;
use gantry_core::ids::WorkerId;
use gantry_core::protocol::{
    Claim, Claimed, Heartbeat, HeartbeatAnswer, Hello, Job, Next, PREFIX, PhaseFinished,
    PhaseOutcome, PhaseStart, Prepared, Refusal, Released, VERSION, Welcome,
};
use http_body_util::BodyExt as _;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tower::ServiceExt as _;

use crate::client::Client;

const TOKEN: &str = "the token of the test";
pub const HEAD: &str = "0123456789abcdef0123456789abcdef01234567";

/// A worker without a tool: its phases end as the test says.
pub struct Worker {
    router: axum::Router,
    token: &'static str,
    id: WorkerId,
}

impl Worker {
    pub fn of(client: &Client) -> Self {
        Worker {
            router: gantry_api::gateway::embedded(client.app.clone(), TOKEN.into()),
            token: TOKEN,
            id: WorkerId::new("01WORKER"),
        }
    }

    pub async fn hello(client: &Client) -> Self {
        let worker = Worker::of(client);
        let welcome: Welcome = worker.post("hello", &worker.greeting()).await.unwrap();
        assert_eq!(welcome.lease_seconds, 30);
        worker
    }

    fn greeting(&self) -> Hello {
        Hello {
            protocol: VERSION,
            worker: self.id.clone(),
            predecessor: None,
            sandbox: "none".into(),
            metadata_unfiltered: None,
            slots: 1,
            metadata: Default::default(),
        }
    }

    pub async fn send(&self, method: Method, path: &str, body: Bytes) -> (StatusCode, Bytes) {
        let request = Request::builder()
            .method(method)
            .uri(format!("{PREFIX}/{path}"))
            .header("authorization", format!("Bearer {}", self.token))
            .header("content-type", "application/json")
            .body(Body::from(body))
            .unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, body)
    }

    /// A message that has to be understood; `None` is `204`.
    pub async fn post<A: DeserializeOwned>(
        &self,
        path: &str,
        message: &impl Serialize,
    ) -> Option<A> {
        let body = serde_json::to_vec(message).unwrap();
        let (status, answer) = self.send(Method::POST, path, body.into()).await;
        match status {
            StatusCode::NO_CONTENT => None,
            StatusCode::OK => Some(serde_json::from_slice(&answer).unwrap()),
            other => panic!("{path}: {other} {answer:?}"),
        }
    }

    async fn refusal(&self, method: Method, path: &str, body: impl Into<Bytes>) -> Refusal {
        let (status, answer) = self.send(method, path, body.into()).await;
        assert_eq!(status, StatusCode::CONFLICT, "{path}: {answer:?}");
        serde_json::from_slice(&answer).unwrap()
    }

    pub async fn claim(&self) -> Option<Job> {
        let claim = Claim {
            worker: self.id.clone(),
            wait_ms: 0,
            holding: None,
        };
        match self.post("claim", &claim).await? {
            Claimed::Run(job) => Some(*job),
            Claimed::Go => panic!("nobody told the worker to go"),
        }
    }

    pub async fn prepared(&self, job: &Job) -> PhaseStart {
        let message = Prepared {
            fence: job.fence,
            commit: Commit {
                hash: HEAD.into(),
                message: "Add a bucket".into(),
                author_name: "Ada".into(),
                author_login: None,
                timestamp: 1_700_000_000,
                url: String::new(),
            },
            tool: PinnedTool {
                engine: job.tool.engine,
                version: "1.11.4".into(),
            },
        };
        let path = format!("runs/{}/prepared", job.run);
        match self.post(&path, &message).await.unwrap() {
            Next::Phase(start) => *start,
            Next::Release { ended, .. } => panic!("let go, ended: {ended}"),
        }
    }

    pub async fn finished(&self, job: &Job, start: &PhaseStart, outcome: PhaseOutcome) -> Next {
        let message = PhaseFinished {
            fence: job.fence,
            phase: start.phase,
            version: start.version,
            outcome,
            errored_state: false,
            backend_lock: None,
        };
        let path = format!("runs/{}/finished", job.run);
        self.post(&path, &message).await.unwrap()
    }

    pub async fn log(&self, job: &Job, version: i64, offset: u64, text: &'static str) {
        let path = format!(
            "runs/{}/logs/{version}?fence={}&offset={offset}",
            job.run, job.fence
        );
        let (status, answer) = self.send(Method::POST, &path, text.into()).await;
        assert_eq!(status, StatusCode::NO_CONTENT, "{answer:?}");
    }

    pub async fn put(&self, job: &Job, what: &str, bytes: impl Into<Bytes>) {
        let path = format!("runs/{}/{what}?fence={}", job.run, job.fence);
        let (status, answer) = self.send(Method::PUT, &path, bytes.into()).await;
        assert_eq!(status, StatusCode::NO_CONTENT, "{answer:?}");
    }

    pub async fn released(&self, job: &Job) {
        let message = Released {
            fence: job.fence,
            failed: None,
        };
        let path = format!("runs/{}/released", job.run);
        assert!(self.post::<()>(&path, &message).await.is_none());
    }

    /// Plans with one change, up to the answer of `finished`.
    pub async fn plan(&self, job: &Job) -> Next {
        let init = self.prepared(job).await;
        self.log(job, init.version, 0, "initialised\n").await;
        let Next::Phase(plan) = self.finished(job, &init, PhaseOutcome::Succeeded).await else {
            panic!("no plan phase");
        };
        self.put(job, "plan", "the plan").await;
        let json = r#"{"resource_changes":[{"address":"t.n","mode":"managed",
            "change":{"actions":["delete","create"]}}]}"#;
        self.put(job, "plan-json", json).await;
        self.finished(job, &plan, PhaseOutcome::Changes).await
    }
}

pub async fn stack(client: &Client) {
    let input = crate::stack::provider_input(client, "infra");
    crate::stack::create(client, input).await;
}

pub async fn trigger(client: &Client) -> String {
    let query = "mutation($stack:ID!$sha:String$type:RunType)\
        {runTrigger(stack: $stack, commitSha: $sha, runType: $type){id}}";
    let variables = serde_json::json!({ "stack": "infra", "sha": null, "type": "TRACKED" });
    let run = client.data(query, variables).await;
    run["runTrigger"]["id"].as_str().unwrap().into()
}

#[tokio::test]
async fn without_the_token_there_is_nothing() {
    let client = Client::start().await;
    let mut worker = Worker::of(&client);
    for token in ["", "the token of the tesu", "the token of the test "] {
        worker.token = token;
        for path in ["hello", "claim", "runs/x/plan?fence=1", "nowhere"] {
            let (status, _) = worker.send(Method::POST, path, Bytes::new()).await;
            assert_eq!(status, StatusCode::UNAUTHORIZED, "{token:?} {path}");
        }
    }
}

#[tokio::test]
async fn a_worker_of_another_version_is_refused() {
    let client = Client::start().await;
    let worker = Worker::of(&client);
    let hello = Hello {
        protocol: VERSION + 1,
        ..worker.greeting()
    };
    let hello = serde_json::to_vec(&hello).unwrap();
    let refusal = worker.refusal(Method::POST, "hello", hello).await;
    assert!(
        refusal.reason.contains("same version"),
        "{}",
        refusal.reason
    );
}

#[tokio::test]
async fn a_run_goes_over_the_wire_from_claim_to_release() {
    let client = Client::start().await;
    stack(&client).await;
    let worker = Worker::hello(&client).await;
    assert!(worker.claim().await.is_none());
    let id = trigger(&client).await;
    let job = worker.claim().await.unwrap();
    assert_eq!(job.run.as_str(), id);
    let Next::Release { ended: false, .. } = worker.plan(&job).await else {
        panic!("nobody confirmed");
    };
    let beat = Heartbeat {
        fence: job.fence,
        wait_ms: 0,
    };
    let path = format!("runs/{id}/heartbeat");
    let answer: HeartbeatAnswer = worker.post(&path, &beat).await.unwrap();
    assert!(!answer.stop);
    worker.released(&job).await;

    let confirm = "mutation($run:ID!$stack:ID!)\
        {runConfirm(stack: $stack, run: $run){id,state}}";
    let variables = serde_json::json!({ "run": id, "stack": "infra" });
    let confirmed = client.data(confirm, variables).await;
    assert_eq!(confirmed["runConfirm"]["state"], "CONFIRMED");
    let again = worker.claim().await.unwrap();
    let apply = worker.prepared(&again).await;
    let path = format!("runs/{id}/plan?fence={}", again.fence);
    let (status, bundle) = worker.send(Method::GET, &path, Bytes::new()).await;
    assert_eq!((status, &bundle[..]), (StatusCode::OK, &b"the plan"[..]));
    // The first lease is over.
    let path = format!("runs/{id}/plan?fence={}", job.fence);
    let refusal = worker.refusal(Method::GET, &path, "").await;
    assert!(
        refusal.reason.contains("is not the newest"),
        "{}",
        refusal.reason
    );
    let next = worker.finished(&again, &apply, PhaseOutcome::Succeeded);
    assert!(matches!(next.await, Next::Release { ended: true, .. }));
    worker.released(&again).await;
}

#[tokio::test]
async fn a_gap_in_a_log_says_where_to_go_on() {
    let client = Client::start().await;
    stack(&client).await;
    let worker = Worker::hello(&client).await;
    let id = trigger(&client).await;
    let job = worker.claim().await.unwrap();
    worker.log(&job, job.version, 0, "abc").await;
    let path = format!(
        "runs/{id}/logs/{}?fence={}&offset=5",
        job.version, job.fence
    );
    let refusal = worker.refusal(Method::POST, &path, "x").await;
    assert_eq!(refusal.expected_offset, Some(3));
}

#[tokio::test]
async fn what_is_no_message_is_a_bad_request() {
    let client = Client::start().await;
    stack(&client).await;
    let worker = Worker::hello(&client).await;
    let id = trigger(&client).await;
    let job = worker.claim().await.unwrap();
    let plan_json = format!("runs/{id}/plan-json?fence={}", job.fence);
    for (method, path) in [
        (Method::POST, "claim".to_owned()),
        (Method::POST, format!("runs/{id}/prepared")),
        (Method::PUT, format!("runs/{id}/plan")),
        (Method::POST, format!("runs/{id}/logs/one?fence=1&offset=0")),
        (Method::PUT, plan_json),
    ] {
        let (status, _) = worker.send(method, &path, "{".into()).await;
        assert!(status.is_client_error(), "{path}: {status}");
        assert_ne!(status, StatusCode::CONFLICT, "{path}");
    }
}
