//! A backup as a folder: files, and a manifest that names each with its length and hash.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Component, Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::{FORMAT, File, Manifest};
use crate::OpError;

const MANIFEST: &str = "manifest.json";

pub struct Archive {
    folder: PathBuf,
    files: BTreeMap<String, File>,
}

impl Archive {
    /// Makes the folder, or takes an empty one.
    pub fn create(folder: &Path) -> Result<Self, OpError> {
        make_folder(folder)?;
        let mut inside = fs::read_dir(folder).map_err(|error| failed(folder, "read", &error))?;
        if inside.next().is_some() {
            return Err(OpError::conflict(format!(
                "{} is not empty: name a new folder for the backup",
                folder.display()
            )));
        }
        Ok(Archive {
            folder: folder.to_owned(),
            files: BTreeMap::new(),
        })
    }

    /// Opens a backup that is complete.
    pub fn open(folder: &Path) -> Result<(Self, Manifest), OpError> {
        let path = folder.join(MANIFEST);
        let text = fs::read(&path).map_err(|error| {
            OpError::invalid(format!(
                "{} can't be read ({error}): this is no backup, or one that was not finished",
                path.display()
            ))
        })?;
        let format = serde_json::from_slice::<serde_json::Value>(&text)
            .ok()
            .and_then(|manifest| manifest.get("format")?.as_u64());
        if format.is_some_and(|format| format != u64::from(FORMAT)) {
            return Err(OpError::invalid(format!(
                "{} is a backup of format {}, and this gantry reads format {FORMAT}: use the version \
                 that made it",
                folder.display(),
                format.unwrap_or_default()
            )));
        }
        let manifest: Manifest = serde_json::from_slice(&text)
            .map_err(|error| OpError::invalid(format!("{} is damaged: {error}", path.display())))?;
        let inside = |name: &&String| {
            Path::new(name)
                .components()
                .all(|part| matches!(part, Component::Normal(_)))
        };
        if let Some(name) = manifest.files.keys().find(|name| !inside(name)) {
            let text = format!("{} is damaged: it names `{name}`", path.display());
            return Err(OpError::invalid(text));
        }
        let archive = Archive {
            folder: folder.to_owned(),
            files: manifest.files.clone(),
        };
        Ok((archive, manifest))
    }

    /// Writes a file; one of the same name is replaced.
    pub fn put(&mut self, name: &str, bytes: &[u8]) -> Result<(), OpError> {
        let path = self.folder.join(name);
        if let Some(parent) = path.parent() {
            make_folder(parent)?;
        }
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&path)
            .and_then(|mut file| {
                file.write_all(bytes)?;
                file.sync_all()
            })
            .map_err(|error| failed(&path, "write", &error))?;
        let file = File {
            bytes: bytes.len() as u64,
            sha256: hex::encode(Sha256::digest(bytes)),
        };
        self.files.insert(name.to_owned(), file);
        Ok(())
    }

    /// Where somebody else is to write a file, which must not be there.
    pub fn place(&self, name: &str) -> Result<PathBuf, OpError> {
        let path = self.folder.join(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(failed(&path, "remove", &error))
            }
            _ => Ok(path),
        }
    }

    /// Takes in a file that somebody else has written.
    pub fn took(&mut self, name: &str) -> Result<(), OpError> {
        let path = self.folder.join(name);
        let file = fs::File::open(&path)
            .and_then(|file| file.sync_all())
            .and_then(|()| read_file(&path))
            .map_err(|error| failed(&path, "read", &error))?;
        self.files.insert(name.to_owned(), file);
        Ok(())
    }

    pub fn finish(self, manifest: &Manifest) -> Result<(), OpError> {
        let manifest = Manifest {
            files: self.files.clone(),
            ..manifest.clone()
        };
        let text = serde_json::to_vec_pretty(&manifest)
            .map_err(|error| OpError::internal("write the manifest", error))?;
        let mut last = Archive {
            folder: self.folder.clone(),
            files: BTreeMap::new(),
        };
        let new = format!("{MANIFEST}.new");
        last.put(&new, &text)?;
        let (from, to) = (self.folder.join(&new), self.folder.join(MANIFEST));
        fs::rename(&from, &to)
            .and_then(|()| fs::File::open(&self.folder)?.sync_all())
            .map_err(|error| failed(&to, "write", &error))
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub fn names(&self) -> impl Iterator<Item = &String> {
        self.files.keys()
    }

    /// Reads every file and compares it with the manifest.
    pub fn verify(&self) -> Result<(), OpError> {
        for (name, expected) in &self.files {
            let path = self.folder.join(name);
            let found = read_file(&path).map_err(|error| {
                OpError::invalid(format!(
                    "the backup is damaged: {} can't be read: {error}",
                    path.display()
                ))
            })?;
            if found.bytes != expected.bytes {
                return Err(OpError::invalid(format!(
                    "the backup is damaged: {} has {} bytes instead of {}",
                    path.display(),
                    found.bytes,
                    expected.bytes
                )));
            }
            if found != *expected {
                return Err(OpError::invalid(format!(
                    "the backup is damaged: {} is not what was written then",
                    path.display()
                )));
            }
        }
        Ok(())
    }
}

fn read_file(path: &Path) -> std::io::Result<File> {
    let mut file = fs::File::open(path)?;
    let mut hash = Sha256::new();
    let mut bytes = 0;
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        hash.update(&buffer[..read]);
        bytes += read as u64;
    }
    Ok(File {
        bytes,
        sha256: hex::encode(hash.finalize()),
    })
}

fn make_folder(folder: &Path) -> Result<(), OpError> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|error| failed(folder, "make", &error))
}

fn failed(path: &Path, what: &str, error: &std::io::Error) -> OpError {
    OpError::invalid(format!("can't {what} {}: {error}", path.display()))
}
