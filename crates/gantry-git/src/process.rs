//! The one place that starts git.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;

use crate::{GitError, Settings};

/// The whole configuration of git. It is a file, and not a row of `-c` flags, because git drops the
/// flags when it starts the other side of a local repository.
const CONFIGURATION: &str = "\
# Written by Gantry; git reads no other file but this one and the mirror's own.
[safe]
\tdirectory = *
[core]
\thooksPath = /dev/null
\tfsmonitor = false
\tattributesFile = /dev/null
\texcludesFile = /dev/null
\tsshCommand = false
\taskPass = false
\tprotectHFS = true
\tprotectNTFS = true
[protocol]
\tallow = never
[credential]
\thelper =
\tinteractive = false
[submodule]
\trecurse = false
[fetch]
\trecurseSubmodules = false
\tunpackLimit = 1
\twriteCommitGraph = false
[uploadpack]
\tallowAnySHA1InWant = true
[gc]
\tauto = 0
[maintenance]
\tauto = false
[http]
\tlowSpeedLimit = 1000
\tlowSpeedTime = 60
[log]
\tshowSignature = false
\tmailmap = false
[i18n]
\tlogOutputEncoding = UTF-8
";

/// More than this of git's output is read but not kept.
const KEPT: u64 = 1 << 20;

pub(crate) struct Runner {
    program: PathBuf,
    environment: Vec<(OsString, OsString)>,
    timeout: Duration,
}

/// How a git process ended.
pub(crate) struct Finished {
    pub success: bool,
    pub stdout: Vec<u8>,
    pub stderr: String,
}

impl Finished {
    pub fn stdout_text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }
}

/// Which protocols one command may speak.
#[derive(Clone, Copy)]
pub(crate) enum Protocol {
    None,
    Https,
    File,
}

impl Runner {
    pub fn prepare(settings: &Settings) -> Result<Self, GitError> {
        let program = find_program(settings)?;
        let home = settings.cache_dir.join("home");
        std::fs::create_dir_all(&home)
            .map_err(GitError::io(format!("can't create `{}`", home.display())))?;
        let configuration = settings.cache_dir.join("git.config");
        write_atomically(&configuration, CONFIGURATION)?;

        let mut environment: Vec<(OsString, OsString)> = Vec::new();
        let mut set = |name: &str, value: &OsStr| environment.push((name.into(), value.into()));
        set("PATH", settings.search_path.as_ref());
        set("HOME", home.as_ref());
        set("LC_ALL", "C".as_ref());
        set("GIT_CONFIG_NOSYSTEM", "1".as_ref());
        set("GIT_CONFIG_GLOBAL", configuration.as_ref());
        set("GIT_ATTR_NOSYSTEM", "1".as_ref());
        set("GIT_TERMINAL_PROMPT", "0".as_ref());
        set("GIT_NO_REPLACE_OBJECTS", "1".as_ref());
        set("GIT_NO_LAZY_FETCH", "1".as_ref());
        set("GIT_LITERAL_PATHSPECS", "1".as_ref());
        if let Some(proxy) = &settings.proxy {
            set("https_proxy", proxy.expose().as_ref());
        }
        if let Some(no_proxy) = &settings.no_proxy {
            set("no_proxy", no_proxy.as_ref());
        }
        if let Some(bundle) = &settings.ca_bundle {
            set("GIT_SSL_CAINFO", bundle.as_ref());
        }
        Ok(Self {
            program,
            environment,
            timeout: settings.timeout,
        })
    }

    /// Runs git without any protocol; `Err` unless it succeeds.
    pub async fn run<'a>(
        &self,
        operation: &'static str,
        arguments: impl IntoIterator<Item = &'a str>,
        environment: &[(&str, &OsStr)],
    ) -> Result<Finished, GitError> {
        let finished = self
            .start(
                operation,
                arguments.into_iter().map(OsStr::new),
                environment,
                Protocol::None,
            )
            .await?;
        if finished.success {
            Ok(finished)
        } else {
            let detail = crate::error::last_words(&finished.stderr);
            Err(GitError::Failed { operation, detail })
        }
    }

    /// Runs git to its end, or to the time limit. When the returned future is dropped, git and what
    /// it started are killed.
    pub async fn start<'a>(
        &self,
        operation: &'static str,
        arguments: impl IntoIterator<Item = &'a OsStr>,
        environment: &[(&str, &OsStr)],
        protocol: Protocol,
    ) -> Result<Finished, GitError> {
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .envs(environment.iter().copied())
            .env(
                "GIT_ALLOW_PROTOCOL",
                match protocol {
                    Protocol::None => "none",
                    Protocol::Https => "https",
                    Protocol::File => "file",
                },
            )
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        let failed = || GitError::io(format!("git {operation} can't be run"));
        let mut child = command.spawn().map_err(failed())?;
        let mut group = Group::of(&child);
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let work = async {
            let (stdout, stderr) = tokio::try_join!(read(stdout), read(stderr))?;
            Ok::<_, std::io::Error>((child.wait().await?, stdout, stderr))
        };
        let (status, stdout, stderr) = match tokio::time::timeout(self.timeout, work).await {
            Ok(done) => done.map_err(failed())?,
            Err(_) => {
                return Err(GitError::TimedOut {
                    source_url: String::new(),
                    seconds: self.timeout.as_secs(),
                });
            }
        };
        group.done();
        let stderr = String::from_utf8_lossy(&stderr).into_owned();
        tracing::debug!(operation, success = status.success(), "git ended");
        Ok(Finished {
            success: status.success(),
            stdout,
            stderr,
        })
    }
}

/// Reads a pipe to its end and keeps the beginning.
async fn read(pipe: Option<impl AsyncRead + Unpin>) -> std::io::Result<Vec<u8>> {
    let mut kept = Vec::new();
    if let Some(mut pipe) = pipe {
        (&mut pipe).take(KEPT).read_to_end(&mut kept).await?;
        if kept.len() as u64 == KEPT {
            tokio::io::copy(&mut pipe, &mut tokio::io::sink()).await?;
        }
    }
    Ok(kept)
}

/// Git starts helpers of its own, such as the one that speaks https; they are in its process group
/// and go with it.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &tokio::process::Child) -> Self {
        Self(
            child
                .id()
                .and_then(|id| i32::try_from(id).ok())
                .map(Pid::from_raw),
        )
    }

    fn done(&mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0.take() {
            let _ = killpg(group, Signal::SIGKILL);
        }
    }
}

fn find_program(settings: &Settings) -> Result<PathBuf, GitError> {
    if let Some(program) = &settings.program {
        return Ok(program.clone());
    }
    settings
        .search_path
        .split(':')
        .map(|directory| Path::new(directory).join("git"))
        .find(|program| program.is_file())
        .ok_or_else(|| GitError::NoProgram {
            search_path: settings.search_path.clone(),
        })
}

/// Writes `text` so that another process sees all of it or none. Unchanged text is left alone.
pub(crate) fn write_atomically(path: &Path, text: &str) -> Result<(), GitError> {
    if std::fs::read_to_string(path).is_ok_and(|present| present == text) {
        return Ok(());
    }
    let what = || format!("can't write `{}`", path.display());
    let partial = path.with_extension(format!("{}.partial", std::process::id()));
    std::fs::write(&partial, text).map_err(GitError::io(what()))?;
    std::fs::rename(&partial, path).map_err(GitError::io(what()))
}
