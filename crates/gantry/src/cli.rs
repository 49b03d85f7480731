use std::future::Future;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{Config, Overrides, Program};
use crate::{admin, config, doctor, embedded_worker, server, worker};

/// A self-hosted control plane for infrastructure as code.
#[derive(Parser)]
#[command(name = "gantry", version)]
pub struct Cli {
    #[command(flatten)]
    settings: SettingsFlags,
    #[command(subcommand)]
    command: Command,
}

/// Flags for the settings one names most; `--set` reaches every one.
#[derive(clap::Args)]
struct SettingsFlags {
    /// Configuration file (TOML).
    #[arg(long, global = true, env = "GANTRY_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// The account's subdomain: needed at the first start, fixed for ever.
    #[arg(long, global = true)]
    account: Option<String>,
    /// Address to serve the API on, such as 127.0.0.1:7878.
    #[arg(long, global = true)]
    listen: Option<String>,
    /// Base URL under which clients reach this server.
    #[arg(long, global = true)]
    public_url: Option<String>,
    /// Directory for everything that Gantry keeps.
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<String>,
    /// postgres://… instead of SQLite in the data directory.
    #[arg(long, global = true, value_name = "URL")]
    database_url: Option<String>,
    /// Run children without isolation. For trials only: every run shows it.
    #[arg(long, global = true)]
    insecure_no_sandbox: bool,
    /// Any setting by its key, such as --set worker.slots=4.
    #[arg(long = "set", global = true, value_name = "KEY=VALUE")]
    set: Vec<String>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the API, schedule runs, and work on them.
    Server,
    /// Work on runs of a server elsewhere, as a process of its own.
    Worker(Joining),
    /// Print the GraphQL schema.
    Schema,
    /// Say what is wrong with this installation, a sentence for each thing.
    Doctor {
        /// Look at this machine as a worker of its own: whether it can join, and work on runs.
        #[arg(long)]
        worker: bool,
        #[command(flatten)]
        joining: Joining,
    },
    /// Print the effective configuration, secrets redacted.
    Config {
        /// Print the reference of all settings instead, as Markdown.
        #[arg(long)]
        reference: bool,
    },
    /// What must be possible without the API. Needs access to the data directory.
    #[command(subcommand)]
    Admin(admin::Admin),
    /// Started by the server itself; speaks the worker protocol.
    #[command(hide = true)]
    EmbeddedWorker,
}

/// What a worker joins by.
#[derive(clap::Args)]
struct Joining {
    /// File with what `gantry admin worker-token` printed. Or set GANTRY_WORKER_JOIN to that text.
    #[arg(long, value_name = "FILE")]
    join_file: Option<String>,
    /// File with the `config` of the worker's pool.
    #[arg(long, value_name = "FILE")]
    pool_config: Option<String>,
    /// File with the private key (PEM) that the pool's certificate was requested with.
    #[arg(long, value_name = "FILE")]
    pool_private_key: Option<String>,
}

impl Joining {
    fn settings(self) -> Vec<(String, String)> {
        let named = [
            ("worker.join_file", self.join_file),
            ("worker.pool_config_file", self.pool_config),
            ("worker.pool_private_key_file", self.pool_private_key),
        ];
        named
            .into_iter()
            .filter_map(|(key, value)| Some((key.to_owned(), value?)))
            .collect()
    }
}

pub fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli.command {
        Command::Schema => {
            print!("{}", gantry_api::graphql::sdl());
            Ok(ExitCode::SUCCESS)
        }
        Command::Config { reference: true } => {
            print!("{}", config::reference());
            Ok(ExitCode::SUCCESS)
        }
        Command::Config { reference: false } => {
            print!("{}", cli.settings.load()?.redacted());
            Ok(ExitCode::SUCCESS)
        }
        Command::EmbeddedWorker => {
            let log = cli.settings.load()?.log;
            block_on(2, embedded_worker::main(&log))??;
            Ok(ExitCode::SUCCESS)
        }
        Command::Server => {
            let config = cli.settings.load()?;
            block_on(config.server.threads, server::main(config))??;
            Ok(ExitCode::SUCCESS)
        }
        Command::Worker(joining) => {
            let config = cli.settings.load_worker(joining)?;
            block_on(2, worker::main(config))??;
            Ok(ExitCode::SUCCESS)
        }
        Command::Doctor { worker, joining } => {
            let healthy = match worker {
                true => {
                    let config = cli.settings.load_worker(joining)?;
                    block_on(2, doctor::of_worker(config))?
                }
                false => {
                    let config = cli
                        .settings
                        .load_with(Program::Server, joining.settings())?;
                    block_on(2, doctor::main(config))?
                }
            };
            Ok(if healthy {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            })
        }
        Command::Admin(command) => {
            let config = cli.settings.load()?;
            block_on(2, admin::main(config, command))??;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn block_on<T>(threads: usize, work: impl Future<Output = T>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads.max(1))
        .enable_all()
        .build()?;
    Ok(runtime.block_on(work))
}

impl SettingsFlags {
    fn load(self) -> anyhow::Result<Config> {
        self.load_with(Program::Server, vec![])
    }

    fn load_worker(self, joining: Joining) -> anyhow::Result<Config> {
        self.load_with(Program::Worker, joining.settings())
    }

    fn load_with(
        self,
        program: Program,
        mut values: Vec<(String, String)>,
    ) -> anyhow::Result<Config> {
        let named = [
            ("account", self.account),
            ("server.listen", self.listen),
            ("server.public_url", self.public_url),
            ("data_dir", self.data_dir),
            ("database_url", self.database_url),
        ];
        for (key, value) in named {
            values.extend(value.map(|value| (key.to_owned(), value)));
        }
        if self.insecure_no_sandbox {
            values.push(("worker.insecure_no_sandbox".into(), "true".into()));
        }
        for assignment in self.set {
            let (key, value) = assignment
                .split_once('=')
                .ok_or_else(|| anyhow::anyhow!("--set {assignment}: write KEY=VALUE"))?;
            values.push((key.to_owned(), value.to_owned()));
        }
        Config::load(Overrides {
            program,
            file: self.config,
            flags: values,
            env: std::env::vars().collect(),
        })
    }
}
