//! A copy of an installation while it runs: the database as it is at one moment, every object that it
//! names then, and the name of the master key that opens both.
//!
//! Objects are written before the rows that name them, and removed after. So they are copied, then the
//! database, then those that came or changed meanwhile. One that was made and removed in between may
//! be missing: then the database is copied once more.

mod archive;
mod database;
mod manifest;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use futures::StreamExt as _;
use gantry_store::{Connect, Store, account, data_key, migrate};

pub use archive::Archive;
pub use database::Programs;
pub(crate) use database::file as database_file;
pub use manifest::{FORMAT, File, Manifest};

use crate::objects::ObjectVersion;
use crate::{MasterKeySource, Objects, OpError};

pub(crate) const OBJECTS: &str = "objects";
pub(crate) const MASTER_KEY: &str = "master.key";

/// How often the database is copied until every object that it names was there.
const ATTEMPTS: usize = 5;

/// What is copied, and how.
pub struct Wanted<'a> {
    pub connect: &'a Connect,
    pub objects: &'a Objects,
    pub programs: &'a Programs,
    /// Puts the master key into the backup too.
    pub with_key: Option<&'a MasterKeySource>,
    /// Makes a backup of an installation that has lost objects.
    pub incomplete: bool,
    pub version: &'a str,
}

/// Makes the backup in `folder`, which is new or empty. It is one as soon as its manifest is there.
pub async fn make(wanted: &Wanted<'_>, folder: &Path, now: i64) -> Result<Manifest, OpError> {
    let mut archive = Archive::create(folder)?;
    let store = Store::open_as_is(wanted.connect).await?;
    let made = fill(wanted, &store, &mut archive, now).await;
    store.close().await;
    let manifest = made?;
    archive.finish(&manifest)?;
    Ok(manifest)
}

async fn fill(
    wanted: &Wanted<'_>,
    store: &Store,
    archive: &mut Archive,
    now: i64,
) -> Result<Manifest, OpError> {
    let mut manifest = describe(wanted, store, now).await?;
    let mut copied = Copied::default();
    copied.catch_up(wanted.objects, archive).await?;
    for attempt in 1.. {
        let names = database::copy(wanted, store, archive).await?;
        copied.catch_up(wanted.objects, archive).await?;
        let missing: Vec<String> = names
            .into_iter()
            .filter(|name| !copied.versions.contains_key(name))
            .collect();
        match missing.first() {
            None => break,
            Some(_) if attempt < ATTEMPTS => continue,
            Some(first) if !wanted.incomplete => {
                return Err(OpError::conflict(format!(
                    "{} objects that the database names are not in the object storage, such as \
                     `{first}`: they are lost, or `objects` names another place than the server's. \
                     With --incomplete the backup is made without them",
                    missing.len()
                )));
            }
            Some(_) => {
                manifest.missing = missing;
                break;
            }
        }
    }
    if let Some(source) = wanted.with_key {
        let keys = source.read().map_err(OpError::invalid)?;
        archive.put(MASTER_KEY, keys.to_text().as_bytes())?;
    }
    Ok(manifest)
}

async fn describe(wanted: &Wanted<'_>, store: &Store, now: i64) -> Result<Manifest, OpError> {
    let schema = migrate::newest(store.reader()).await?;
    if schema != migrate::known() {
        return Err(OpError::conflict(format!(
            "the database has the schema {schema}, and this gantry knows {}: make the backup with \
             the version that serves it",
            migrate::known()
        )));
    }
    let Some(account) = account::subdomain(store.reader()).await? else {
        return Err(OpError::conflict(
            "the database has no account yet: there is nothing to back up",
        ));
    };
    let keys = data_key::list(store.reader()).await?;
    let mut master_keys: Vec<String> = keys.into_iter().filter_map(|key| key.master).collect();
    master_keys.sort();
    master_keys.dedup();
    Ok(Manifest {
        format: FORMAT,
        gantry: wanted.version.to_owned(),
        account,
        database: store.dialect().as_str().to_owned(),
        schema,
        epoch: account::epoch(store.reader()).await?,
        taken_at: now,
        master_keys,
        has_master_key: wanted.with_key.is_some(),
        missing: vec![],
        files: BTreeMap::new(),
    })
}

/// Which objects the archive has, as they were when they were copied.
#[derive(Default)]
struct Copied {
    versions: HashMap<String, ObjectVersion>,
}

impl Copied {
    /// Copies what is new, and what is another than before.
    async fn catch_up(&mut self, objects: &Objects, archive: &mut Archive) -> Result<(), OpError> {
        let mut listed = objects.list();
        while let Some(object) = listed.next().await {
            let (name, version) = object?;
            if self.versions.get(&name) == Some(&version) {
                continue;
            }
            // It may be gone since it was listed.
            if let Some(bytes) = objects.get(&name).await? {
                archive.put(&object_file(&name), &bytes)?;
                self.versions.insert(name, version);
            }
        }
        Ok(())
    }
}

pub(crate) fn object_file(name: &str) -> String {
    format!("{OBJECTS}/{name}")
}

/// Where a backup is unpacked, or made before it is packed.
pub fn unpacked(file: &Path) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".unpacked");
    file.with_file_name(name)
}
