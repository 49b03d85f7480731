//! A real Postgres, started by the test command itself; a database of its own for each test.

use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, User, geteuid};

use crate::keeper::Kept;
use crate::port::Port;
use crate::process::Process;

const MISSING: &str = "the tests need the PostgreSQL server programs (initdb, postgres); install \
                       PostgreSQL 15 or newer, on Debian: apt-get install postgresql";
const SUPERUSER: &str = "gantry";

/// Listens on loopback only, without a password; its data is gone with it.
pub struct Postgres {
    programs: PathBuf,
    port: Port,
    user: Option<(u32, u32)>,
    arguments: Vec<String>,
    /// The newest is the one that runs; the first has the data in its folder.
    processes: Mutex<Vec<Kept>>,
}

impl Postgres {
    /// For ordinary tests: quick, because it never waits for the disk.
    pub fn start() -> Result<Self> {
        Self::start_with(&[
            "fsync=off",
            "synchronous_commit=off",
            "full_page_writes=off",
        ])
    }

    /// As a careful operator would run it, for tests about losing power or killing it.
    pub fn start_durable() -> Result<Self> {
        Self::start_with(&[])
    }

    /// The one of this test binary, started on first use.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Postgres> = OnceLock::new();
        SHARED.get_or_init(|| Self::start().unwrap_or_else(|error| panic!("{error:#}")))
    }

    fn start_with(settings: &[&str]) -> Result<Self> {
        let programs = find_programs()?;
        let user = unprivileged_user()?;
        let folder = tempfile::Builder::new()
            .prefix("gantry-postgres-")
            .tempdir()?
            .keep();
        if let Some((uid, gid)) = user {
            chown(&folder, Some(uid), Some(gid))?;
        }
        let data = folder.join("data");
        let mut initdb = Command::new(programs.join("initdb"));
        initdb
            .args(["--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C"])
            .args(["--username", SUPERUSER, "--pgdata"])
            .arg(&data)
            .current_dir(&folder);
        if let Some((uid, gid)) = user {
            initdb.uid(uid).gid(gid);
        }
        succeed("initdb", initdb.output().context(MISSING)?)?;

        let port = Port::reserve();
        let mut arguments = vec!["-D".to_owned(), data.display().to_string()];
        let number = format!("port={}", port.number());
        let sockets = format!("unix_socket_directories={}", folder.display());
        let always = [
            "listen_addresses=127.0.0.1",
            &number,
            &sockets,
            "max_connections=200",
        ];
        for setting in always.iter().chain(settings) {
            arguments.extend(["-c".to_owned(), (*setting).to_owned()]);
        }
        let postgres = Self {
            programs,
            port,
            user,
            arguments,
            processes: Mutex::default(),
        };
        postgres.start_process(folder)?;
        Ok(postgres)
    }

    /// In a folder of its own.
    fn start_process(&self, folder: PathBuf) -> Result<()> {
        // QUIT is Postgres's immediate shutdown: nothing here is worth a checkpoint.
        let environment = [
            ("LC_ALL", "C".to_owned()),
            ("PATH", "/usr/bin:/bin".to_owned()),
        ];
        let server = self.programs.join("postgres");
        let arguments = &self.arguments;
        let process = Kept::start(folder, "QUIT", &server, arguments, &environment, self.user)?;
        process.wait_until("postgres", || {
            let mut ask = Command::new(self.programs.join("pg_isready"));
            let number = self.port.number().to_string();
            ask.args(["-q", "-h", "127.0.0.1", "-p", &number]);
            ask.status().is_ok_and(|status| status.success())
        })?;
        self.processes().push(process);
        Ok(())
    }

    fn processes(&self) -> MutexGuard<'_, Vec<Kept>> {
        self.processes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Kills the first of its processes, as the kernel does when memory is short. The others end when
    /// they notice; those that are busy for long are killed too, as systemd does before it starts it anew.
    pub fn kill9(&self) {
        let processes = self.processes();
        let Some(process) = processes.last() else {
            return;
        };
        let others = process.pid().map(Process::below).unwrap_or_default();
        while process.exit_status().is_none() {
            if let Some(pid) = process.pid() {
                let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        for other in Process::wait_until_gone(&others, Duration::from_secs(5)) {
            let _ = kill(Pid::from_raw(other.pid), Signal::SIGKILL);
        }
        let left = Process::wait_until_gone(&others, Duration::from_secs(20));
        assert!(left.is_empty(), "these outlive their PostgreSQL: {left:?}");
    }

    /// Whether it has ended without having been asked to, as it does when what recovers it is killed.
    pub fn has_died(&self) -> bool {
        let processes = self.processes();
        let newest = processes.last();
        newest.is_none_or(|process| process.exit_status().is_some())
    }

    /// Starts it again on the same data.
    pub fn revive(&self) -> Result<()> {
        let folder = tempfile::Builder::new()
            .prefix("gantry-postgres-")
            .tempdir()?
            .keep();
        if let Some((uid, gid)) = self.user {
            chown(&folder, Some(uid), Some(gid))?;
        }
        self.start_process(folder)
    }

    /// Looks at every page of every table and index of a database.
    pub fn check(&self, database: &str) -> Result<()> {
        let mut check = Command::new(self.programs.join("pg_amcheck"));
        check
            .args(["--install-missing", "--heapallindexed", "-h", "127.0.0.1"])
            .args(["-p", &self.port.number().to_string(), "-U", SUPERUSER])
            .arg(database);
        succeed("pg_amcheck", check.output()?).map(drop)
    }

    /// A new, empty database.
    pub fn database(&self) -> Result<Database<'_>> {
        static COUNT: AtomicU32 = AtomicU32::new(1);
        let name = format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        self.run_sql("postgres", &format!("CREATE DATABASE {name}"))?;
        Ok(Database { server: self, name })
    }

    /// The server process, to be killed or paused by a test.
    pub fn pid(&self) -> Option<i32> {
        self.processes().last().and_then(Kept::pid)
    }

    /// Runs one statement through `psql`; answers with its rows, columns separated by `|`.
    pub fn run_sql(&self, database: &str, statement: &str) -> Result<String> {
        let output = Command::new(self.programs.join("psql"))
            .args([
                "-X",
                "-q",
                "-A",
                "-t",
                "-v",
                "ON_ERROR_STOP=1",
                "-h",
                "127.0.0.1",
            ])
            .args([
                "-p",
                &self.port.number().to_string(),
                "-U",
                SUPERUSER,
                "-d",
                database,
            ])
            .args(["-c", statement])
            .output()
            .context(MISSING)?;
        succeed("psql", output)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // The data goes with the first.
        let mut processes = self.processes();
        while let Some(process) = processes.pop() {
            drop(process);
        }
    }
}

/// Dropped on the server when this value is dropped, whoever is still connected.
pub struct Database<'a> {
    server: &'a Postgres,
    name: String,
}

impl Database<'_> {
    pub fn name(&self) -> &str {
        &self.name
    }

    /// For `--database-url`.
    pub fn url(&self) -> String {
        format!(
            "postgres://{SUPERUSER}@127.0.0.1:{}/{}",
            self.server.port.number(),
            self.name
        )
    }

    /// Runs one statement in this database.
    pub fn run_sql(&self, statement: &str) -> Result<String> {
        self.server.run_sql(&self.name, statement)
    }
}

impl Drop for Database<'_> {
    fn drop(&mut self) {
        let statement = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        let _ = self.server.run_sql("postgres", &statement);
    }
}

fn succeed(what: &str, output: Output) -> Result<String> {
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{what} failed: {said}");
    Ok(String::from_utf8_lossy(&output.stdout)
        .trim_end()
        .to_owned())
}

/// Debian keeps the server programs of each version in a folder of its own, off the PATH.
fn find_programs() -> Result<PathBuf> {
    let is_complete = |folder: &Path| {
        ["initdb", "postgres", "psql", "pg_isready"]
            .iter()
            .all(|name| folder.join(name).exists())
    };
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .filter(|(_, folder)| is_complete(folder))
        .collect();
    versions.sort();
    if let Some((_, newest)) = versions.pop() {
        return Ok(newest);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .find(|folder| is_complete(folder))
        .context(MISSING)
}

/// Postgres refuses to run as root; then it runs as somebody who owns nothing else.
fn unprivileged_user() -> Result<Option<(u32, u32)>> {
    if !geteuid().is_root() {
        return Ok(None);
    }
    for name in ["postgres", "nobody"] {
        if let Some(user) = User::from_name(name)? {
            return Ok(Some((user.uid.as_raw(), user.gid.as_raw())));
        }
    }
    bail!("Postgres refuses to run as root, and there is no user postgres or nobody to run it as")
}
