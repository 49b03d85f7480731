//! The file with the master key: one line, or two while the key is being changed. It is replaced as a
//! whole, so that a crash leaves the one or the other.

use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::{MasterKey, MasterKeys};

pub struct MasterKeyFile(PathBuf);

impl MasterKeyFile {
    pub fn new(path: &Path) -> Self {
        MasterKeyFile(path.to_owned())
    }

    pub fn read(&self) -> Result<MasterKeys, String> {
        let path = self.0.display();
        match std::fs::read_to_string(&self.0) {
            Ok(text) => {
                let text = Zeroizing::new(text);
                MasterKeys::parse(&text).map_err(|error| format!("{path}: {error}"))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Err(format!(
                "the master key file {path} is missing, and the database holds values that only it \
                 can open (secret variables, mounted files, saved plans, states): put it back, or \
                 restore database and key together from a backup. Whoever has lost the key for good \
                 has lost those values, and nothing else"
            )),
            Err(error) => Err(format!("the master key file {path} can't be read: {error}")),
        }
    }

    /// Makes the file unless it is there. For a database in which nothing is sealed yet.
    pub fn create(&self) -> Result<(), String> {
        self.write_new(&MasterKey::generate().into())
    }

    /// Makes the file with these keys, unless there is one.
    pub fn write_new(&self, keys: &MasterKeys) -> Result<(), String> {
        let text = keys.to_text();
        let made = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&self.0)
            .and_then(|mut file| {
                file.write_all(text.as_bytes())?;
                file.sync_all()?;
                sync_folder(&self.0)
            });
        match made {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(self.unwritable(&error)),
            _ => Ok(()),
        }
    }

    /// Puts these keys, the first first, in the place of what is there.
    pub fn replace(&self, keys: &MasterKeys) -> Result<(), String> {
        self.replace_file(keys)
            .map_err(|error| self.unwritable(&error))
    }

    fn replace_file(&self, keys: &MasterKeys) -> std::io::Result<()> {
        // A link stays one: what it names is replaced.
        let path = std::fs::canonicalize(&self.0)?;
        let before = std::fs::metadata(&path)?;
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".new");
        let new = path.with_file_name(name);
        let text = keys.to_text();
        match std::fs::remove_file(&new) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&new)?;
        // Root may change the key of a server that is somebody else.
        let made = file.metadata()?;
        if (made.uid(), made.gid()) != (before.uid(), before.gid()) {
            std::os::unix::fs::fchown(&file, Some(before.uid()), Some(before.gid()))?;
        }
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&new, &path)?;
        sync_folder(&path)
    }

    fn unwritable(&self, error: &std::io::Error) -> String {
        format!(
            "the master key file {} can't be written: {error}",
            self.0.display()
        )
    }
}

fn sync_folder(path: &Path) -> std::io::Result<()> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => std::fs::File::open(folder)?.sync_all(),
        _ => std::fs::File::open(".")?.sync_all(),
    }
}
