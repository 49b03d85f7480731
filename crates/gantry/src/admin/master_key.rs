//! `gantry admin rotate-master-key`: another master key, or another data key, while servers run.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use gantry_app::master_key::{Progress, rewrap};
use gantry_app::{Clock, Keyring, MasterKey, MasterKeyFile, MasterKeySource, keyring};
use gantry_store::{Dialect, Store};

use crate::config::Config;
use crate::installation;

#[derive(clap::Args)]
pub struct RotateMasterKey {
    /// Only put the new key in front of the present one in the key file: copy the file to the other
    /// servers then, and call this again without the flag.
    #[arg(long)]
    prepare: bool,
    /// File with the new key, base64 of 32 bytes. Without it one is made.
    #[arg(long, value_name = "FILE")]
    new_key_file: Option<PathBuf>,
    /// Make another data key instead: what is sealed from now on is sealed with it.
    #[arg(long, conflicts_with_all = ["prepare", "new_key_file"])]
    data_keys: bool,
}

/// Answers with what was done, in sentences.
pub async fn rotate(
    config: &Config,
    store: &Store,
    wanted: RotateMasterKey,
) -> anyhow::Result<Vec<String>> {
    // Of two that rotate at once the second must see what the first has written.
    let _lock = installation::lock_master_key(config)?;
    let source = installation::master_key(config, store).await?;
    match wanted.data_keys {
        true => data_key(config, store, &source).await,
        false => master_key(store, &source, &wanted).await,
    }
}

async fn data_key(
    config: &Config,
    store: &Store,
    source: &MasterKeySource,
) -> anyhow::Result<Vec<String>> {
    let now = Clock::system().now();
    Keyring::open(store, source, now).await?;
    let id = keyring::add_data_key(store, source, now).await?;
    let mut said = vec![format!(
        "Data key {id} was made. What was sealed with the others stays as it is, and they stay."
    )];
    said.push(match installation::tell_server(config)? {
        Some(pid) => format!("The server of this data directory (process {pid}) was told."),
        None => "No server runs on this data directory.".to_owned(),
    });
    if store.dialect() == Dialect::Postgres {
        said.push(
            "Other servers take it at SIGHUP, at their next start, or when they meet a value \
                   that is sealed with it."
                .to_owned(),
        );
    }
    Ok(said)
}

async fn master_key(
    store: &Store,
    source: &MasterKeySource,
    wanted: &RotateMasterKey,
) -> anyhow::Result<Vec<String>> {
    // What was once derived from the master key must be kept before that key goes.
    Keyring::open(store, source, Clock::system().now()).await?;
    let mut progress = Progress::of(store, source).await?;
    let given = wanted.new_key_file.as_deref().map(read_key).transpose()?;
    if progress == Progress::Settled {
        let MasterKeySource::File(path) = source else {
            bail!(
                "the master key is given by the setting `master_key`: put the new one in front of \
                 it, as GANTRY_MASTER_KEY=<new>,<present>, first where the servers get it, then here, \
                 and call this again. `head -c 32 /dev/urandom | base64` makes a key"
            );
        };
        let new = given.clone().unwrap_or_else(MasterKey::generate);
        step(MasterKeyFile::new(path).prepare(new))?;
        if wanted.prepare {
            return Ok(vec![format!(
                "{} has the new master key in front of the present one. Copy the file to every other \
                 server of this database, then call this again without --prepare.",
                path.display()
            )]);
        }
        // The key that was given may have been the present one.
        progress = Progress::of(store, source).await?;
    }
    let first = step(source.read())?.first().name();
    if let Some(other) = given.filter(|key| key.name() != first) {
        bail!(
            "--new-key-file holds the key `{}`, but a change to the key `{first}` has begun: call this \
             without --new-key-file to bring it to its end",
            other.name()
        );
    }
    if progress == Progress::Settled {
        return Ok(vec![format!("The master key is `{first}` already.")]);
    }
    let mut said = Vec::new();
    if progress == Progress::ToRewrap {
        if wanted.prepare {
            return Ok(vec![format!(
                "The change to the master key `{first}` is prepared already."
            )]);
        }
        let done = rewrap(store, source, Clock::system().now()).await?;
        let (count, to) = (done.data_keys, done.to);
        said.push(format!(
            "{count} data keys are wrapped by the master key `{to}` now."
        ));
    }
    match source {
        MasterKeySource::File(path) => {
            step(MasterKeyFile::new(path).finish())?;
            said.push(format!(
                "{} holds that key alone. Back it up; the backups that were made before need the old \
                 one.",
                path.display()
            ));
            if store.dialect() == Dialect::Postgres {
                said.push("Every other server of this database needs the same file before it starts \
                           again."
                    .to_owned());
            }
        }
        MasterKeySource::Given(_) => said.push(
            "Leave the old key out of the setting `master_key` from now on; backups that were made \
             before need it."
                .to_owned(),
        ),
    }
    Ok(said)
}

fn read_key(path: &Path) -> anyhow::Result<MasterKey> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("--new-key-file {} can't be read", path.display()))?;
    MasterKey::parse(&text)
        .map_err(|error| anyhow::anyhow!("--new-key-file {}: {error}", path.display()))
}

fn step<T>(result: Result<T, String>) -> anyhow::Result<T> {
    result.map_err(|error| anyhow::anyhow!(error))
}
