//! Whether this machine can work on runs, for `gantry doctor`. Leaves nothing behind.

use std::time::Duration;

use gantry_core::engine::Engine;
use gantry_core::protocol::{Standing, VERSION};

use crate::client::{Gateway, GatewayError};
use crate::config::WorkerConfig;
use crate::metadata_filter::{self, MetadataFilter};
use crate::sandbox::UserRange;
use crate::worker::Worker;

/// How long a metadata service may take to answer.
const PATIENCE: Duration = Duration::from_millis(500);

/// How long a release server may take.
const MIRROR_PATIENCE: Duration = Duration::from_secs(15);

const ENGINES: [Engine; 2] = [Engine::Terraform, Engine::OpenTofu];

/// A sentence for each thing: `Ok` when it is well, `Err` with the remedy when it is not.
pub struct Health {
    pub sandbox: Result<String, String>,
    pub metadata: Result<String, String>,
    /// The tools that are installed, and that runs have without naming a version.
    pub tools: Vec<(Engine, String)>,
    /// Where the others would be downloaded from.
    pub mirrors: Vec<(Engine, Result<String, String>)>,
}

/// Tries everything in a directory of its own, so that a worker at work is not disturbed.
pub async fn check(mut config: WorkerConfig) -> Health {
    let users = UserRange {
        first: config.users.first,
        count: config.users.count,
    };
    let directory = config
        .data_dir
        .with_extension(format!("doctor-{}", std::process::id()));
    config.data_dir = directory.clone();
    let (sandbox, tools, mirrors) = match Worker::start(&config) {
        Ok(worker) => {
            let sandbox = worker.sandbox.probe().await;
            let sandbox = sandbox.map(|()| worker.isolation());
            (
                sandbox.map_err(|error| error.to_string()),
                tools(&worker).await,
                mirrors(&worker).await,
            )
        }
        Err(error) => (Err(error.to_string()), vec![], vec![]),
    };
    let filter = MetadataFilter::install(&format!("doctor{}", std::process::id()), users);
    let metadata = match metadata_filter::probe(users, PATIENCE).await {
        Ok(()) => Ok(filter.to_string()),
        Err(reachable) => Err(reachable.to_string()),
    };
    drop(filter);
    let _ = std::fs::remove_dir_all(directory);
    Health {
        sandbox,
        metadata,
        tools,
        mirrors,
    }
}

/// Whether the server is there, and takes this worker for one of its own.
pub async fn server(config: &WorkerConfig) -> Result<String, String> {
    let gateway = Gateway::new(&config.server).map_err(|error| error.to_string())?;
    let answer = gateway.download("caller").await;
    let standing = answer
        .and_then(|body| Ok(serde_json::from_slice::<Standing>(&body)?))
        .map_err(|error| match error {
            GatewayError::Answered { status: 401, text } => text,
            error => error.to_string(),
        })?;
    if standing.protocol != VERSION {
        return Err(format!(
            "the server speaks version {} of the worker protocol, and this worker version {VERSION}: \
             run the same version of gantry on both sides",
            standing.protocol
        ));
    }
    Ok(format!("it knows this one as {}", standing.caller))
}

async fn tools(worker: &Worker) -> Vec<(Engine, String)> {
    let mut found = vec![];
    for engine in ENGINES {
        if let Ok(Some(binary)) = worker.tools.installed(engine, None).await {
            found.push((
                engine,
                format!("{} at {}", binary.version, binary.path.display()),
            ));
        }
    }
    found
}

/// Asks each release server for its list.
async fn mirrors(worker: &Worker) -> Vec<(Engine, Result<String, String>)> {
    let releases = worker.tools.cache().releases();
    let ask = async |engine: Engine| {
        let place = releases.place(engine)?;
        let versions = tokio::time::timeout(MIRROR_PATIENCE, releases.versions(engine)).await;
        let said = match versions {
            Ok(Ok(versions)) => match versions.iter().find(|version| version.is_release()) {
                Some(newest) => Ok(format!("{place} answers; its newest release is {newest}")),
                None => Err(format!(
                    "{place} answers, and has no release for this machine"
                )),
            },
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!(
                "{place} gave no answer within {} s",
                MIRROR_PATIENCE.as_secs()
            )),
        };
        Some((engine, said))
    };
    let [one, other] = ENGINES;
    let (one, other) = tokio::join!(ask(one), ask(other));
    one.into_iter().chain(other).collect()
}
