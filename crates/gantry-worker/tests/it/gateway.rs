//! The server's side of the worker protocol, as far as a worker can tell: it hands out one job after
//! the other, moves runs as the product does, and keeps everything that it was told.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use gantry_core::protocol::*;
use gantry_core::run::{Phase, RunKind};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::UnixListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// Nothing in these tests takes longer.
pub const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Default)]
pub struct Told {
    /// `hello`, `claim`, `prepared`, `plan`, `plan-json`, `errored-state`, `finished apply`,
    /// `released`: in the order they came.
    pub events: Vec<String>,
    pub logs: BTreeMap<i64, Vec<u8>>,
    /// How many messages carried each log.
    pub log_messages: BTreeMap<i64, usize>,
    pub plan: Option<Bytes>,
    pub plan_json: Option<serde_json::Value>,
    pub errored_state: Option<Bytes>,
    /// What users set, for hooks at the very end.
    pub release_env: Vec<EnvVar>,
    pub finished: Vec<PhaseFinished>,
    pub released: Vec<Released>,
    pub hello: Vec<Hello>,
    pub commit: Option<String>,
    waiting: Vec<Job>,
    current: Option<Job>,
    /// Every message about a run is refused: its lease is somebody else's.
    pub taken_away: bool,
    /// Every message is refused: it carries the token of a server that was there before.
    pub other_token: bool,
    stop: bool,
    next_version: i64,
}

impl Told {
    pub fn log(&self, version: i64) -> String {
        String::from_utf8_lossy(self.logs.get(&version).map_or(&[], Vec::as_slice)).into_owned()
    }

    /// The log of the last phase of that name.
    pub fn log_of(&self, phase: Phase) -> String {
        let finished = self
            .finished
            .iter()
            .rev()
            .find(|finished| finished.phase == phase);
        finished
            .map(|finished| self.log(finished.version))
            .unwrap_or_default()
    }

    pub fn outcome(&self, phase: Phase) -> Option<&PhaseOutcome> {
        self.finished
            .iter()
            .rev()
            .find(|f| f.phase == phase)
            .map(|f| &f.outcome)
    }

    pub fn failure(&self, phase: Phase) -> &str {
        match self.outcome(phase) {
            Some(PhaseOutcome::Failed { reason }) => reason,
            other => panic!("{phase}: {other:?}\n{}", self.log_of(phase)),
        }
    }
}

/// What a phase's `PhaseStart` holds beside its name and version.
pub type Script = dyn Fn(&Job, Phase) -> PhaseStart + Send + Sync;

pub struct Gateway {
    told: Arc<Mutex<Told>>,
    changed: Arc<Notify>,
    script: Arc<Script>,
    serving: Option<JoinHandle<()>>,
}

pub fn start(phase: Phase) -> PhaseStart {
    PhaseStart {
        grants: vec![],
        phase,
        version: 0,
        env: vec![],
        files: vec![],
        credentials: vec![],
        credentials_expire: None,
        notices: vec![],
        before: vec![],
        after: vec![],
        init_before: vec![],
        init_after: vec![],
        limits: Limits {
            time: 120,
            silence: 60,
            grace: 10,
            ..Limits::MODEST
        },
    }
}

impl Gateway {
    pub fn new(script: impl Fn(&Job, Phase) -> PhaseStart + Send + Sync + 'static) -> Self {
        let told = Told {
            next_version: 100,
            ..Told::default()
        };
        Gateway {
            told: Arc::new(Mutex::new(told)),
            changed: Arc::default(),
            script: Arc::new(script),
            serving: None,
        }
    }

    pub fn listen(&mut self, socket: &Path) {
        let _ = std::fs::remove_file(socket);
        let listener = UnixListener::bind(socket).unwrap();
        let (told, changed, script) =
            (self.told.clone(), self.changed.clone(), self.script.clone());
        self.serving = Some(tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            loop {
                let Ok((stream, _)) = listener.accept().await else {
                    return;
                };
                let (told, changed, script) = (told.clone(), changed.clone(), script.clone());
                connections.spawn(async move {
                    let service = service_fn(|request| {
                        let (told, changed, script) =
                            (told.clone(), changed.clone(), script.clone());
                        async move { Ok::<_, Infallible>(serve(request, told, changed, script).await) }
                    });
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        }));
    }

    /// Ends the server as a crash would: connections break.
    pub async fn die(&mut self) {
        if let Some(serving) = self.serving.take() {
            serving.abort();
            let _ = serving.await;
        }
    }

    pub fn offer(&self, job: Job) {
        self.told.lock().unwrap().waiting.push(job);
        self.changed.notify_waiters();
    }

    /// The run is given to somebody else.
    pub fn take_away(&self) {
        self.told.lock().unwrap().taken_away = true;
        self.changed.notify_waiters();
    }

    pub fn stop_run(&self) {
        self.told.lock().unwrap().stop = true;
        self.changed.notify_waiters();
    }

    /// Waits until what was told is as wanted.
    pub async fn until(&self, wanted: impl Fn(&Told) -> bool) {
        let look = async {
            loop {
                let changed = self.changed.notified();
                tokio::pin!(changed);
                changed.as_mut().enable();
                if wanted(&self.told.lock().unwrap()) {
                    return;
                }
                changed.await;
            }
        };
        if tokio::time::timeout(PATIENCE, look).await.is_err() {
            let told = self.told.lock().unwrap();
            let logs: Vec<String> = told
                .logs
                .keys()
                .map(|version| format!("{version}: {}", told.log(*version)))
                .collect();
            panic!(
                "it never came; events {:?}\n{}",
                told.events,
                logs.join("\n")
            );
        }
    }

    pub fn told<T>(&self, look: impl FnOnce(&mut Told) -> T) -> T {
        look(&mut self.told.lock().unwrap())
    }
}

async fn serve(
    request: Request<Incoming>,
    told: Arc<Mutex<Told>>,
    changed: Arc<Notify>,
    script: Arc<Script>,
) -> Response<Full<Bytes>> {
    assert_eq!(request.headers()["authorization"], "Bearer the-token");
    if told.lock().unwrap().other_token {
        return unauthorized();
    }
    let uri = request.uri().clone();
    let method = request.method().clone();
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let path = uri
        .path()
        .strip_prefix(PREFIX)
        .unwrap()
        .trim_start_matches('/')
        .to_owned();
    let query: BTreeMap<String, i64> = uri
        .query()
        .unwrap_or_default()
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.parse().unwrap()))
        .collect();
    let parts: Vec<&str> = path.split('/').collect();
    let taken_away = told.lock().unwrap().taken_away;
    let answer = match (method.as_str(), parts.as_slice()) {
        ("POST", ["runs", _, "heartbeat"]) if !taken_away => {
            let beat: Heartbeat = serde_json::from_slice(&body).unwrap();
            let stop = wait(&told, &changed, beat.wait_ms, |told| {
                (told.stop || told.taken_away).then_some(told.stop)
            });
            match stop.await {
                Some(false) => refused(),
                stop => json(&HeartbeatAnswer {
                    stop: stop.is_some(),
                }),
            }
        }
        (_, ["runs", ..]) if taken_away => refused(),
        ("POST", ["hello"]) => {
            let mut told = told.lock().unwrap();
            told.events.push("hello".into());
            told.hello.push(serde_json::from_slice(&body).unwrap());
            json(&Welcome {
                lease_seconds: 30,
                epoch: String::new(),
            })
        }
        ("POST", ["claim"]) => {
            let claim: Claim = serde_json::from_slice(&body).unwrap();
            let job = wait(&told, &changed, claim.wait_ms, |told| {
                let job = (!told.waiting.is_empty()).then(|| told.waiting.remove(0))?;
                told.events.push("claim".into());
                told.stop = false;
                told.current = Some(job.clone());
                Some(job)
            });
            match job.await {
                Some(job) => json(&Claimed::Run(Box::new(job))),
                None => nothing(),
            }
        }
        ("POST", ["runs", _, "prepared"]) => {
            let prepared: Prepared = serde_json::from_slice(&body).unwrap();
            let mut told = told.lock().unwrap();
            told.events.push("prepared".into());
            told.commit = Some(prepared.commit.hash);
            let job = told.current.clone().unwrap();
            let phase = match (job.start, job.kind) {
                (Start::Fresh, RunKind::Task) if job.skip_initialization => Phase::Perform,
                (Start::Fresh, _) => Phase::Initialize,
                (Start::Replan, _) => Phase::Plan,
                (Start::Apply, RunKind::Destroy) => Phase::Destroy,
                (Start::Apply, _) => Phase::Apply,
            };
            json(&begin(&mut told, &*script, &job, phase))
        }
        ("POST", ["runs", _, "logs", version]) => {
            let mut told = told.lock().unwrap();
            let version: i64 = version.parse().unwrap();
            let log = told.logs.entry(version).or_default();
            let offset = query["offset"] as usize;
            assert!(offset <= log.len(), "a gap: {offset} after {}", log.len());
            let known = log.len() - offset;
            if known < body.len() {
                log.extend_from_slice(&body[known..]);
            }
            *told.log_messages.entry(version).or_default() += 1;
            nothing()
        }
        ("PUT", ["runs", _, "plan"]) => {
            let mut told = told.lock().unwrap();
            told.events.push("plan".into());
            told.plan = Some(body);
            nothing()
        }
        ("GET", ["runs", _, "plan"]) => {
            let plan = told.lock().unwrap().plan.clone().unwrap();
            Response::new(Full::new(plan))
        }
        ("PUT", ["runs", _, "plan-json"]) => {
            let mut told = told.lock().unwrap();
            told.events.push("plan-json".into());
            told.plan_json = Some(serde_json::from_slice(&body).unwrap());
            nothing()
        }
        ("PUT", ["runs", _, "errored-state"]) => {
            let mut told = told.lock().unwrap();
            told.events.push("errored-state".into());
            told.errored_state = Some(body);
            nothing()
        }
        ("GET", ["runs", _, "errored-state"]) => {
            let state = told.lock().unwrap().errored_state.clone();
            state.map_or_else(refused, |state| Response::new(Full::new(state)))
        }
        ("POST", ["runs", _, "finished"]) => {
            let finished: PhaseFinished = serde_json::from_slice(&body).unwrap();
            let mut told = told.lock().unwrap();
            told.events.push(format!("finished {}", finished.phase));
            let next = follow(&mut told, &*script, &finished);
            told.finished.push(finished);
            json(&next)
        }
        ("POST", ["runs", _, "released"]) => {
            let mut told = told.lock().unwrap();
            told.events.push("released".into());
            told.released.push(serde_json::from_slice(&body).unwrap());
            nothing()
        }
        other => panic!("{other:?}"),
    };
    changed.notify_waiters();
    answer
}

/// The life of a run.
fn follow(told: &mut Told, script: &Script, finished: &PhaseFinished) -> Next {
    let Some(job) = told.current.clone() else {
        return Next::Release {
            ended: true,
            env: vec![],
            files: vec![],
        };
    };
    let phase = match (finished.phase, &finished.outcome, job.kind) {
        (Phase::Initialize, PhaseOutcome::Succeeded, RunKind::Task) => Phase::Perform,
        (Phase::Initialize, PhaseOutcome::Succeeded, _) => Phase::Plan,
        (Phase::Plan, PhaseOutcome::Changes, RunKind::Destroy) => Phase::Destroy,
        (Phase::Plan, PhaseOutcome::Changes, RunKind::Tracked) if job.autodeploy => Phase::Apply,
        (Phase::Plan, PhaseOutcome::Changes, RunKind::Tracked) => {
            return Next::Release {
                ended: false,
                env: vec![],
                files: vec![],
            };
        }
        _ => {
            let mut env = vec![EnvVar::plain("ENDED", "yes")];
            env.extend(told.release_env.clone());
            return Next::Release {
                ended: true,
                env,
                files: vec![],
            };
        }
    };
    begin(told, script, &job, phase)
}

fn begin(told: &mut Told, script: &Script, job: &Job, phase: Phase) -> Next {
    let mut start = script(job, phase);
    told.next_version += 1;
    start.version = told.next_version;
    Next::Phase(Box::new(start))
}

async fn wait<T>(
    told: &Mutex<Told>,
    changed: &Notify,
    wait_ms: u64,
    look: impl Fn(&mut Told) -> Option<T>,
) -> Option<T> {
    let found = async {
        loop {
            let changed = changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if let Some(found) = look(&mut told.lock().unwrap()) {
                return found;
            }
            changed.await;
        }
    };
    tokio::time::timeout(Duration::from_millis(wait_ms), found)
        .await
        .ok()
}

fn json(answer: &impl serde::Serialize) -> Response<Full<Bytes>> {
    Response::new(Full::new(serde_json::to_vec(answer).unwrap().into()))
}

fn nothing() -> Response<Full<Bytes>> {
    Response::builder()
        .status(204)
        .body(Full::default())
        .unwrap()
}

fn unauthorized() -> Response<Full<Bytes>> {
    Response::builder()
        .status(401)
        .body(Full::default())
        .unwrap()
}

fn refused() -> Response<Full<Bytes>> {
    let refusal = serde_json::json!({ "reason": "the lease is somebody else's" });
    Response::builder()
        .status(409)
        .body(Full::new(refusal.to_string().into()))
        .unwrap()
}
