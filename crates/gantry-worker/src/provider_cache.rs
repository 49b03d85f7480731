//! Providers that earlier initialisations of a stack have downloaded, for the next ones.
//!
//! Code of strangers fills this cache and code of strangers runs what comes out of it, so nothing is
//! believed that a run says. A package is known by the hash of its content, which the worker takes
//! itself, outside the sandbox; and a run is offered only packages whose hash stands in the dependency
//! lock file *of its commit*, as it was before any code of the run was executed. A proposed run can
//! put its own binary into the cache of its stack, under that binary's hash; a tracked run gets it
//! only when the commit that people have reviewed names that hash.
//!
//! ```text
//! providers/<stack>/<hash>/terraform-provider-…     nobody but the worker writes here
//! providers/new-…                                   a package that is being copied
//! ```
//!
//! Children see the offered packages read-only as a filesystem mirror (`offer.rs`), and no others.
//! The tool checks them against the lock file once more, at each of its commands.

mod locked;
mod offer;
mod package;

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::fs::Permissions;
use std::io::ErrorKind;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use gantry_core::ids::StackId;
use sha2::{Digest as _, Sha256};

use crate::cli_config::ProviderInstallation;
use locked::Locked;
pub use offer::{Offer, Offered};
use package::Stamp;

/// What begins so was cut off.
const UNFINISHED: &str = "new-";

/// Which installation's providers these are.
const INSTALLATION: &str = "installation";

pub struct ProviderCache {
    directory: PathBuf,
    /// Bytes that all packages together may take; 0: nothing is kept.
    limit: u64,
    installation: ProviderInstallation,
    packages: Mutex<HashMap<Key, Entry>>,
    /// Being copied: one of several runs is enough.
    under_way: Mutex<HashSet<Key>>,
}

/// Where an initialisation has put providers. What is below the workspace is hostile, the way to the
/// workspace is not.
#[derive(Clone, Debug)]
pub struct Installed {
    pub workspace: PathBuf,
    pub below: PathBuf,
}

/// The stack's directory, and the hash of a package in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    stack: String,
    hash: String,
}

struct Entry {
    bytes: u64,
    used: SystemTime,
    /// What the files looked like when they were hashed in this process.
    sound: Option<Stamp>,
    /// Every run that may use it holds a copy.
    held: Arc<()>,
}

impl ProviderCache {
    /// Takes up what an earlier process left, unless the installation gets its providers from
    /// somewhere else by now.
    pub fn open(
        directory: PathBuf,
        limit: u64,
        installation: ProviderInstallation,
    ) -> std::io::Result<Self> {
        let now = format!("{installation:?}");
        let before = std::fs::read_to_string(directory.join(INSTALLATION)).ok();
        if before.as_deref() != Some(&now) || limit == 0 {
            package::remove(&directory)?;
        }
        std::fs::create_dir_all(&directory)?;
        std::fs::set_permissions(&directory, Permissions::from_mode(0o755))?;
        std::fs::write(directory.join(INSTALLATION), now)?;
        let packages = found(&directory)?;
        let cache = ProviderCache {
            directory,
            limit,
            installation,
            packages: Mutex::new(packages),
            under_way: Mutex::default(),
        };
        cache.make_room(0);
        Ok(cache)
    }

    pub fn installation(&self) -> &ProviderInstallation {
        &self.installation
    }

    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// What the cache has for a commit with this lock file. Hashes what it has not hashed yet.
    pub fn offer(&self, stack: &StackId, lock_file: &[u8]) -> Offer {
        let mut offer = Offer::new(lock_file);
        if self.limit == 0 {
            return offer;
        }
        for locked in Locked::all(lock_file) {
            for hash in &locked.hashes {
                let key = Key::new(stack, hash);
                match self.take(&key) {
                    Take::Sound(package) => {
                        offer.add(&locked, package);
                        break;
                    }
                    Take::Changed => offer.refused.push(format!(
                        "the cached package of {} {} was changed on this machine: it is not used, \
                         and downloaded again",
                        locked.address, locked.version
                    )),
                    Take::Missing => {}
                }
            }
        }
        offer
    }

    /// Keeps what an initialisation has installed of a commit's locked providers, in `installed`: its
    /// `.terraform/providers` below its workspace, whatever is there. Blocks for as long as copying
    /// takes.
    pub fn keep(&self, stack: &StackId, lock_file: &[u8], installed: &Installed) {
        if self.limit == 0 {
            return;
        }
        // Once for all: by its name it may be gone before this is done.
        let Ok(Some(installed)) = package::installed(installed) else {
            return;
        };
        for locked in Locked::all(lock_file) {
            let wanted: Vec<Key> = locked.hashes.iter().map(|h| Key::new(stack, h)).collect();
            if wanted.iter().any(|key| self.all().contains_key(key)) || !self.begin(&wanted) {
                continue;
            }
            let kept = self.keep_one(&locked, &wanted, &installed);
            self.end(&wanted);
            if let Err(error) = kept {
                tracing::debug!(provider = locked.address, %error, "a provider is not cached");
            }
        }
    }

    fn begin(&self, wanted: &[Key]) -> bool {
        let mut all = (self.under_way.lock()).unwrap_or_else(PoisonError::into_inner);
        let free = !wanted.iter().any(|key| all.contains(key));
        if free {
            all.extend(wanted.iter().cloned());
        }
        free
    }

    fn end(&self, wanted: &[Key]) {
        let mut all = (self.under_way.lock()).unwrap_or_else(PoisonError::into_inner);
        all.retain(|key| !wanted.contains(key));
    }

    fn keep_one(
        &self,
        locked: &Locked,
        wanted: &[Key],
        installed: &OwnedFd,
    ) -> std::io::Result<()> {
        // Without a directory of its own it came from a mirror of the installation, or from here.
        let Some(copied) = package::copy(installed, &locked.below(), &self.directory, self.limit)?
        else {
            return Ok(());
        };
        let Some(key) = wanted.iter().find(|key| key.hash == copied.hash) else {
            return Err(std::io::Error::other("it is not what the lock file names"));
        };
        if !self.make_room(copied.bytes) {
            return Err(std::io::Error::other("runs need all of what is kept"));
        }
        let place = self.place(key);
        let mut all = self.all();
        // Another run of the stack may have been quicker.
        if all.contains_key(key) {
            return Ok(());
        }
        let bytes = copied.bytes;
        let stamp = copied.keep(&place)?;
        all.insert(
            key.clone(),
            Entry {
                bytes,
                used: SystemTime::now(),
                sound: Some(stamp),
                held: Arc::default(),
            },
        );
        tracing::debug!(
            provider = locked.address,
            version = locked.version,
            bytes,
            "cached"
        );
        Ok(())
    }

    fn take(&self, key: &Key) -> Take {
        let known = match self.all().get_mut(key) {
            None => return Take::Missing,
            Some(entry) => {
                entry.used = SystemTime::now();
                (entry.sound.clone(), entry.held.clone())
            }
        };
        let (sound, held) = known;
        let place = self.place(key);
        let stamp = Stamp::of(&place).ok();
        let offered = Offered {
            path: place.clone(),
            _held: held,
        };
        if stamp.is_some() && stamp == sound {
            return Take::Sound(offered);
        }
        let hashed = package::hash(&place).ok();
        if hashed.as_ref() == Some(&key.hash) {
            if let Some(entry) = self.all().get_mut(key) {
                entry.sound = stamp;
            }
            package::touch(&place);
            return Take::Sound(offered);
        }
        tracing::error!(path = %place.display(), "this cached provider was changed; it is removed");
        self.all().remove(key);
        if let Err(error) = package::remove(&place) {
            tracing::error!(path = %place.display(), %error, "it can't be removed");
        }
        Take::Changed
    }

    /// Lets the packages go that were used longest ago, but none that a run may be using.
    fn make_room(&self, bytes: u64) -> bool {
        let mut all = self.all();
        let mut taken: u64 = all.values().map(|entry| entry.bytes).sum();
        while taken + bytes > self.limit {
            let idle = all
                .iter()
                .filter(|(_, entry)| Arc::strong_count(&entry.held) == 1);
            let Some(key) = idle
                .min_by_key(|(_, entry)| entry.used)
                .map(|(key, _)| key.clone())
            else {
                return false;
            };
            if let Some(gone) = all.remove(&key) {
                taken -= gone.bytes;
            }
            if let Err(error) = package::remove(&self.place(&key)) {
                tracing::warn!(%error, "a cached provider can't be removed");
            }
        }
        true
    }

    fn place(&self, key: &Key) -> PathBuf {
        self.directory.join(&key.stack).join(&key.hash)
    }

    fn all(&self) -> MutexGuard<'_, HashMap<Key, Entry>> {
        self.packages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Take {
    Sound(Offered),
    Changed,
    Missing,
}

impl Key {
    fn new(stack: &StackId, hash: &str) -> Self {
        let digest = Sha256::digest(stack.as_str());
        Key {
            stack: hex::encode(&digest[..16]),
            hash: hash.to_owned(),
        }
    }
}

/// What is in the directory of an earlier process; what it left unfinished is removed.
fn found(directory: &Path) -> std::io::Result<HashMap<Key, Entry>> {
    let mut packages = HashMap::new();
    for stack in std::fs::read_dir(directory)? {
        let stack = stack?;
        let name = stack.file_name().to_string_lossy().into_owned();
        if name.starts_with(UNFINISHED) {
            package::remove(&stack.path())?;
        }
        if !stack.file_type()?.is_dir() {
            continue;
        }
        let entries = match std::fs::read_dir(stack.path()) {
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            let key = Key {
                stack: name.clone(),
                hash: entry.file_name().to_string_lossy().into_owned(),
            };
            // What is no package of ours is in nobody's way.
            let Ok(stamp) = Stamp::of(&entry.path()) else {
                continue;
            };
            let found = Entry {
                bytes: stamp.bytes(),
                used: entry.metadata()?.modified()?,
                sound: None,
                held: Arc::default(),
            };
            packages.insert(key, found);
        }
    }
    Ok(packages)
}
