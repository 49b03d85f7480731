//! An installation comes back from a backup. Everything that can be wrong is looked at before anything
//! is written: the backup's every file, the target, the key. Until the last step nobody can open what
//! is there, so that no run is taken up again by a server that starts too early.

mod epoch;

use std::fs;
use std::path::{Path, PathBuf};

use futures::StreamExt as _;
use gantry_store::{Connect, Store, migrate, restore};

pub use epoch::NewEpoch;

use crate::backup::{Archive, Manifest, OBJECTS, Programs, database_file, object_file};
use crate::{App, MasterKeySource, MasterKeys, Objects, OpError};

/// Where everything goes.
pub struct Target<'a> {
    pub connect: &'a Connect,
    pub objects: &'a Objects,
    pub programs: &'a Programs,
    pub master: &'a MasterKeySource,
}

/// A backup that fits the target.
pub struct Restore<'a> {
    target: Target<'a>,
    archive: Archive,
    pub manifest: Manifest,
}

impl<'a> Restore<'a> {
    /// Looks at everything, changes nothing.
    pub async fn check(folder: &Path, target: Target<'a>) -> Result<Self, OpError> {
        let (archive, manifest) = Archive::open(folder)?;
        if manifest.schema > migrate::known() {
            return Err(OpError::invalid(format!(
                "the backup was made by a newer gantry ({}, schema {}; this one knows {}): restore it \
                 with that version",
                manifest.gantry,
                manifest.schema,
                migrate::known()
            )));
        }
        let database = match target.connect {
            Connect::Sqlite(_) => "sqlite",
            Connect::Postgres(_) => "postgres",
        };
        if manifest.database != database {
            return Err(OpError::invalid(format!(
                "the backup is of an installation on {}, and this one is configured for {database}: a \
                 backup does not change the kind of database",
                manifest.database
            )));
        }
        archive.verify()?;
        target_is_empty(&target).await?;
        let restore = Restore {
            target,
            archive,
            manifest,
        };
        restore.key()?;
        Ok(restore)
    }

    /// The key that opens the backup: the one that is there, or the backup's own.
    fn key(&self) -> Result<Option<MasterKeys>, OpError> {
        let needed = &self.manifest.master_keys;
        let missing_file = match self.target.master {
            MasterKeySource::File(path) => !path.exists(),
            MasterKeySource::Given(_) => false,
        };
        if missing_file && self.manifest.has_master_key {
            let path = self.archive.path(crate::backup::MASTER_KEY);
            return MasterKeySource::File(path)
                .read()
                .map(Some)
                .map_err(OpError::invalid);
        }
        let from = self.target.master.describe();
        if missing_file {
            return Err(OpError::invalid(format!(
                "the backup has no master key in it, and {from} is missing: put the key `{}` there \
                 first. Without it nothing that is sealed in the backup can be opened",
                needed.join("`, `")
            )));
        }
        let keys = self.target.master.read().map_err(OpError::invalid)?;
        match needed.iter().find(|name| keys.named(name).is_none()) {
            None => Ok(None),
            Some(name) => Err(OpError::invalid(format!(
                "the backup needs the master key `{name}`, and {from} holds `{}`: give the one that \
                 the installation had when the backup was made",
                keys.names().join("`, `")
            ))),
        }
    }

    /// Copies everything. `open` makes the operations on the database that it is given; they end
    /// what the backup has at work.
    pub async fn run<F>(&self, open: impl FnOnce(Store) -> F) -> Result<NewEpoch, OpError>
    where
        F: Future<Output = Result<std::sync::Arc<App>, OpError>>,
    {
        if let (Some(keys), MasterKeySource::File(path)) = (self.key()?, self.target.master) {
            crate::MasterKeyFile::new(path)
                .write_new(&keys)
                .map_err(OpError::invalid)?;
        }
        let prefix = format!("{OBJECTS}/");
        for name in self.archive.names() {
            if let Some(object) = name.strip_prefix(&prefix) {
                let path = self.archive.path(&object_file(object));
                let bytes = fs::read(&path).map_err(|error| failed(&path, &error))?;
                self.target.objects.put(object, bytes).await?;
            }
        }
        match self.target.connect {
            Connect::Sqlite(path) => self.sqlite(path, open).await,
            Connect::Postgres(_) => self.postgres(open).await,
        }
    }

    /// The file gets its name when everything is done.
    async fn sqlite<F>(
        &self,
        path: &Path,
        open: impl FnOnce(Store) -> F,
    ) -> Result<NewEpoch, OpError>
    where
        F: Future<Output = Result<std::sync::Arc<App>, OpError>>,
    {
        let beside = beside(path, ".restoring");
        let from = self
            .archive
            .path(database_file(gantry_store::Dialect::Sqlite));
        for old in [beside.clone(), log_of(&beside), index_of(&beside)] {
            match fs::remove_file(&old) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(failed(&old, &error));
                }
                _ => {}
            }
        }
        fs::copy(&from, &beside).map_err(|error| failed(&beside, &error))?;
        let begun = self.begin(&Connect::Sqlite(beside.clone()), open).await?;
        Store::settle(&beside).await?;
        let left = fs::metadata(log_of(&beside)).map_or(0, |log| log.len());
        if left > 0 {
            return Err(OpError::internal(
                "close the restored database",
                format!("{left} bytes are still in its log"),
            ));
        }
        fs::File::open(&beside)
            .and_then(|file| file.sync_all())
            .and_then(|()| fs::rename(&beside, path))
            .and_then(|()| match path.parent() {
                Some(folder) => fs::File::open(folder)?.sync_all(),
                None => Ok(()),
            })
            .map_err(|error| failed(path, &error))?;
        Ok(begun)
    }

    /// A mark in the database keeps everybody out until the last transaction takes it away.
    async fn postgres<F>(&self, open: impl FnOnce(Store) -> F) -> Result<NewEpoch, OpError>
    where
        F: Future<Output = Result<std::sync::Arc<App>, OpError>>,
    {
        let store = Store::open_as_is(self.target.connect).await?;
        let marked = restore::begin(&store).await;
        store.close().await;
        marked?;
        let from = self
            .archive
            .path(database_file(gantry_store::Dialect::Postgres));
        let from = from.display().to_string();
        let arguments = [
            "--no-owner",
            "--no-privileges",
            "--exit-on-error",
            "--single-transaction",
            from.as_str(),
        ];
        self.target
            .programs
            .run("pg_restore", self.target.connect, arguments)
            .await?;
        self.begin(self.target.connect, open).await
    }

    async fn begin<F>(
        &self,
        connect: &Connect,
        open: impl FnOnce(Store) -> F,
    ) -> Result<NewEpoch, OpError>
    where
        F: Future<Output = Result<std::sync::Arc<App>, OpError>>,
    {
        let store = Store::open_as_is(connect).await?;
        store.migrate().await?;
        let app = open(store).await?;
        let begun = app
            .begin_epoch(self.target.master, self.manifest.taken_at)
            .await;
        app.close().await;
        begun
    }
}

async fn target_is_empty(target: &Target<'_>) -> Result<(), OpError> {
    let tables = match target.connect {
        // A server makes the empty file before it opens it.
        Connect::Sqlite(path) if fs::metadata(path).map_or(0, |file| file.len()) == 0 => vec![],
        connect => {
            let store = Store::open_as_is(connect).await?;
            let tables = restore::tables(&store).await;
            store.close().await;
            tables?
        }
    };
    if !tables.is_empty() {
        let place = match target.connect {
            Connect::Sqlite(path) => path.display().to_string(),
            Connect::Postgres(_) => "the database of `database_url`".to_owned(),
        };
        return Err(OpError::conflict(format!(
            "{place} is not empty (it has the table `{}`): restore into a new one",
            tables[0]
        )));
    }
    match target.objects.list().next().await {
        None => Ok(()),
        Some(Err(error)) => Err(error),
        Some(Ok((name, _))) => Err(OpError::conflict(format!(
            "the object storage is not empty (it has `{name}`): restore into a new place"
        ))),
    }
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(end);
    path.with_file_name(name)
}

fn log_of(path: &Path) -> PathBuf {
    beside(path, "-wal")
}

fn index_of(path: &Path) -> PathBuf {
    beside(path, "-shm")
}

fn failed(path: &Path, error: &std::io::Error) -> OpError {
    OpError::invalid(format!("{}: {error}", path.display()))
}
