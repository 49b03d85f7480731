use std::future::Future;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{Config, Overrides};
use crate::{admin, config, doctor, embedded_worker, server};

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
    /// Print the GraphQL schema.
    Schema,
    /// Say what is wrong with this installation, a sentence for each thing.
    Doctor,
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
        Command::Doctor => {
            let config = cli.settings.load()?;
            let healthy = block_on(2, doctor::main(config))?;
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
        let mut values: Vec<(String, String)> = Vec::new();
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
            file: self.config,
            flags: values,
            env: std::env::vars().collect(),
        })
    }
}
