//! The real binary on a free port, with a cloud identity of its own and a proxy in front of STS.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::client::{ApiKey, Client};
use crate::disk::Disk;
use crate::keeper::{Kept, answers};
use crate::ministack::{self, Ministack};
use crate::port::Port;
use crate::process::Process;
use crate::sts_proxy::StsProxy;
use crate::venv;

/// How long a server may take to end in order, its children included.
const ENDS_WITHIN: Duration = Duration::from_secs(30);

/// What is special about a server; see [`TestServer::builder`].
pub struct Builder {
    program: PathBuf,
    account: String,
    database_url: Option<String>,
    settings: Vec<(String, String)>,
    environment: Vec<(String, String)>,
    downloads: bool,
    /// Where workers elsewhere connect to.
    gateway: Option<Port>,
    address: String,
    /// Bytes of a disk of its own.
    disk: Option<u64>,
}

impl Builder {
    /// The account's subdomain; `acme` otherwise.
    pub fn account(mut self, subdomain: &str) -> Self {
        self.account = subdomain.to_owned();
        self
    }

    /// On Postgres instead of SQLite.
    pub fn database_url(mut self, url: &str) -> Self {
        self.database_url = Some(url.to_owned());
        self
    }

    pub fn is_on_postgres(&self) -> bool {
        self.database_url.is_some()
    }

    /// Lets workers elsewhere join, and starts none of its own.
    pub fn with_gateway(mut self) -> Self {
        self.gateway = Some(Port::reserve());
        self.set("worker.slots", "0")
    }

    /// Listens there, and not on loopback.
    pub fn at(mut self, address: &str) -> Self {
        self.address = address.to_owned();
        self
    }

    /// Gives its data directory a disk of its own, with room for so many bytes.
    pub fn with_disk(mut self, bytes: u64) -> Self {
        self.disk = Some(bytes);
        self
    }

    /// Lets it download tools from where their projects release them, as it does by default.
    pub fn downloads_tools(mut self) -> Self {
        self.downloads = true;
        self
    }

    /// Any setting of the configuration, by its key; wins over what is set here for all.
    pub fn set(mut self, key: &str, value: impl Into<String>) -> Self {
        self.settings.push((key.to_owned(), value.into()));
        self
    }

    /// A variable of the server's own environment.
    pub fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.environment.push((name.to_owned(), value.into()));
        self
    }

    /// Starts it, waits until it serves, and makes an administrator's key.
    pub async fn start(self, ministack: &'static Ministack) -> Result<TestServer> {
        let folder = tempfile::Builder::new().prefix("gantry-test-").tempdir()?;
        for name in ["data", "home", "repositories"] {
            std::fs::create_dir(folder.path().join(name))?;
        }
        let data = folder.path().join("data");
        let disk = self.disk.map(|bytes| Disk::mount(&data, bytes));
        let name = format!("gantry-{:08x}", rand::random::<u32>());
        let mut server = TestServer {
            identity: ministack.create_server_user(&name).await?,
            proxy: StsProxy::start(&ministack.endpoint())?,
            port: Port::reserve(),
            ministack,
            key: ApiKey {
                id: String::new(),
                secret: String::new(),
            },
            process: None,
            past_log: String::new(),
            seen: Vec::new(),
            special: self,
            _disk: disk.transpose()?,
            folder,
        };
        server.start_process()?;
        server.key = server.create_key("test")?;
        Ok(server)
    }
}

/// What a worker joins by.
pub struct Join {
    pub id: String,
    pub text: String,
}

/// A running server. Ends with its value, and fails the test when something of it stays behind.
pub struct TestServer {
    /// Before the folder: what is dropped first ends before its files go.
    process: Option<Kept>,
    special: Builder,
    _disk: Option<Disk>,
    folder: TempDir,
    port: Port,
    ministack: &'static Ministack,
    identity: ministack::Server,
    proxy: StsProxy,
    key: ApiKey,
    /// What earlier processes of this server printed.
    past_log: String,
    /// Every process of ours that was seen before a stop.
    seen: Vec<Process>,
}

impl TestServer {
    /// `program`: the `gantry` binary; in a test `env!("CARGO_BIN_EXE_gantry")`.
    pub fn builder(program: impl Into<PathBuf>) -> Builder {
        Builder {
            program: program.into(),
            account: "acme".to_owned(),
            database_url: None,
            settings: Vec::new(),
            environment: Vec::new(),
            downloads: false,
            gateway: None,
            address: "127.0.0.1".to_owned(),
            disk: None,
        }
    }

    /// `http://host:port`.
    pub fn url(&self) -> String {
        format!("http://{}", self.listens_at(&self.port))
    }

    fn listens_at(&self, port: &Port) -> String {
        format!("{}:{}", self.special.address, port.number())
    }

    /// On which it listens.
    pub fn ports(&self) -> Vec<u16> {
        let gateway = self.special.gateway.as_ref();
        let ports = [Some(&self.port), gateway].into_iter().flatten();
        ports.map(Port::number).collect()
    }

    /// The administrator's key that the tests use.
    pub fn key(&self) -> &ApiKey {
        &self.key
    }

    /// A client that is logged in as administrator.
    pub async fn client(&self) -> Client {
        match Client::login(&self.url(), &self.key).await {
            Ok(client) => client,
            Err(error) => panic!("the login failed: {error}\n{}", self.log()),
        }
    }

    pub fn account(&self) -> &str {
        &self.special.account
    }

    pub fn ministack(&self) -> &'static Ministack {
        self.ministack
    }

    /// Who the server is in the cloud.
    pub fn identity(&self) -> &ministack::Server {
        &self.identity
    }

    /// What stands between the server and STS.
    pub fn proxy(&self) -> &StsProxy {
        &self.proxy
    }

    /// The directory below which stacks may have local repositories.
    pub fn repositories(&self) -> PathBuf {
        self.folder.path().join("repositories")
    }

    pub fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The home of whoever runs the server.
    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// Everything it printed, in all its lives.
    pub fn log(&self) -> String {
        let now = self.process.as_ref().map(Kept::log).unwrap_or_default();
        format!("{}{now}", self.past_log)
    }

    /// The server's process.
    pub fn pid(&self) -> i32 {
        self.process
            .as_ref()
            .and_then(Kept::pid)
            .expect("the server runs")
    }

    /// The processes below the server: its worker, and what the worker started.
    pub fn processes(&self) -> Vec<Process> {
        Process::below(self.pid())
    }

    /// Runs another command of the binary with this server's configuration.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.special.program);
        command
            .args(self.flags())
            .args(arguments)
            .env_clear()
            .envs(self.environment())
            .current_dir(self.folder.path());
        command
    }

    /// Makes an API key for an administrator, past the API.
    pub fn create_key(&self, name: &str) -> Result<ApiKey> {
        self.create_key_with(name, &[])
    }

    /// The same with roles, written `SPACE=ROLE`; without any it is an administrator's.
    pub fn create_key_with(&self, name: &str, roles: &[&str]) -> Result<ApiKey> {
        let mut command = self.command(&["admin", "create-key", "--name", name, "--json"]);
        for role in roles {
            command.args(["--role", role]);
        }
        let output = command.output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.success(),
            "`gantry admin create-key` failed: {said}"
        );
        serde_json::from_slice(&output.stdout).context("`gantry admin create-key` printed no key")
    }

    /// Makes a worker token, past the API.
    pub fn join(&self, name: &str) -> Result<Join> {
        let mut command = self.command(&["admin", "worker-token", "--name", name]);
        let output = command.output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.success(),
            "`gantry admin worker-token` failed: {said}"
        );
        let id = said.split_whitespace().nth(2).unwrap_or_default();
        Ok(Join {
            id: id.to_owned(),
            text: String::from_utf8(output.stdout)?.trim().to_owned(),
        })
    }

    /// Ends a worker token, past the API.
    pub fn revoke_join(&self, id: &str) -> Result<()> {
        let output = self
            .command(&["admin", "worker-token", "--revoke", id])
            .output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.success(),
            "`gantry admin worker-token --revoke` failed: {said}"
        );
        Ok(())
    }

    /// `https://host:port` of the worker gateway.
    pub fn gateway_url(&self) -> String {
        let port = self.special.gateway.as_ref();
        let address = port.map(|port| self.listens_at(port));
        format!("https://{}", address.unwrap_or_default())
    }

    pub(crate) fn program(&self) -> &Path {
        &self.special.program
    }

    /// Settings of a worker elsewhere that the server's own worker would have, too.
    pub(crate) fn worker_settings(&self) -> Vec<(String, String)> {
        let all = self.settings().into_iter();
        all.filter(|(key, _)| {
            key.starts_with("worker.")
                || key.starts_with("child.")
                || key.starts_with("log.")
                || ["aws.sts_endpoint", "source.local_roots"].contains(&key.as_str())
        })
        .filter(|(key, _)| key != "worker.slots")
        .chain([
            ("worker.slots".to_owned(), "2".to_owned()),
            // Other users than those of the servers of other tests.
            ("worker.uid_base".to_owned(), "710000".to_owned()),
        ])
        .collect()
    }

    /// Ends it with SIGTERM and waits; panics when it does not end in order.
    pub fn stop(&mut self) {
        self.end(Signal::SIGTERM, 0);
    }

    /// Kills the server process alone, as the kernel does when memory is short.
    pub fn kill9(&mut self) {
        self.end(Signal::SIGKILL, 128 + Signal::SIGKILL as i32);
    }

    /// Whether it has ended without having been asked to.
    pub fn has_died(&self) -> bool {
        let process = self.process.as_ref();
        process.is_none_or(|process| process.exit_status().is_some())
    }

    /// Starts it again after it was killed, by itself or by somebody else.
    pub fn revive(&mut self) -> Result<()> {
        self.kill9();
        self.start_process()
    }

    /// Starts it again on the same data, address and configuration.
    pub fn restart(&mut self) -> Result<()> {
        if self.process.is_some() {
            self.stop();
        }
        self.start_process()
    }

    /// Changes a setting for the next start.
    pub fn set(&mut self, key: &str, value: impl Into<String>) {
        self.special.settings.push((key.to_owned(), value.into()));
    }

    /// Waits until every process that was seen below this server has ended.
    pub fn wait_until_processes_end(&self, patience: Duration) -> Vec<Process> {
        Process::wait_until_gone(&self.seen, patience)
    }

    fn end(&mut self, signal: Signal, expected: i32) {
        let Some(process) = &self.process else { return };
        let Some(pid) = process.pid() else { return };
        if process.exit_status().is_none() {
            self.seen.extend(Process::below(pid));
            let _ = kill(Pid::from_raw(pid), signal);
        }
        let begin = Instant::now();
        let status = loop {
            match process.exit_status() {
                Some(status) => break status,
                None if begin.elapsed() > ENDS_WITHIN => {
                    let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
                    break -1;
                }
                None => std::thread::sleep(Duration::from_millis(5)),
            }
        };
        self.past_log.push_str(&process.log());
        self.past_log
            .push_str(&format!("--- ended by {signal} with status {status}\n"));
        self.process = None;
        assert_eq!(
            status,
            expected,
            "the server did not end as {signal} asks\n{}",
            self.log()
        );
    }

    fn start_process(&mut self) -> Result<()> {
        let own = tempfile::Builder::new()
            .prefix("gantry-server-")
            .tempdir()?
            .keep();
        let mut arguments = self.flags();
        arguments.push("server".to_owned());
        let environment = self.environment();
        let process = Kept::start(
            own,
            "TERM",
            &self.special.program,
            &arguments,
            &environment,
            None,
        )?;
        let address = self.listens_at(&self.port);
        process.wait_until("gantry", || answers(&address, "/healthz"))?;
        self.process = Some(process);
        Ok(())
    }

    fn flags(&self) -> Vec<String> {
        self.settings()
            .into_iter()
            .flat_map(|(k, v)| ["--set".to_owned(), format!("{k}={v}")])
            .collect()
    }

    fn settings(&self) -> Vec<(String, String)> {
        let mut settings = vec![
            ("account", self.special.account.clone()),
            ("data_dir", self.data_dir().display().to_string()),
            ("server.listen", self.listens_at(&self.port)),
            ("aws.sts_endpoint", self.proxy.endpoint().to_owned()),
            (
                "source.local_roots",
                self.repositories().display().to_string(),
            ),
            ("worker.extra_tools", extra_tools()),
            ("run.stop_grace", "5".to_owned()),
            // Whatever group the tests run in.
            ("worker.cgroup", "/gantry-tests".to_owned()),
            (
                "log.level",
                "info,gantry=debug,gantry_app=debug,gantry_worker=debug".to_owned(),
            ),
        ];
        if !self.special.downloads {
            // No test reaches for the outside.
            let mirrors = [
                "worker.tools_mirror_terraform",
                "worker.tools_mirror_opentofu",
            ];
            settings.extend(mirrors.map(|key| (key, "off".to_owned())));
        }
        if let Some(port) = &self.special.gateway {
            settings.push(("worker_gateway.listen", self.listens_at(port)));
        }
        settings.extend(
            self.special
                .database_url
                .iter()
                .map(|url| ("database_url", url.clone())),
        );
        settings.extend(
            self.special
                .settings
                .iter()
                .map(|(k, v)| (k.as_str(), v.clone())),
        );
        settings
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect()
    }

    fn environment(&self) -> Vec<(&str, String)> {
        let keys = &self.identity.keys;
        let mut all = vec![
            ("PATH", std::env::var("PATH").unwrap_or_default()),
            ("HOME", self.home().display().to_string()),
            ("AWS_ACCESS_KEY_ID", keys.access_key_id.clone()),
            ("AWS_SECRET_ACCESS_KEY", keys.secret_access_key.clone()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ];
        let own = self.special.environment.iter();
        all.extend(own.map(|(name, value)| (name.as_str(), value.clone())));
        all
    }

    /// Secrets that a log must never show.
    fn secrets(&self) -> [&str; 2] {
        [&self.key.secret, &self.identity.keys.secret_access_key]
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            let last = lines.len().saturating_sub(120);
            eprintln!(
                "--- what the server said last\n{}",
                lines[last..].join("\n")
            );
            return;
        }
        self.stop();
        let left = self.wait_until_processes_end(Duration::from_secs(5));
        assert!(
            left.is_empty(),
            "these processes outlived the server: {left:?}\n{}",
            self.log()
        );
        let log = self.log();
        for secret in self.secrets() {
            assert!(
                secret.is_empty() || !log.contains(secret),
                "a secret stands in the log"
            );
        }
    }
}

/// Where children find the AWS command line: its environment, and the Python it was made with.
fn extra_tools() -> String {
    let directories = venv::directories().unwrap_or_else(|error| panic!("{error:#}"));
    let texts: Vec<String> = directories
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    texts.join(",")
}

/// The binary beside the running one: where `cargo build` puts both.
pub fn beside(executable: &Path) -> PathBuf {
    executable.with_file_name("gantry")
}
