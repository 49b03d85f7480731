//! What all jobs of a worker share.

mod setup;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use gantry_cloud::provider::CloudProvider;
use gantry_cloud::registry::Registry;
use gantry_core::commit::Commit;
use gantry_core::ids::RunId;
use gantry_core::proxy::NoProxyAddress;
use gantry_git::{Git, GitError};
use tokio::sync::OnceCell;
use tokio::task::JoinHandle;

use crate::child_env::{Base, Exports};
use crate::client::Gateway;
use crate::config::WorkerConfig;
use crate::metadata_filter::{self, MetadataFilter, MetadataReachable};
use crate::provider_cache::ProviderCache;
use crate::sandbox::{Sandbox, SandboxConfig, SandboxError, SandboxMode, UserRange};
use crate::tools::Tools;
use crate::transport::NoTransport;
use crate::workspace::Workspace;

/// Clean workspaces that are kept for runs that wait for a person. A run whose workspace is gone
/// starts from a clean checkout.
const KEPT: usize = 50;

/// They are not kept longer than this.
const KEPT_FOR: Duration = Duration::from_secs(24 * 3600);

/// For the worker's own name in a cloud, which is not needed for anything.
const IDENTITY_PATIENCE: Duration = Duration::from_secs(5);

/// How long a metadata service may take to answer.
const METADATA_PATIENCE: Duration = Duration::from_millis(200);

pub struct Worker {
    pub gateway: Arc<Gateway>,
    pub git: Git,
    pub sandbox: Sandbox,
    pub tools: Tools,
    /// Where this worker assumes roles with its own identity; a shared one does not.
    pub clouds: Option<Registry>,
    identity: OnceCell<String>,
    /// Without a sandbox there is none: a child could write there.
    pub providers: Option<Arc<ProviderCache>>,
    pub slots: usize,
    /// One directory per lease, for what the server has not heard yet.
    pub spool: PathBuf,
    /// Spools that the server refused although they hold a state.
    pub refused: PathBuf,
    /// What describes the box and the installation: the bottom of every child's environment.
    pub environment: Base,
    /// Said at the top of every run's log: how its children are isolated, and what is not.
    pub conditions: Vec<String>,
    /// Whether metadata addresses are out of reach of children.
    filtered: bool,
    users: UserRange,
    kept: Mutex<VecDeque<Kept>>,
}

/// The clean workspace of a run that waits.
pub struct Kept {
    pub run: RunId,
    pub commit: Commit,
    pub workspace: Arc<Workspace>,
    pub exports: Exports,
    pub since: Instant,
}

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Transport(#[from] NoTransport),
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    #[error(transparent)]
    Git(#[from] GitError),
    #[error("a proxy of the configuration {0}")]
    Proxy(#[from] NoProxyAddress),
    #[error("the directory {path} for downloads can't be used: {source}")]
    Downloads {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
}

impl Worker {
    pub fn start(config: &WorkerConfig) -> Result<Self, StartError> {
        let gateway = Gateway::new(&config.server)?;
        let tools = setup::tools(config)?;
        let providers = setup::provider_cache(config)?;
        let sandbox = Sandbox::start(SandboxConfig {
            mode: match config.insecure_no_sandbox {
                false => SandboxMode::Bubblewrap,
                true => SandboxMode::Insecure,
            },
            directory: config.data_dir.clone(),
            users: UserRange {
                first: config.users.first,
                count: config.users.count,
            },
            tool_directories: setup::tool_directories(config),
            providers: setup::providers(config),
            ca_bundle: config.ca_bundle.clone(),
            extra_tools: config.extra_tools.clone(),
            cgroup: config.cgroup.clone(),
        })?;
        let environment = setup::environment(config, &sandbox)?;
        let mut conditions = match sandbox.mode() {
            SandboxMode::Bubblewrap => vec![],
            SandboxMode::Insecure => vec![
                "WARNING: this worker runs without a sandbox (--insecure-no-sandbox): the code of \
                 this run sees the machine's files and processes"
                    .to_owned(),
            ],
        };
        if !sandbox.holds() {
            conditions.push(format!(
                "memory and processes of this run are {}",
                sandbox.limits()
            ));
        }
        Ok(Worker {
            gateway: Arc::new(gateway),
            git: Git::open(setup::git(config)?)?,
            sandbox,
            tools,
            clouds: setup::clouds(config),
            identity: OnceCell::new(),
            providers,
            slots: config.slots.unwrap_or_else(cores).max(1),
            spool: config.data_dir.join("spool"),
            refused: config.data_dir.join("refused"),
            environment,
            conditions,
            filtered: false,
            users: UserRange {
                first: config.users.first,
                count: config.users.count,
            },
            kept: Mutex::default(),
        })
    }

    /// `filter` stays in place for as long as the worker works.
    pub fn guarded(mut self, filter: &MetadataFilter) -> Self {
        self.filtered = filter.is_filtered();
        if !self.filtered {
            self.conditions.push(filter.to_string());
        }
        self
    }

    /// Who this worker is in a cloud, if that says so.
    pub async fn identity_in(&self, cloud: &dyn CloudProvider) -> Option<String> {
        let ask = || async {
            let asked = tokio::time::timeout(IDENTITY_PATIENCE, cloud.identity()).await;
            match asked {
                Ok(Ok(identity)) => Ok(identity.arn),
                Ok(Err(_)) | Err(_) => Err(()),
            }
        };
        self.identity.get_or_try_init(ask).await.ok().cloned()
    }

    /// How children are isolated and limited, for the server's list of workers.
    pub fn isolation(&self) -> String {
        let isolation = match self.sandbox.mode() {
            SandboxMode::Bubblewrap => "bubblewrap: namespaces of its own for each child",
            SandboxMode::Insecure => "none (--insecure-no-sandbox)",
        };
        let limits = self.sandbox.limits();
        format!("{isolation}; memory and processes of a child are {limits}")
    }

    /// Whether no metadata service would hand a child the machine's identity: checked where nothing
    /// filters, at start and before each phase that writes.
    pub async fn metadata_unreachable(&self) -> Result<(), MetadataReachable> {
        if self.filtered {
            return Ok(());
        }
        metadata_filter::probe(self.users, METADATA_PATIENCE).await
    }

    /// Keeps the clean workspace of a run that waits; the oldest give way.
    pub fn keep(&self, kept: Kept) {
        let mut all = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        all.push_back(kept);
        while all.len() > KEPT
            || all
                .front()
                .is_some_and(|kept| kept.since.elapsed() > KEPT_FOR)
        {
            if let Some(gone) = all.pop_front() {
                remove(gone.workspace);
            }
        }
    }

    pub fn take_kept(&self, run: &RunId) -> Option<Kept> {
        let mut all = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let place = all.iter().position(|kept| kept.run == *run)?;
        all.remove(place)
    }
}

/// Removes a run's files in the background. Its processes are dead. They are out of the way when
/// this returns: the run may be claimed again before they are gone.
pub fn remove(workspace: Arc<Workspace>) {
    remove_after(workspace, None);
}

/// The same; `reading` still reads in them.
pub fn remove_after(workspace: Arc<Workspace>, reading: Option<JoinHandle<()>>) {
    let Some(mut workspace) = Arc::into_inner(workspace) else {
        tracing::error!("a workspace that is in use can't be removed");
        return;
    };
    let moved = blocking(|| workspace.put_aside());
    let remove = move || {
        if let Err(error) = workspace.remove() {
            tracing::warn!(%error, "a workspace can't be removed");
        }
    };
    match moved {
        Ok(()) => drop(tokio::spawn(async move {
            if let Some(reading) = reading {
                let _ = reading.await;
            }
            let _ = tokio::task::spawn_blocking(remove).await;
        })),
        Err(error) => {
            tracing::warn!(%error, "a workspace is removed where it is");
            blocking(remove);
        }
    }
}

/// Runs something that blocks for milliseconds without holding up the other tasks of its thread.
pub fn blocking<T>(work: impl FnOnce() -> T) -> T {
    use tokio::runtime::{Handle, RuntimeFlavor};
    match Handle::try_current().map(|handle| handle.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        _ => work(),
    }
}

pub fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

#[cfg(test)]
mod tests;
