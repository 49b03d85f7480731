//! The embedded worker: the same worker as any other, as a child process of the server. It speaks
//! the worker protocol over a unix socket and shares no memory with the server.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context as _;
use gantry_core::engine::Engine;
use gantry_core::protocol::WireSecret;
use gantry_worker::config::{
    Downloads, FilesystemMirror, NetworkMirror, Providers, Proxy, Server, Users, WorkerConfig,
};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStdin, Command};

use crate::config::{Config, Log};
use crate::logging;

/// User IDs set aside for children: more than any machine has slots.
const USERS: u32 = 1_000;

/// Bytes of a worker's reason for not working.
const LONGEST_REASON: u64 = 8 << 10;

/// The hidden subcommand: reads its configuration from standard input and works until that ends.
pub async fn main(log: &Log) -> anyhow::Result<()> {
    logging::start(log)?;
    let config = gantry_worker::read_config()?;
    let worked = gantry_worker::run(config).await;
    if let Err(error) = &worked {
        // For the server, which tells those whose runs wait.
        println!("{error}");
    }
    Ok(worked?)
}

/// A running embedded worker. Its standard input is the line it hangs on: when we die, however we
/// die, the line ends, and the worker ends its children in order and goes.
pub struct EmbeddedWorker {
    child: Child,
    // Kept apart from the child, since waiting for a child closes the input that it holds.
    line: ChildStdin,
}

impl EmbeddedWorker {
    pub async fn start(config: &WorkerConfig, log: &Log) -> anyhow::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("embedded-worker")
            .env_clear()
            .env("GANTRY_LOG_LEVEL", &log.level)
            .env("GANTRY_LOG_FORMAT", &log.format)
            .envs(gantry_fault::variable())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("the embedded worker can't be started")?;
        let mut line = child
            .stdin
            .take()
            .context("the embedded worker has no standard input")?;
        let mut text = serde_json::to_vec(config)?;
        text.push(b'\n');
        line.write_all(&text)
            .await
            .context("the embedded worker went away at its start")?;
        line.flush().await?;
        Ok(EmbeddedWorker { child, line })
    }

    /// Returns when the worker has gone, which it does by itself only when it can't work: with the
    /// reason it gave, or else with how it ended.
    pub async fn ended(&mut self) -> String {
        let mut said = String::new();
        if let Some(output) = &mut self.child.stdout {
            let _ = output.take(LONGEST_REASON).read_to_string(&mut said).await;
        }
        match (said.trim(), self.child.wait().await) {
            ("", Ok(status)) => format!("it ended with {status}"),
            ("", Err(error)) => format!("it can't be watched: {error}"),
            (reason, _) => reason.to_owned(),
        }
    }

    /// Lets the worker end its children in order, and waits for it.
    pub async fn stop(mut self, patience: Duration) {
        drop(self.line);
        if tokio::time::timeout(patience, self.child.wait())
            .await
            .is_err()
        {
            tracing::warn!("the embedded worker did not end in time and is killed");
            let _ = self.child.kill().await;
        }
    }
}

/// The worker that a server with this configuration starts.
pub fn own_config(config: &Config, socket: PathBuf, token: &str) -> WorkerConfig {
    let server = Server::Socket {
        path: socket,
        token: WireSecret::new(token),
    };
    worker_config(config, config.below_data("worker"), server)
}

/// What a worker needs to know, out of the configuration.
pub fn worker_config(config: &Config, data_dir: PathBuf, server: Server) -> WorkerConfig {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let secret = |value: &SecretString| {
        let value = value.expose_secret();
        (!value.is_empty()).then(|| WireSecret::new(value))
    };
    WorkerConfig {
        data_dir,
        server,
        slots: Some(config.worker.slots),
        versions_dir: some(&config.worker.tools_dir).map(PathBuf::from),
        path: std::env::var_os("PATH")
            .map(|path| {
                std::env::split_paths(&path)
                    .filter(|dir| dir.is_absolute())
                    .collect()
            })
            .unwrap_or_default(),
        extra_tools: config.worker.extra_tools.clone(),
        providers: providers(&config.worker.provider_mirrors),
        downloads: Downloads {
            terraform: config.worker.mirror(Engine::Terraform),
            opentofu: config.worker.mirror(Engine::OpenTofu),
            keys: some(&config.worker.tools_keys).map(PathBuf::from),
        },
        provider_cache: u64::from(config.worker.provider_cache) << 20,
        proxy: Proxy {
            http: secret(&config.child.http_proxy),
            https: secret(&config.child.https_proxy),
            none: some(&config.child.no_proxy),
        },
        sts_endpoint: some(&config.aws.sts_endpoint),
        ca_bundle: some(&config.child.ca_bundle).map(PathBuf::from),
        local_repositories: config.source.local_roots.clone(),
        insecure_no_sandbox: config.worker.insecure_no_sandbox,
        users: Users {
            first: config.worker.uid_base,
            count: USERS,
        },
        cgroup: config.worker.cgroup.clone(),
    }
}

/// Mirrors replace the registries, unless the list names `direct` too.
fn providers(mirrors: &[String]) -> Providers {
    let mut providers = Providers {
        filesystem_mirrors: vec![],
        network_mirrors: vec![],
        direct: mirrors.is_empty(),
    };
    for mirror in mirrors {
        match mirror.as_str() {
            "direct" => providers.direct = true,
            url if url.starts_with("https://") => providers.network_mirrors.push(NetworkMirror {
                url: url.to_owned(),
                include: vec![],
                exclude: vec![],
            }),
            path => providers.filesystem_mirrors.push(FilesystemMirror {
                path: PathBuf::from(path),
                include: vec![],
                exclude: vec![],
            }),
        }
    }
    providers
}
