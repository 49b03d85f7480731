//! `gantry worker`: the same worker as the embedded one, as a process of its own, on this machine or
//! another. It needs none of the server's settings: where the server is and by whom it is known comes
//! with what it joins by.

use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use anyhow::{Context as _, bail};
use gantry_core::protocol::{PoolJoin, TokenJoin, WireSecret};
use gantry_worker::config::{Identity, Server, WorkerConfig};
use secrecy::{ExposeSecret as _, SecretString};

use crate::config::Config;
use crate::{embedded_worker, logging};

/// Works until a signal comes, or the server takes nothing from it any more.
pub async fn main(config: Config) -> anyhow::Result<()> {
    logging::start(&config.log)?;
    let worker = worker_config(&config)?;
    let dir = &worker.data_dir;
    if dir.join("server.lock").exists() {
        bail!(
            "data_dir {}: that is the directory of a server; give the worker one of its own",
            dir.display()
        );
    }
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .with_context(|| format!("the data directory {} can't be made", dir.display()))?;
    Ok(gantry_worker::run_elsewhere(worker).await?)
}

/// Everything that the worker needs to know.
pub fn worker_config(config: &Config) -> anyhow::Result<WorkerConfig> {
    let server = server(config)?;
    Ok(embedded_worker::worker_config(
        config,
        config.data_dir.clone(),
        server,
    ))
}

/// Where the server is, and who the worker is to it.
fn server(config: &Config) -> anyhow::Result<Server> {
    let worker = &config.worker;
    let given = [
        ("worker.join", !worker.join.expose_secret().is_empty()),
        ("worker.join_file", !worker.join_file.is_empty()),
        (
            "worker.pool_config_file",
            !worker.pool_config_file.is_empty(),
        ),
    ];
    let given: Vec<&str> = given
        .into_iter()
        .filter_map(|(key, given)| given.then_some(key))
        .collect();
    match given[..] {
        ["worker.join"] => by_token(&worker.join).context("worker.join"),
        ["worker.join_file"] => {
            let text = SecretString::from(read(&worker.join_file).context("worker.join_file")?);
            by_token(&text).with_context(|| format!("worker.join_file {}", worker.join_file))
        }
        ["worker.pool_config_file"] => by_pool(config),
        [] => bail!(
            "a worker needs something to join by: give --join-file (or GANTRY_WORKER_JOIN) with what \
             `gantry admin worker-token` printed, or --pool-config and --pool-private-key"
        ),
        _ => bail!(
            "a worker joins in one way: {} are set, leave one",
            given.join(" and ")
        ),
    }
}

fn by_token(text: &SecretString) -> anyhow::Result<Server> {
    let join = TokenJoin::decode(text.expose_secret())?;
    Ok(Server::Elsewhere {
        url: join.url,
        authority: join.authority,
        identity: Identity::Token {
            id: join.token,
            secret: join.secret,
        },
    })
}

fn by_pool(config: &Config) -> anyhow::Result<Server> {
    let (path, key) = (
        &config.worker.pool_config_file,
        &config.worker.pool_private_key_file,
    );
    if key.is_empty() {
        bail!(
            "a pool's worker needs the private key, too, that the pool's certificate was requested \
             with: give --pool-private-key"
        );
    }
    let text = read(path).context("worker.pool_config_file")?;
    let join =
        PoolJoin::decode(&text).with_context(|| format!("worker.pool_config_file {path}"))?;
    Ok(Server::Elsewhere {
        url: join.url,
        authority: join.authority,
        identity: Identity::Pool {
            certificate: join.certificate,
            private_key: WireSecret::new(read(key).context("worker.pool_private_key_file")?),
        },
    })
}

fn read(path: &str) -> anyhow::Result<String> {
    std::fs::read_to_string(Path::new(path)).with_context(|| format!("{path} can't be read"))
}
