//! A `gantry worker` of its own, with a folder and an environment of its own, beside a server.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Result;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::keeper::Kept;
use crate::network::Network;
use crate::process::Process;
use crate::server::TestServer;

/// How long a worker may take to end in order, its children included.
const ENDS_WITHIN: Duration = Duration::from_secs(30);

/// A worker elsewhere. Ends with its value.
pub struct TestWorker {
    /// Before the folder: what is dropped first ends before its files go.
    process: Option<Kept>,
    folder: TempDir,
    program: PathBuf,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    /// What earlier processes of this worker printed.
    past_log: String,
    /// Every process of ours that was seen before a stop.
    seen: Vec<Process>,
}

impl TestWorker {
    /// One that joins by a token of the server, which has to have been built with a gateway.
    pub fn shared(server: &TestServer) -> Result<Self> {
        Self::joining(server, &server.join("test")?.text)
    }

    /// One that joins by this text.
    pub fn joining(server: &TestServer, join: &str) -> Result<Self> {
        let mut worker = Self::new(server)?;
        worker
            .environment
            .push(("GANTRY_WORKER_JOIN".to_owned(), join.to_owned()));
        Ok(worker)
    }

    /// One of a pool: its `config`, and the private key.
    pub fn of_pool(server: &TestServer, config: &str, private_key: &str) -> Result<Self> {
        let mut worker = Self::new(server)?;
        for (name, flag, text) in [
            ("config", "--pool-config", config),
            ("key", "--pool-private-key", private_key),
        ] {
            let path = worker.folder.path().join(name);
            std::fs::write(&path, text)?;
            worker
                .arguments
                .extend([flag.to_owned(), path.display().to_string()]);
        }
        Ok(worker)
    }

    fn new(server: &TestServer) -> Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("gantry-worker-")
            .tempdir()?;
        let home = folder.path().join("home");
        std::fs::create_dir(&home)?;
        let settings = server.worker_settings();
        let data = folder.path().join("data").display().to_string();
        let settings = settings.into_iter().chain([("data_dir".to_owned(), data)]);
        let mut arguments: Vec<String> = settings
            .flat_map(|(key, value)| ["--set".to_owned(), format!("{key}={value}")])
            .collect();
        arguments.push("worker".to_owned());
        let environment = vec![
            ("PATH".to_owned(), std::env::var("PATH").unwrap_or_default()),
            ("HOME".to_owned(), home.display().to_string()),
            ("AWS_EC2_METADATA_DISABLED".to_owned(), "true".to_owned()),
        ];
        Ok(Self {
            process: None,
            folder,
            program: server.program().to_owned(),
            arguments,
            environment,
            past_log: String::new(),
            seen: Vec::new(),
        })
    }

    /// A variable of the worker's own environment.
    pub fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.environment.push((name.to_owned(), value.into()));
        self
    }

    /// In a network of its own.
    pub fn inside(mut self, network: &Network) -> Self {
        let program = self.program.display().to_string();
        let enter = format!("--net={}", network.path().display());
        self.arguments.splice(0..0, [enter, program]);
        self.program = "nsenter".into();
        self
    }

    /// Another setting of the worker, by its key.
    pub fn set(mut self, key: &str, value: &str) -> Self {
        let place = self.arguments.iter().position(|one| one == "worker");
        let place = place.unwrap_or(self.arguments.len());
        self.arguments
            .splice(place..place, ["--set".to_owned(), format!("{key}={value}")]);
        self
    }

    /// Starts it, and waits until it takes runs.
    pub fn started(mut self) -> Result<Self> {
        self.start()?;
        Ok(self)
    }

    /// Starts it, again on what an earlier process of it has left.
    pub fn start(&mut self) -> Result<()> {
        self.launch()?;
        if let Some(process) = &self.process {
            process.wait_until("gantry worker", || process.log().contains("ready for runs"))?;
        }
        Ok(())
    }

    /// The same without waiting for anything.
    pub fn launch(&mut self) -> Result<()> {
        let own = tempfile::Builder::new()
            .prefix("gantry-worker-process-")
            .tempdir()?
            .keep();
        let environment: Vec<(&str, String)> = self
            .environment
            .iter()
            .map(|(name, value)| (name.as_str(), value.clone()))
            .collect();
        let process = Kept::start(
            own,
            "TERM",
            &self.program,
            &self.arguments,
            &environment,
            None,
        )?;
        process.wait_until("gantry worker", || process.pid().is_some())?;
        self.process = Some(process);
        Ok(())
    }

    /// Everything it printed, in all its lives.
    pub fn log(&self) -> String {
        let now = self.process.as_ref().map(Kept::log).unwrap_or_default();
        format!("{}{now}", self.past_log)
    }

    pub fn pid(&self) -> i32 {
        self.process
            .as_ref()
            .and_then(Kept::pid)
            .expect("the worker runs")
    }

    /// What the worker has started.
    pub fn processes(&self) -> Vec<Process> {
        Process::below(self.pid())
    }

    pub fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Sends a signal, and leaves it at that.
    pub fn signal(&self, signal: Signal) {
        let _ = kill(Pid::from_raw(self.pid()), signal);
    }

    /// Waits until it has gone by itself; answers with its exit status.
    pub fn wait_until_it_ends(&mut self) -> i32 {
        let status = self.status_within(ENDS_WITHIN);
        self.forget(&format!("ended with status {status}"));
        status
    }

    /// Whether it has ended without having been asked to.
    pub fn has_died(&self) -> bool {
        let process = self.process.as_ref();
        process.is_none_or(|process| process.exit_status().is_some())
    }

    /// Starts it again after it was killed, by itself or by somebody else, and waits for nothing.
    pub fn revive(&mut self) -> Result<()> {
        if !self.has_died() {
            self.seen.extend(self.processes());
            self.signal(Signal::SIGKILL);
        }
        if self.process.is_some() {
            let status = self.status_within(ENDS_WITHIN);
            self.forget(&format!("killed: status {status}"));
        }
        self.launch()
    }

    /// Kills it, as the kernel does when memory is short.
    pub fn kill9(&mut self) {
        self.end(Signal::SIGKILL);
    }

    /// Ends it in order.
    pub fn stop(&mut self) {
        let status = self.end(Signal::SIGTERM);
        assert_eq!(status, 0, "the worker did not end in order\n{}", self.log());
    }

    fn end(&mut self, signal: Signal) -> i32 {
        self.seen.extend(self.processes());
        self.signal(signal);
        let status = self.status_within(ENDS_WITHIN);
        self.forget(&format!("ended by {signal} with status {status}"));
        status
    }

    /// Waits until every process that was seen below this worker has ended.
    pub fn wait_until_processes_end(&self, patience: Duration) -> Vec<Process> {
        Process::wait_until_gone(&self.seen, patience)
    }

    fn status_within(&self, patience: Duration) -> i32 {
        let begin = Instant::now();
        loop {
            match self.process.as_ref().and_then(Kept::exit_status) {
                Some(status) => return status,
                None if begin.elapsed() > patience => {
                    self.signal(Signal::SIGKILL);
                    panic!("the worker does not end\n{}", self.log());
                }
                None => std::thread::sleep(Duration::from_millis(5)),
            }
        }
    }

    fn forget(&mut self, how: &str) {
        self.past_log = format!("{}--- {how}\n", self.log());
        self.process = None;
    }
}

impl Drop for TestWorker {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            let last = lines.len().saturating_sub(120);
            eprintln!(
                "--- what the worker said last\n{}",
                lines[last..].join("\n")
            );
            return;
        }
        if self.process.is_some() {
            self.stop();
        }
        let left = self.wait_until_processes_end(Duration::from_secs(5));
        assert!(
            left.is_empty(),
            "these processes outlived the worker: {left:?}"
        );
    }
}
