//! Whether this machine can work on runs, for `gantry doctor`. Leaves nothing behind.

use std::time::Duration;

use gantry_core::engine::Engine;
use gantry_core::protocol::Tool;

use crate::config::WorkerConfig;
use crate::metadata_filter::{self, MetadataFilter};
use crate::sandbox::UserRange;
use crate::worker::Worker;

/// How long a metadata service may take to answer.
const PATIENCE: Duration = Duration::from_millis(500);

/// A sentence for each thing: `Ok` when it is well, `Err` with the remedy when it is not.
pub struct Health {
    pub sandbox: Result<String, String>,
    pub metadata: Result<String, String>,
    /// The tools that runs can have without naming a version; none is worth a word of the doctor.
    pub tools: Vec<(Engine, String)>,
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
    let (sandbox, tools) = match Worker::start(&config) {
        Ok(worker) => {
            let sandbox = worker.sandbox.probe().await;
            let sandbox = sandbox.map(|()| worker.isolation().to_owned());
            (
                sandbox.map_err(|error| error.to_string()),
                tools(&worker).await,
            )
        }
        Err(error) => (Err(error.to_string()), vec![]),
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
    }
}

async fn tools(worker: &Worker) -> Vec<(Engine, String)> {
    let mut found = vec![];
    for engine in [Engine::Terraform, Engine::OpenTofu] {
        if let Ok(binary) = worker
            .tools
            .find(&Tool {
                engine,
                version: None,
            })
            .await
        {
            found.push((
                engine,
                format!("{} at {}", binary.version, binary.path.display()),
            ));
        }
    }
    found
}
