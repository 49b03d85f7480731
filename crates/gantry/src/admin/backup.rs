//! `gantry admin backup` and `gantry admin restore`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Subcommand;
use gantry_app::backup::{self, Manifest, Programs, Wanted};
use gantry_app::restore::{Restore, Target};
use gantry_app::{App, Clock, MasterKeySource, Objects};
use gantry_store::Store;

use crate::config::Config;
use crate::installation;

/// Of the installation as a whole: they open the database in their own way.
#[derive(Subcommand)]
pub enum BackupCommand {
    /// Copy the installation while it runs.
    Backup(Backup),
    /// Bring an installation back from a backup, into an empty place and another epoch.
    Restore(RestoreFrom),
}

pub async fn main(config: &Config, command: BackupCommand) -> anyhow::Result<()> {
    match command {
        BackupCommand::Backup(flags) => make(config, flags).await,
        BackupCommand::Restore(flags) => restore(config, flags).await,
    }
}

#[derive(clap::Args)]
pub struct Backup {
    /// A new folder, or a new file whose name ends in `.tar`.
    #[arg(long, value_name = "FOLDER|FILE.tar")]
    to: PathBuf,
    /// Put the master key into the backup. Whoever has the backup then has every secret in it.
    #[arg(long)]
    with_master_key: bool,
    /// Make it although objects that the database names are lost.
    #[arg(long)]
    incomplete: bool,
    /// Folder with pg_dump. Without it PATH is searched.
    #[arg(long, value_name = "FOLDER")]
    pg_programs: Option<PathBuf>,
}

#[derive(clap::Args)]
pub struct RestoreFrom {
    /// What `gantry admin backup` has made.
    #[arg(long, value_name = "FOLDER|FILE.tar")]
    from: PathBuf,
    /// Folder with pg_restore. Without it PATH is searched.
    #[arg(long, value_name = "FOLDER")]
    pg_programs: Option<PathBuf>,
}

async fn make(config: &Config, flags: Backup) -> anyhow::Result<()> {
    let packed = is_packed(&flags.to);
    if packed && flags.to.exists() {
        bail!("--to {}: there is such a file already", flags.to.display());
    }
    let folder = match packed {
        true => backup::unpacked(&flags.to),
        false => flags.to.clone(),
    };
    let source = installation::master_key_source(config)?;
    let wanted = Wanted {
        connect: &installation::connect(config),
        objects: &Objects::open(&installation::objects(config)?)?,
        programs: &Programs {
            folder: flags.pg_programs,
        },
        with_key: flags.with_master_key.then_some(&source),
        incomplete: flags.incomplete,
        version: env!("CARGO_PKG_VERSION"),
    };
    let manifest = backup::make(&wanted, &folder, Clock::system().now()).await?;
    if packed {
        pack(&folder, &flags.to)?;
    }
    tell(&manifest, &flags.to);
    Ok(())
}

fn tell(manifest: &Manifest, to: &Path) {
    let bytes: u64 = manifest.files.values().map(|file| file.bytes).sum();
    println!(
        "{} has {} files with {} MiB of the account `{}`.",
        to.display(),
        manifest.files.len(),
        bytes >> 20,
        manifest.account
    );
    if !manifest.missing.is_empty() {
        println!(
            "{} objects were lost before and are not in it.",
            manifest.missing.len()
        );
    }
    let keys = manifest.master_keys.join("`, `");
    match manifest.has_master_key {
        true => println!(
            "It opens itself: the master key `{keys}` is in it. Keep it as you keep the key."
        ),
        false => println!(
            "It needs the master key `{keys}`, which is not in it: keep that apart. Without it no \
             secret, plan and state of the backup can be opened."
        ),
    }
}

async fn restore(config: &Config, flags: RestoreFrom) -> anyhow::Result<()> {
    installation::make_folders(config)?;
    let _lock = installation::lock_data_dir(config)?;
    let from = match is_packed(&flags.from) {
        true => unpack(config, &flags.from)?,
        false => flags.from.clone(),
    };
    let source = installation::master_key_source(config)?;
    let connect = installation::connect(config);
    let objects = Objects::open(&installation::objects(config)?)?;
    let programs = Programs {
        folder: flags.pg_programs,
    };
    let target = Target {
        connect: &connect,
        objects: &objects,
        programs: &programs,
        master: &source,
    };
    let restore = Restore::check(&from, target).await?;
    let account = restore.manifest.account.clone();
    if !config.account.is_empty() && config.account != account {
        bail!(
            "the backup is of the account `{account}`, and the setting `account` is `{}`: take the \
             setting out",
            config.account
        );
    }
    let open = |store: Store| async {
        let settings = installation::settings(config)
            .map_err(|error| gantry_app::OpError::invalid(format!("{error:#}")))?;
        let clouds = installation::clouds(config);
        let source: MasterKeySource = source.clone();
        let objects = objects.clone();
        App::open(
            store,
            objects,
            source,
            None,
            settings,
            Clock::system(),
            clouds,
        )
        .await
    };
    let begun = restore.run(open).await?;
    if is_packed(&flags.from) {
        fs::remove_dir_all(&from).with_context(|| format!("{} is left", from.display()))?;
    }
    println!(
        "The account `{account}` is back, and lives the epoch {}.",
        begun.epoch
    );
    println!(
        "{} runs of the backup were ended, and {} stacks are locked because a run was at work there: \
         look at what exists, then unlock them.",
        begun.runs, begun.locked_stacks
    );
    println!("Everybody has to log in again; API keys are as good as before.");
    Ok(())
}

fn is_packed(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "tar")
}

/// The file gets its name when it is complete.
fn pack(folder: &Path, to: &Path) -> anyhow::Result<()> {
    let mut part = to.file_name().unwrap_or_default().to_owned();
    part.push(".part");
    let part = to.with_file_name(part);
    let written = || -> std::io::Result<()> {
        use std::os::unix::fs::OpenOptionsExt as _;
        let file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&part)?;
        let mut tar = tar::Builder::new(file);
        tar.append_dir_all(".", folder)?;
        tar.into_inner()?.sync_all()?;
        fs::rename(&part, to)?;
        fs::remove_dir_all(folder)
    };
    written().with_context(|| format!("{} can't be written", to.display()))
}

fn unpack(config: &Config, from: &Path) -> anyhow::Result<PathBuf> {
    let folder = config.below_data("restore.unpacked");
    let unpacked = || -> std::io::Result<()> {
        match fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => fs::create_dir(&folder)?,
        }
        tar::Archive::new(File::open(from)?).unpack(&folder)
    };
    unpacked().with_context(|| format!("--from {}: can't be unpacked", from.display()))?;
    Ok(folder)
}
