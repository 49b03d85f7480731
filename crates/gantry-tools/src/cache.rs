//! Executables that were downloaded once: `<directory>/<engine>/<version>/<binary>`, with its SHA-256
//! beside it.
//!
//! No run can write here, and nothing appears under its name before it is whole: a version is made in
//! a directory of its own and renamed. What an earlier process left is hashed anew before this one
//! uses it. Belongs to one process at a time.

use std::collections::{HashMap, HashSet};
use std::fs::{File, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use gantry_core::engine::Engine;
use gantry_core::tool_version::{ToolRange, ToolVersion};
use sha2::{Digest as _, Sha256};

use crate::{Releases, ToolsError};

/// What a download that was cut off leaves begins with this.
const UNFINISHED: &str = "new-";

/// Holds the hash of the executable beside it.
const SUM: &str = "sha256";

type Key = (Engine, ToolVersion);

pub struct Cache {
    directory: PathBuf,
    releases: Arc<Releases>,
    /// Hashed in this process.
    sound: Mutex<HashSet<Key>>,
    /// Who wants a version that another one fetches waits for that one.
    under_way: Mutex<HashMap<Key, Arc<tokio::sync::Mutex<()>>>>,
}

/// An executable in the cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cached {
    pub version: ToolVersion,
    pub path: PathBuf,
}

impl Cache {
    /// Makes the directory, and removes what was left unfinished.
    pub fn open(directory: PathBuf, releases: Arc<Releases>) -> std::io::Result<Self> {
        std::fs::create_dir_all(&directory)?;
        std::fs::set_permissions(&directory, Permissions::from_mode(0o755))?;
        for entry in std::fs::read_dir(&directory)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
                remove(&entry.path())?;
            }
        }
        Ok(Cache {
            directory,
            releases,
            sound: Mutex::default(),
            under_way: Mutex::default(),
        })
    }

    pub fn directory(&self) -> &Path {
        &self.directory
    }

    pub fn releases(&self) -> &Releases {
        &self.releases
    }

    /// The newest that fits and is there already.
    pub async fn newest(&self, engine: Engine, range: Option<&ToolRange>) -> Option<Cached> {
        let entries = std::fs::read_dir(self.directory.join(engine.as_str())).ok()?;
        let mut versions: Vec<ToolVersion> = entries
            .filter_map(|entry| ToolVersion::parse(entry.ok()?.file_name().to_str()?))
            .filter(|version| range.map_or(version.is_release(), |r| r.matches(version)))
            .collect();
        versions.sort();
        for version in versions.into_iter().rev() {
            let _alone = self.alone(engine, &version).await;
            if let Some(cached) = self.sound(engine, &version).await {
                return Some(cached);
            }
        }
        None
    }

    /// The newest that is released and fits, downloaded unless it is there. `None` where the tool is
    /// not downloaded.
    pub async fn fetch(
        &self,
        engine: Engine,
        range: Option<&ToolRange>,
    ) -> Result<Option<Cached>, ToolsError> {
        let Some(version) = self.releases.newest(engine, range).await? else {
            return Ok(None);
        };
        let _alone = self.alone(engine, &version).await;
        if let Some(cached) = self.sound(engine, &version).await {
            return Ok(Some(cached));
        }
        tracing::info!(tool = engine.as_str(), %version, "downloading");
        let directory = tempfile::Builder::new()
            .prefix(UNFINISHED)
            .tempdir_in(&self.directory)
            .map_err(ToolsError::io(&self.directory))?;
        let path = self
            .releases
            .fetch(engine, &version, directory.path())
            .await?;
        let place = self.place(engine, &version);
        let kept = tokio::task::spawn_blocking({
            let place = place.clone();
            move || keep(&path, directory, &place)
        });
        let kept = kept.await.unwrap_or_else(|e| Err(std::io::Error::other(e)));
        kept.map_err(ToolsError::io(&place))?;
        self.trust((engine, version.clone()));
        Ok(Some(Cached {
            path: place.join(engine.binary()),
            version,
        }))
    }

    /// What is under its name and has not changed since it was downloaded; anything else is removed.
    async fn sound(&self, engine: Engine, version: &ToolVersion) -> Option<Cached> {
        let place = self.place(engine, version);
        let cached = Cached {
            version: version.clone(),
            path: place.join(engine.binary()),
        };
        let key = (engine, version.clone());
        if self.is_trusted(&key) && cached.path.is_file() {
            return Some(cached);
        }
        if !place.exists() {
            return None;
        }
        let checked = tokio::task::spawn_blocking({
            let path = cached.path.clone();
            move || {
                let kept = std::fs::read_to_string(path.with_file_name(SUM))?;
                Ok::<_, std::io::Error>(kept.trim() == hash(&path)?)
            }
        });
        if let Ok(Ok(true)) = checked.await {
            self.trust(key);
            return Some(cached);
        }
        tracing::error!(
            path = %cached.path.display(),
            "this executable is not the one that was downloaded; it is removed"
        );
        if let Err(error) = remove(&place) {
            tracing::error!(path = %place.display(), %error, "it can't be removed");
        }
        None
    }

    fn is_trusted(&self, key: &Key) -> bool {
        let sound = self.sound.lock().unwrap_or_else(PoisonError::into_inner);
        sound.contains(key)
    }

    fn trust(&self, key: Key) {
        let mut sound = self.sound.lock().unwrap_or_else(PoisonError::into_inner);
        sound.insert(key);
    }

    async fn alone(
        &self,
        engine: Engine,
        version: &ToolVersion,
    ) -> tokio::sync::OwnedMutexGuard<()> {
        let lock = {
            let mut all = self
                .under_way
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            all.entry((engine, version.clone())).or_default().clone()
        };
        lock.lock_owned().await
    }

    fn place(&self, engine: Engine, version: &ToolVersion) -> PathBuf {
        self.directory
            .join(engine.as_str())
            .join(version.to_string())
    }
}

/// Gives what was unpacked its name, so that it is there as a whole or not at all.
fn keep(path: &Path, directory: tempfile::TempDir, place: &Path) -> std::io::Result<()> {
    let sum = path.with_file_name(SUM);
    std::fs::write(&sum, hash(path)?)?;
    File::open(&sum)?.sync_all()?;
    std::fs::set_permissions(&sum, Permissions::from_mode(0o444))?;
    std::fs::set_permissions(path, Permissions::from_mode(0o555))?;
    if let Some(parent) = place.parent() {
        std::fs::create_dir_all(parent)?;
        std::fs::set_permissions(parent, Permissions::from_mode(0o755))?;
    }
    std::fs::rename(directory.path(), place)?;
    // It has another name now; there is nothing left to clean up.
    let _ = directory.keep();
    std::fs::set_permissions(place, Permissions::from_mode(0o555))?;
    File::open(place)?.sync_all()
}

fn hash(path: &Path) -> std::io::Result<String> {
    let mut digest = Sha256::new();
    std::io::copy(&mut File::open(path)?, &mut Writer(&mut digest))?;
    Ok(hex::encode(digest.finalize()))
}

/// A hash that is written to.
struct Writer<'a>(&'a mut Sha256);

impl std::io::Write for Writer<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Directories of ours allow no writing, not even to a normal user who owns them.
fn remove(directory: &Path) -> std::io::Result<()> {
    let removed = std::fs::set_permissions(directory, Permissions::from_mode(0o755))
        .and_then(|()| std::fs::remove_dir_all(directory));
    match removed {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}
