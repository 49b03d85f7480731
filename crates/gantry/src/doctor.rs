//! `gantry doctor`: a sentence for each thing that is wrong with an installation, and one for each
//! that is well. Changes nothing.

mod git;

use std::time::Duration;

use gantry_app::MasterKeySource;
use gantry_app::master_key::Progress;
use gantry_core::credentials::cloud::Cloud;
use gantry_core::engine::Engine;
use gantry_store::Store;
use gantry_worker::config::WorkerConfig;

use crate::config::Config;
use crate::{embedded_worker, installation, worker};

/// How long any one thing may take to answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// What was found of one thing.
pub(crate) struct Finding {
    pub healthy: bool,
    pub sentence: String,
}

impl Finding {
    pub fn well(sentence: impl Into<String>) -> Self {
        Finding {
            healthy: true,
            sentence: sentence.into(),
        }
    }

    pub fn wrong(sentence: impl Into<String>) -> Self {
        Finding {
            healthy: false,
            sentence: sentence.into(),
        }
    }
}

/// Answers whether everything is well.
pub async fn main(config: Config) -> bool {
    let mut healthy = true;
    // A configuration that could not be read ends the program before this line.
    let mut say = |thing: &str, finding: Finding| {
        healthy &= finding.healthy;
        let mark = if finding.healthy { "ok   " } else { "WRONG" };
        println!("{mark} {thing}: {}", finding.sentence);
    };
    say("configuration", settings(&config));
    say("database", database(&config).await);
    say("git", git::check().await);
    let worker = embedded_worker::own_config(&config, config.below_data("gateway.sock"), "");
    for (thing, finding) in worker_health(worker).await {
        say(thing, finding);
    }
    say("STS identity", identity(&config).await);
    healthy
}

/// The same for a worker of its own.
pub async fn of_worker(config: Config) -> bool {
    let mut healthy = true;
    let mut say = |thing: &str, finding: Finding| {
        healthy &= finding.healthy;
        let mark = if finding.healthy { "ok   " } else { "WRONG" };
        println!("{mark} {thing}: {}", finding.sentence);
    };
    say("git", git::check().await);
    match worker::worker_config(&config) {
        Ok(worker) => {
            say(
                "server",
                finding(gantry_worker::health::server(&worker).await),
            );
            for (thing, finding) in worker_health(worker).await {
                say(thing, finding);
            }
        }
        Err(error) => say("configuration", Finding::wrong(format!("{error:#}"))),
    }
    say("STS identity", identity(&config).await);
    healthy
}

fn settings(config: &Config) -> Finding {
    let parts = installation::settings(config)
        .map(drop)
        .and_then(|()| installation::objects(config).map(drop));
    match parts {
        Ok(()) => Finding::well(format!("clients reach us at {}", config.server.public_url)),
        Err(error) => Finding::wrong(format!("{error:#}")),
    }
}

async fn database(config: &Config) -> Finding {
    let file = config.below_data("gantry.sqlite");
    if let gantry_store::Connect::Sqlite(_) = installation::connect(config)
        && !file.exists()
    {
        return Finding::well(format!(
            "none yet; the first start makes {}",
            file.display()
        ));
    }
    let opened = tokio::time::timeout(PATIENCE, Store::open(&installation::connect(config))).await;
    let store = match opened {
        Ok(Ok(store)) => store,
        Ok(Err(error)) => return Finding::wrong(error.to_string()),
        Err(_) => return Finding::wrong(format!("no answer within {} s", PATIENCE.as_secs())),
    };
    let finding = match installation::master_key(config, &store).await {
        Err(error) => Finding::wrong(format!("{error:#}")),
        Ok(source) => master_key(&store, &source).await,
    };
    store.close().await;
    finding
}

async fn master_key(store: &Store, source: &MasterKeySource) -> Finding {
    let database = store.dialect().as_str();
    let names = match source.read() {
        Ok(keys) => keys.names(),
        Err(error) => return Finding::wrong(error),
    };
    let name = &names[0];
    let from = source.describe();
    match Progress::of(store, source).await {
        Err(error) => Finding::wrong(error.to_string()),
        Ok(Progress::Settled) => Finding::well(format!(
            "{database}, and the master key `{name}` of {from} fits it; a backup is worth nothing \
             without that key, and whoever loses it loses every secret, plan and state"
        )),
        Ok(Progress::ToRewrap) => Finding::well(format!(
            "{database}, and a change to the master key `{name}` has begun: `gantry admin \
             rotate-master-key` goes on with it"
        )),
        Ok(Progress::ToFinish) => Finding::well(format!(
            "{database}, and the master key `{name}` of {from} fits it; the other key there is not \
             needed any more: `gantry admin rotate-master-key` takes it out of the file"
        )),
    }
}

async fn worker_health(worker: WorkerConfig) -> Vec<(&'static str, Finding)> {
    let health = gantry_worker::health::check(worker).await;
    let mut findings = tools(health.tools, health.mirrors);
    findings.push(("sandbox", finding(health.sandbox)));
    findings.push(("cloud metadata", finding(health.metadata)));
    findings
}

/// What is installed, and what would be downloaded. Without a tool and without anybody to download
/// it from no run can start.
fn tools(
    installed: Vec<(Engine, String)>,
    mirrors: Vec<(Engine, Result<String, String>)>,
) -> Vec<(&'static str, Finding)> {
    let nothing = installed.is_empty() && !mirrors.iter().any(|(_, said)| said.is_ok());
    let mut findings: Vec<_> = installed
        .into_iter()
        .map(|(engine, sentence)| (engine.as_str(), Finding::well(sentence)))
        .collect();
    for (engine, said) in mirrors {
        let thing = match engine {
            Engine::Terraform => "terraform downloads",
            Engine::OpenTofu => "opentofu downloads",
        };
        let finding = match said {
            Ok(sentence) => Finding::well(sentence),
            Err(sentence) if nothing => Finding::wrong(sentence),
            Err(sentence) => Finding::well(format!(
                "none now, so runs have what is installed or was downloaded before: {sentence}"
            )),
        };
        findings.push((thing, finding));
    }
    if nothing {
        let sentence = "there is neither terraform nor tofu on PATH or in worker.tools_dir, and \
                        none can be downloaded: put one on PATH, or name a mirror in \
                        worker.tools_mirror_terraform";
        findings.push(("terraform", Finding::wrong(sentence)));
    }
    findings
}

fn finding(sentence: Result<String, String>) -> Finding {
    sentence.map_or_else(Finding::wrong, Finding::well)
}

async fn identity(config: &Config) -> Finding {
    let clouds = installation::clouds(config);
    let Some(aws) = clouds.get(Cloud::Aws) else {
        return Finding::well("no cloud is configured");
    };
    match tokio::time::timeout(PATIENCE, aws.identity()).await {
        Ok(Ok(identity)) => Finding::well(format!("roles are assumed as {}", identity.arn)),
        Ok(Err(error)) => Finding::wrong(error.to_string()),
        Err(_) => Finding::wrong(format!("no answer within {} s", PATIENCE.as_secs())),
    }
}
