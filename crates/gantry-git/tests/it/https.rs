//! A repository behind a real https server with a certificate of its own.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use gantry_git::{Git, GitError, Mirror, Settings};

use crate::repository::{Repository, listing};

struct Server {
    repository: Repository,
    child: Child,
    port: u16,
    certificate: PathBuf,
    log: PathBuf,
}

impl Server {
    fn start(repository: Repository) -> Self {
        let at = |name: &str| repository.dir.path().join(name);
        let (certificate, key, log) = (at("certificate.pem"), at("key.pem"), at("log"));
        let made = Command::new("openssl")
            .args([
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
            ])
            .args(["-nodes", "-days", "2", "-subj", "/CN=localhost"])
            .args(["-addext", "subjectAltName=DNS:localhost"])
            .arg("-out")
            .arg(&certificate)
            .arg("-keyout")
            .arg(&key)
            .output()
            .expect("this test needs the `openssl` command; install it");
        assert!(
            made.status.success(),
            "{}",
            String::from_utf8_lossy(&made.stderr)
        );
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/https_server.py");
        let mut child = Command::new("python3")
            .arg(script)
            .args([&repository.root, &certificate, &key, &log])
            .stdout(Stdio::piped())
            .spawn()
            .expect("this test needs the `python3` command; install it");
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let port = line.trim().parse().unwrap();
        Self {
            repository,
            child,
            port,
            certificate,
            log,
        }
    }

    fn settings(&self) -> Settings {
        Settings {
            ca_bundle: Some(self.certificate.clone()),
            no_proxy: Some("localhost".into()),
            ..Settings::new(self.repository.dir.path().join("cache"))
        }
    }

    fn mirror_with(&self, settings: Settings, path: &str) -> Mirror {
        let git = Git::open(settings).unwrap();
        let source = git
            .source(&format!("https://localhost:{}/{path}", self.port))
            .unwrap();
        git.mirror(&source).unwrap()
    }

    fn mirror(&self) -> Mirror {
        self.mirror_with(self.settings(), "code")
    }

    /// How many requests came since the last time.
    fn requests(&self) -> usize {
        let count = fs::read_to_string(&self.log)
            .unwrap_or_default()
            .lines()
            .count();
        let _ = fs::remove_file(&self.log);
        count
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn a_branch_is_fetched_one_commit_deep() {
    let (repository, _) = Repository::with_commit();
    let hash = repository.commit(&[("main.tf", "# two\n")]);
    let server = Server::start(repository);
    let mirror = server.mirror();
    assert_eq!(mirror.resolve("main").await.unwrap().hash, hash);
    let dest = server.repository.dest("a");
    server.requests();
    mirror.checkout(&hash, &dest, &[]).await.unwrap();
    assert_eq!(listing(&dest), ["main.tf", "modules/a/a.tf"]);
    assert_eq!(fs::read_to_string(dest.join("main.tf")).unwrap(), "# two\n");
    assert_eq!(
        server.requests(),
        0,
        "what was fetched is not fetched again"
    );

    // The branch has not moved: it is asked for, not fetched.
    assert_eq!(mirror.resolve("main").await.unwrap().hash, hash);
    assert_eq!(server.requests(), 2);

    let third = server.repository.commit(&[("main.tf", "# three\n")]);
    assert_eq!(mirror.resolve("main").await.unwrap().hash, third);
    mirror
        .checkout(&third, &server.repository.dest("b"), &[])
        .await
        .unwrap();
    mirror
        .checkout(&hash, &server.repository.dest("c"), &[])
        .await
        .unwrap();
}

#[tokio::test]
async fn a_pinned_commit_is_fetched_by_its_hash() {
    let (repository, first) = Repository::with_commit();
    repository.commit(&[("main.tf", "# two\n")]);
    let server = Server::start(repository);
    // A worker with a cache of its own, long after the branch has moved.
    let dest = server.repository.dest("a");
    server.mirror().checkout(&first, &dest, &[]).await.unwrap();
    assert_eq!(fs::read_to_string(dest.join("main.tf")).unwrap(), "# one\n");
    assert_eq!(server.mirror().commit(&first).await.unwrap().hash, first);
}

#[tokio::test]
async fn what_is_wrong_is_said() {
    let (repository, _) = Repository::with_commit();
    let server = Server::start(repository);
    let mirror = server.mirror();
    let none = "0123456789012345678901234567890123456789";

    let error = mirror.resolve("none").await.unwrap_err();
    assert!(matches!(error, GitError::BranchNotFound { .. }), "{error}");
    mirror.resolve("main").await.unwrap();
    let error = mirror.commit(none).await.unwrap_err();
    assert!(matches!(error, GitError::CommitNotFound { .. }), "{error}");
    let error = server
        .mirror_with(server.settings(), "nothing")
        .resolve("main")
        .await
        .unwrap_err();
    assert!(
        matches!(error, GitError::RepositoryNotFound { .. }),
        "{error}"
    );
    let error = server
        .mirror_with(server.settings(), "private/x")
        .resolve("main")
        .await
        .unwrap_err();
    assert!(
        matches!(error, GitError::CredentialsAsked { .. }),
        "{error}"
    );

    let untrusting = Settings {
        ca_bundle: None,
        ..server.settings()
    };
    let error = server
        .mirror_with(untrusting, "code")
        .resolve("main")
        .await
        .unwrap_err();
    assert!(matches!(error, GitError::Unreachable { .. }), "{error}");
    assert!(error.to_string().contains("certificate"), "{error}");
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_given_up() {
    let (repository, _) = Repository::with_commit();
    let server = Server::start(repository);
    let impatient = Settings {
        timeout: Duration::from_secs(1),
        ..server.settings()
    };
    let error = server
        .mirror_with(impatient, "slow/x")
        .resolve("main")
        .await
        .unwrap_err();
    assert!(
        matches!(error, GitError::TimedOut { seconds: 1, .. }),
        "{error}"
    );
    assert!(error.to_string().contains("/slow/x"), "{error}");
}

#[tokio::test]
async fn what_a_killed_fetch_left_is_cleared_away() {
    let (repository, hash) = Repository::with_commit();
    let server = Server::start(repository);
    let mirror = server.mirror();
    let mirrors = server.repository.dir.path().join("cache/mirrors");
    let dir = fs::read_dir(&mirrors)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    fs::write(dir.join("shallow.lock"), "").unwrap();
    fs::write(dir.join("objects/pack/tmp_pack_x"), "x").unwrap();
    assert_eq!(mirror.resolve("main").await.unwrap().hash, hash);
    assert!(!dir.join("objects/pack/tmp_pack_x").exists());
}
