//! The worker that the server starts as a child process of its own.
//!
//! Its configuration is the first line of its standard input. The rest of that input never comes;
//! its end means that the server is dead: then every child is ended in order, what could not be
//! reported goes to the spool, and the process exits. A successor takes over from there.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gantry_core::ids::WorkerId;
use gantry_core::protocol::{Hello, VERSION};
use sha2::{Digest, Sha256};
use tokio::signal::unix::{SignalKind, signal};

use crate::config::WorkerConfig;
use crate::metadata_filter::{MetadataFilter, MetadataReachable};
use crate::orders::{Order, Orders};
use crate::poll::{self, PollError};
use crate::sandbox::{SandboxError, UserRange};
use crate::takeover::{self, TakeoverError};
use crate::worker::{StartError, Worker};

#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    #[error("the worker's configuration can't be read from standard input: {0}")]
    Configuration(String),
    #[error("the worker's lock {path} can't be taken: {source}")]
    Lock {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    #[error(transparent)]
    Metadata(#[from] MetadataReachable),
    #[error(transparent)]
    Takeover(#[from] TakeoverError),
    #[error(transparent)]
    Poll(#[from] PollError),
    #[error("the server takes nothing from this worker: {0}")]
    TurnedAway(String),
    #[error("the worker can't hear signals: {0}")]
    Signals(#[source] std::io::Error),
}

/// The first line of standard input.
pub fn read_config() -> Result<WorkerConfig, WorkerError> {
    let mut line = String::new();
    std::io::stdin()
        .read_line(&mut line)
        .map_err(|error| WorkerError::Configuration(error.to_string()))?;
    let config = serde_json::from_str(&line);
    zeroize::Zeroize::zeroize(&mut line);
    // The message of a JSON error may quote the input, token included.
    config.map_err(|error: serde_json::Error| {
        WorkerError::Configuration(format!("column {} is not as expected", error.column()))
    })
}

/// Works until standard input ends or a signal comes. Needs a multi-threaded runtime.
pub async fn run(config: WorkerConfig) -> Result<(), WorkerError> {
    let ending = Orders::default();
    end_with_input(ending.clone());
    end_with_signals(ending.clone(), "the server is shutting down")?;
    work(config, ending).await
}

/// Works as a process of its own until a signal comes, or the server takes nothing from it any more.
/// Needs a multi-threaded runtime.
pub async fn run_elsewhere(config: WorkerConfig) -> Result<(), WorkerError> {
    let ending = Orders::default();
    end_with_signals(ending.clone(), "the worker was asked to end")?;
    work(config, ending).await
}

/// Works until `ending` says to end.
pub async fn work(config: WorkerConfig, ending: Orders) -> Result<(), WorkerError> {
    let Some(_lock) = lock(&config.data_dir, &ending).await? else {
        return Ok(());
    };
    let filter = tokio::task::spawn_blocking({
        let config = config.clone();
        move || filter(&config)
    });
    let worker = Worker::start(&config)?;
    let (sandbox, filter) = tokio::join!(worker.sandbox.probe(), filter);
    sandbox?;
    let filter = filter.unwrap_or_else(|error| MetadataFilter::NotFiltered {
        reason: error.to_string(),
    });
    let worker = Arc::new(worker.guarded(&filter));
    worker.metadata_unreachable().await?;
    let warm = tokio::spawn({
        let worker = worker.clone();
        async move { worker.tools.warm().await }
    });
    let turned_away = tokio::spawn({
        let (worker, ending) = (worker.clone(), ending.clone());
        async move {
            let why = worker.gateway.turned_away().await;
            tracing::error!("the server takes nothing from this worker any more: {why}");
            ending.give(Order::End { why });
        }
    });
    let outcome = live(&worker, &config, &filter, ending).await;
    warm.abort();
    turned_away.abort();
    match worker.gateway.turned_away_for() {
        Some(why) => Err(WorkerError::TurnedAway(why)),
        None => outcome,
    }
}

/// From what a predecessor has left to the end of the last job.
async fn live(
    worker: &Arc<Worker>,
    config: &WorkerConfig,
    filter: &MetadataFilter,
    ending: Orders,
) -> Result<(), WorkerError> {
    takeover::take_over(worker, &ending).await?;
    let (id, predecessor) = identity(&config.data_dir);
    let hello = Hello {
        protocol: VERSION,
        worker: id,
        predecessor,
        sandbox: worker.isolation(),
        metadata_unfiltered: (!filter.is_filtered()).then(|| filter.to_string()),
        slots: u32::try_from(worker.slots).unwrap_or(u32::MAX),
        metadata: about(),
    };
    Ok(poll::work(worker.clone(), hello, ending).await?)
}

/// What people see of the worker beside its ID.
fn about() -> BTreeMap<String, String> {
    let mut about = BTreeMap::from([
        ("version".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
        ("os".to_owned(), std::env::consts::OS.to_owned()),
        ("architecture".to_owned(), std::env::consts::ARCH.to_owned()),
    ]);
    if let Ok(name) = nix::unistd::gethostname() {
        about.insert("hostname".to_owned(), name.to_string_lossy().into_owned());
    }
    about
}

/// Holds the worker's directory alone: a predecessor that is still ending its children is waited
/// for. `None`: we have to end ourselves.
async fn lock(directory: &Path, ending: &Orders) -> Result<Option<File>, WorkerError> {
    let path = directory.join("worker.lock");
    let failed = |source| WorkerError::Lock {
        path: path.clone(),
        source,
    };
    std::fs::create_dir_all(directory).map_err(failed)?;
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(failed)?;
    match file.try_lock() {
        Ok(()) => return Ok(Some(file)),
        Err(std::fs::TryLockError::WouldBlock) => {}
        Err(std::fs::TryLockError::Error(source)) => return Err(failed(source)),
    }
    tracing::info!(path = %path.display(), "waiting for the worker before this one to end");
    let (sender, locked) = tokio::sync::oneshot::channel();
    // A thread of its own: nobody waits for it when the process ends first.
    std::thread::spawn(move || {
        let _ = sender.send(file.lock().map(|()| file));
    });
    tokio::select! {
        locked = locked => match locked {
            Ok(locked) => locked.map(Some).map_err(failed),
            Err(_) => Ok(None),
        },
        _ = ending.abandoned() => Ok(None),
    }
}

/// Keeps children from the machine's own identity. The table has a name of the directory, so that
/// two installations on a machine don't remove each other's.
fn filter(config: &WorkerConfig) -> MetadataFilter {
    let directory = config
        .data_dir
        .canonicalize()
        .unwrap_or_else(|_| config.data_dir.clone());
    let digest = Sha256::digest(directory.as_os_str().as_encoded_bytes());
    let users = UserRange {
        first: config.users.first,
        count: config.users.count,
    };
    MetadataFilter::install(&hex::encode(&digest[..8]), users)
}

/// A new ID, and that of the worker which had this directory before. The caller holds the lock.
fn identity(directory: &Path) -> (WorkerId, Option<WorkerId>) {
    let path = directory.join("worker.id");
    let before = std::fs::read_to_string(&path).ok();
    let before = before
        .map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty());
    let id = ulid::Ulid::generate().to_string();
    let new = path.with_extension("id.new");
    if let Err(error) = std::fs::write(&new, &id).and_then(|()| std::fs::rename(&new, &path)) {
        tracing::error!(path = %path.display(), %error, "the worker's ID can't be kept");
    }
    (WorkerId::new(id), before.map(WorkerId::new))
}

fn end_with_input(ending: Orders) {
    std::thread::spawn(move || {
        let mut ignored = [0; 256];
        while !matches!(std::io::stdin().read(&mut ignored), Ok(0) | Err(_)) {}
        ending.give(Order::End {
            why: "the server is gone".into(),
        });
    });
}

fn end_with_signals(ending: Orders, why: &'static str) -> Result<(), WorkerError> {
    let mut terminate = signal(SignalKind::terminate()).map_err(WorkerError::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(WorkerError::Signals)?;
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        ending.give(Order::End { why: why.into() });
    });
    Ok(())
}
