//! The gateway as workers elsewhere reach it: a TLS listener, real connections.

use std::sync::{Arc, Mutex, Once};

use gantry_app::{Clock, Settings, worker_token};
use gantry_core::commit::Commit;
use gantry_core::engine::PinnedTool;
use gantry_core::ids::WorkerId;
use gantry_core::protocol::{
    Claim, Claimed, Hello, Issued, Job, Next, PREFIX, PhaseFinished, PhaseOutcome, PhaseStart,
    Prepared, Refusal, Standing, VERSION, Welcome,
};
use gantry_core::run::Phase;
use gantry_store::{Connect, Store};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use secrecy::ExposeSecret as _;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_util::sync::CancellationToken;

use crate::client::Client;

struct Gateway {
    client: Client,
    port: u16,
    stop: CancellationToken,
}

impl Gateway {
    async fn start() -> Self {
        Self::of(Client::start().await).await
    }

    async fn of(client: Client) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let authority = client.app.worker_authority().await.unwrap();
        let tls = gantry_api::gateway::listener::tls(authority, "127.0.0.1").unwrap();
        let router = gantry_api::gateway::remote(client.app.clone());
        let stop = CancellationToken::new();
        let serving = gantry_api::gateway::listener::serve(listener, tls, router, stop.clone());
        tokio::spawn(serving);
        Gateway { client, port, stop }
    }

    /// Another look into the same database, as the command line has it.
    async fn store(&self) -> Store {
        let file = self.client.folder.path().join("gantry.db");
        Store::open(&Connect::Sqlite(file)).await.unwrap()
    }

    /// A bearer token that is known, with its ID.
    async fn token(&self) -> (gantry_core::ids::WorkerTokenId, String) {
        let store = self.store().await;
        let now = Clock::system().now();
        let made = worker_token::create(&store, "edge", now).await.unwrap();
        let bearer = format!("Bearer {}.{}", made.token.id, made.secret.expose_secret());
        store.close().await;
        (made.token.id, bearer)
    }

    async fn connector(&self, identity: Option<(String, String)>) -> TlsConnector {
        let authority = self.client.app.worker_authority().await.unwrap();
        let mut roots = RootCertStore::empty();
        let certificate = CertificateDer::from_pem_slice(authority.certificate().as_bytes());
        roots.add(certificate.unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let config = match identity {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => {
                let chain = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
                let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
                builder.with_client_auth_cert(vec![chain], key).unwrap()
            }
        };
        TlsConnector::from(Arc::new(config))
    }

    /// Sends a request; answers with the status and the body, or `None` when the connection was
    /// refused.
    async fn ask(
        &self,
        identity: Option<(String, String)>,
        bearer: Option<&str>,
        path: &str,
    ) -> Option<(u16, String)> {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        let name = ServerName::try_from("127.0.0.1").unwrap();
        let connector = self.connector(identity).await;
        let mut stream = connector.connect(name, stream).await.ok()?;
        let authorization = bearer
            .map(|bearer| format!("Authorization: {bearer}\r\n"))
            .unwrap_or_default();
        let request = format!(
            "GET {PREFIX}/{path} HTTP/1.1\r\nHost: gantry\r\n{authorization}Connection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.ok()?;
        Self::answer(stream).await
    }

    /// Sends a body that is said to be this long, and no more than it is.
    async fn send(
        &self,
        bearer: &str,
        method: &str,
        path: &str,
        body: &[u8],
        length: usize,
    ) -> Option<(u16, String)> {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        let name = ServerName::try_from("127.0.0.1").unwrap();
        let connector = Box::pin(self.connector(None)).await;
        let mut stream = Box::pin(connector.connect(name, stream)).await.unwrap();
        let head = format!(
            "{method} {PREFIX}/{path} HTTP/1.1\r\nHost: gantry\r\nAuthorization: {bearer}\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(body).await.unwrap();
        stream.flush().await.unwrap();
        if body.len() < length {
            stream.shutdown().await.unwrap();
        }
        Self::answer(stream).await
    }

    /// A message that has to be understood.
    async fn post<A: DeserializeOwned>(
        &self,
        bearer: &str,
        path: &str,
        message: &impl Serialize,
    ) -> A {
        let body = serde_json::to_vec(message).unwrap();
        let answer = self.send(bearer, "POST", path, &body, body.len()).await;
        let (status, text) = answer.unwrap();
        assert_eq!(status, 200, "{path}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// Says that 10 GiB follow, and sends until nobody reads any more; how many bytes that were.
    async fn flood(&self, bearer: &str, path: &str) -> u64 {
        let length: u64 = 10 << 30;
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        let name = ServerName::try_from("127.0.0.1").unwrap();
        let connector = Box::pin(self.connector(None)).await;
        let mut stream = Box::pin(connector.connect(name, stream)).await.unwrap();
        let head = format!(
            "POST {PREFIX}/{path} HTTP/1.1\r\nHost: gantry\r\nAuthorization: {bearer}\r\n\
             Content-Length: {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let (chunk, mut sent) = (vec![b'x'; 64 << 10], 0);
        while sent < length && stream.write_all(&chunk).await.is_ok() {
            sent += chunk.len() as u64;
        }
        sent
    }

    async fn answer(mut stream: impl AsyncRead + Unpin) -> Option<(u16, String)> {
        let mut answer = Vec::new();
        // A client certificate that is refused shows at the first read.
        let read = stream.read_to_end(&mut answer).await;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        if answer.is_empty() {
            read.ok();
            return None;
        }
        let status = answer.split(' ').nth(1)?.parse().ok()?;
        let body = answer.split_once("\r\n\r\n")?.1.to_owned();
        Some((status, body))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_says_who_the_caller_is() {
    let gateway = Gateway::start().await;
    let (id, bearer) = gateway.token().await;
    let (status, body) = gateway.ask(None, Some(&bearer), "caller").await.unwrap();
    assert_eq!(status, 200, "{body}");
    let standing: Standing = serde_json::from_str(&body).unwrap();
    assert_eq!(standing.protocol, VERSION);
    assert_eq!(standing.caller, format!("a worker with the token {id}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_identity_there_is_nothing_but_a_reason() {
    let gateway = Gateway::start().await;
    let (id, bearer) = gateway.token().await;
    let wrong = format!("Bearer {id}.wrong");
    let foreign = bearer.replace(id.as_str(), "01NOBODY");
    for bearer in [
        None,
        Some(""),
        Some("Bearer x"),
        Some(&wrong),
        Some(&foreign),
    ] {
        for path in ["caller", "hello", "runs/x/plan?fence=1", "nowhere"] {
            let (status, body) = gateway.ask(None, bearer, path).await.unwrap();
            assert_eq!(status, 401, "{bearer:?} {path}");
            assert!(body.contains("token"), "{bearer:?} {path}: {body}");
        }
    }
    let store = gateway.store().await;
    worker_token::revoke(&store, &id, 1).await.unwrap();
    store.close().await;
    let (status, body) = gateway.ask(None, Some(&bearer), "caller").await.unwrap();
    assert_eq!(status, 401);
    assert!(body.contains("was revoked"), "{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_somebody_else_ends_the_handshake() {
    let gateway = Gateway::start().await;
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(vec!["workers".to_owned()]).unwrap();
    let own = params.self_signed(&key).unwrap();
    let (_, bearer) = gateway.token().await;
    let identity = Some((own.pem(), key.serialize_pem()));
    assert_eq!(gateway.ask(identity, Some(&bearer), "caller").await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_tls_is_cut_off() {
    let gateway = Gateway::start().await;
    let mut stream = TcpStream::connect(("127.0.0.1", gateway.port))
        .await
        .unwrap();
    let request = format!("GET {PREFIX}/caller HTTP/1.1\r\nHost: gantry\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_is_too_long_is_refused() {
    let gateway = Gateway::start().await;
    let long = format!("Bearer {}", "x".repeat(64 << 10));
    let answer = gateway.ask(None, Some(&long), "caller").await;
    assert!(answer.is_none_or(|(status, _)| status == 431));
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_end_nobody_is_answered() {
    let gateway = Gateway::start().await;
    gateway.stop.cancel();
    let closed = async {
        while TcpStream::connect(("127.0.0.1", gateway.port))
            .await
            .is_ok()
        {
            tokio::task::yield_now().await;
        }
    };
    let closed = tokio::time::timeout(std::time::Duration::from_secs(10), closed);
    closed.await.expect("the listener is gone");
}

/// A run that a worker over TLS is at work on, in its first phase.
struct AtWork {
    gateway: Gateway,
    bearer: String,
    run: String,
    job: Job,
    init: PhaseStart,
}

impl AtWork {
    async fn on(gateway: Gateway) -> Self {
        let (_, bearer) = gateway.token().await;
        let hello = hello();
        let _: Welcome = gateway.post(&bearer, "hello", &hello).await;
        crate::gateway::stack(&gateway.client).await;
        let run = crate::gateway::trigger(&gateway.client).await;
        let claim = Claim {
            worker: hello.worker,
            wait_ms: 0,
            holding: None,
        };
        let Claimed::Run(job) = gateway.post(&bearer, "claim", &claim).await else {
            panic!("nobody told the worker to go");
        };
        let prepared = Prepared {
            fence: job.fence,
            commit: Commit {
                hash: crate::gateway::HEAD.into(),
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
        let path = format!("runs/{run}/prepared");
        let Next::Phase(init) = gateway.post(&bearer, &path, &prepared).await else {
            panic!("no initialize phase");
        };
        AtWork {
            gateway,
            bearer,
            run,
            job: *job,
            init: *init,
        }
    }

    fn finished(&self, phase: Phase, version: i64, outcome: PhaseOutcome) -> PhaseFinished {
        PhaseFinished {
            fence: self.job.fence,
            phase,
            version,
            outcome,
            errored_state: false,
            backend_lock: None,
        }
    }

    /// What is answered to a message that has to be refused; the server's log says the same.
    async fn refused(&self, bearer: &str, path: &str, message: &[u8]) -> String {
        let send = self
            .gateway
            .send(bearer, "POST", path, message, message.len());
        let (status, text) = send.await.unwrap();
        assert_eq!(status, 409, "{path}: {text}");
        let refusal: Refusal = serde_json::from_str(&text).unwrap();
        let log = log();
        assert!(log.contains(&refusal.reason), "{}\n{log}", refusal.reason);
        text
    }

    /// Asked by a piece that comes too early.
    async fn log_ends_at(&self, guess: usize) -> u64 {
        let path = format!(
            "runs/{}/logs/{}?fence={}&offset={}",
            self.run,
            self.init.version,
            self.job.fence,
            guess + 1
        );
        let text = self.refused(&self.bearer, &path, b"x").await;
        let refusal: Refusal = serde_json::from_str(&text).unwrap();
        refusal.expected_offset.unwrap()
    }
}

fn hello() -> Hello {
    Hello {
        protocol: VERSION,
        worker: WorkerId::new("01REMOTE"),
        predecessor: None,
        sandbox: "none".into(),
        metadata_unfiltered: None,
        slots: 1,
        metadata: Default::default(),
    }
}

/// What all tests of this process have logged.
fn log() -> String {
    static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());
    struct Sink;
    impl std::io::Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            LOG.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    static START: Once = Once::new();
    START.call_once(|| {
        let builder = tracing_subscriber::fmt().with_ansi(false);
        builder.with_writer(|| Sink).init();
    });
    String::from_utf8_lossy(&LOG.lock().unwrap()).into_owned()
}

/// The messages of a run over TLS, with bad ones between them: each is refused, and nothing is lost.
#[tokio::test(flavor = "multi_thread")]
async fn bad_messages_about_a_run_move_nothing() {
    log();
    let gateway = Box::pin(Gateway::start()).await;
    let work = Box::pin(AtWork::on(gateway)).await;
    let (gateway, bearer, run) = (&work.gateway, work.bearer.as_str(), &work.run);
    let (job, init) = (&work.job, &work.init);
    let about = |what: &str| format!("runs/{run}/{what}");
    let finished = |phase, version, outcome| work.finished(phase, version, outcome);
    let refused = async |path: &str, message: &[u8]| work.refused(bearer, path, message).await;
    // A worker of before, and one that somebody else has let in.
    let old = Hello {
        protocol: VERSION - 1,
        worker: WorkerId::new("01OLD"),
        ..hello()
    };
    let said = refused("hello", &serde_json::to_vec(&old).unwrap()).await;
    assert!(
        said.contains(&VERSION.to_string()) && said.contains(&(VERSION - 1).to_string()),
        "{said}"
    );
    let (_, foreign) = gateway.token().await;
    let stolen = finished(Phase::Initialize, init.version, PhaseOutcome::Succeeded);
    let stolen = serde_json::to_vec(&stolen).unwrap();
    for message in [&stolen[..], b"x"] {
        let what = match message {
            b"x" => format!("logs/{}?fence={}&offset=0", init.version, job.fence),
            _ => "finished".to_owned(),
        };
        work.refused(&foreign, &about(&what), message).await;
    }
    let hello = serde_json::to_vec(&hello()).unwrap();
    work.refused(&foreign, "hello", &hello).await;
    // A phase that is not at work, a version that is not there yet, a grant that nobody gave.
    for (phase, version) in [
        (Phase::Apply, init.version),
        (Phase::Plan, init.version + 1),
        (Phase::Initialize, init.version + 1),
    ] {
        let forged = finished(phase, version, PhaseOutcome::Succeeded);
        let said = refused(&about("finished"), &serde_json::to_vec(&forged).unwrap()).await;
        assert!(said.contains("can't end its"), "{said}");
    }
    let issued = Issued {
        fence: job.fence,
        phase: Phase::Initialize,
        version: init.version,
        outcomes: vec![],
    };
    refused(&about("issued"), &serde_json::to_vec(&issued).unwrap()).await;
    // A run that is somebody's, under a number that is not.
    let mut foreign = finished(Phase::Initialize, init.version, PhaseOutcome::Succeeded);
    foreign.fence += 1;
    refused(&about("finished"), &serde_json::to_vec(&foreign).unwrap()).await;
    let nobodys = "runs/01NOBODY/finished";
    let said = refused(nobodys, &serde_json::to_vec(&foreign).unwrap()).await;
    assert!(said.contains("is gone"), "{said}");

    let ended = finished(Phase::Initialize, init.version, PhaseOutcome::Succeeded);
    let next = gateway.post(bearer, &about("finished"), &ended).await;
    let Next::Phase(plan) = next else {
        panic!("no plan phase");
    };
    // The same once more is answered as before.
    let next = gateway.post(bearer, &about("finished"), &ended).await;
    let Next::Phase(again) = next else {
        panic!("no plan phase");
    };
    assert_eq!((again.phase, again.version), (plan.phase, plan.version));
    // The connection breaks within the plan: nothing of it counts.
    let upload = about(&format!("plan?fence={}", job.fence));
    gateway
        .send(bearer, "PUT", &upload, b"half of", 1 << 20)
        .await;
    let changes = finished(Phase::Plan, plan.version, PhaseOutcome::Changes);
    let next = gateway.post(bearer, &about("finished"), &changes).await;
    assert!(matches!(next, Next::Release { ended: true, .. }));
    let query = "query($run:ID!){stack(id:\"infra\"){run(id:$run){state history{state note}}}}";
    let found = gateway
        .client
        .data(query, serde_json::json!({ "run": run }))
        .await;
    let found = &found["stack"]["run"];
    assert_eq!(found["state"], "FAILED", "{found}");
    assert!(
        found
            .to_string()
            .contains("the plan did not reach the server"),
        "{found}"
    );
}

/// A log that never ends is cut at the limit, whatever the worker does to it.
#[tokio::test(flavor = "multi_thread")]
async fn a_log_without_an_end_fills_nobody_s_disk() {
    log();
    let mut settings = Settings::default();
    settings.limits.log = 256 << 10;
    let client = Client::with_settings(settings);
    let client = Box::pin(client).await;
    let gateway = Box::pin(Gateway::of(client)).await;
    let work = Box::pin(AtWork::on(gateway)).await;
    let (gateway, bearer) = (&work.gateway, work.bearer.as_str());
    let path = |offset: usize| {
        let (run, version, fence) = (&work.run, work.init.version, work.job.fence);
        format!("runs/{run}/logs/{version}?fence={fence}&offset={offset}")
    };
    // In one message.
    let sent = gateway.flood(bearer, &path(0)).await;
    assert!(sent < 64 << 20, "{sent}");
    assert_eq!(work.log_ends_at(0).await, 0);
    // In many; each of them twice, and one that comes too early.
    let piece = vec![b'x'; 500 << 10];
    let mut end = 0;
    let said = loop {
        let early = path(end + 7);
        let said = work.refused(bearer, &early, b"y").await;
        assert!(
            said.contains(&format!("\"expected_offset\":{end}")),
            "{said}"
        );
        let at = path(end);
        let send = gateway.send(bearer, "POST", &at, &piece, piece.len());
        match send.await.unwrap() {
            (204, _) => {}
            (409, said) => break said,
            other => panic!("{other:?}"),
        }
        let again = gateway.send(bearer, "POST", &at, &piece, piece.len());
        assert_eq!(again.await.unwrap().0, 204);
        end += piece.len();
        assert!(end < 64 << 20, "nobody refuses anything");
    };
    assert!(said.contains("run.log_limit"), "{said}");
    assert!((1 << 20..3 << 20).contains(&end), "{end}");
    assert_eq!(work.log_ends_at(end).await, end as u64);
    // The run goes on all the same.
    let ended = work.finished(
        Phase::Initialize,
        work.init.version,
        PhaseOutcome::Succeeded,
    );
    let finished = format!("runs/{}/finished", work.run);
    let next = gateway.post(bearer, &finished, &ended).await;
    assert!(matches!(next, Next::Phase(_)));
}
