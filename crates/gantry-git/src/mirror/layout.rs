//! The mirror as files: made without git, locked, and tidied after a kill.

use std::fs::{self, File};

use super::Mirror;
use crate::GitError;
use crate::process::write_atomically;

impl Mirror {
    /// Lays out the bare repository: five files, cheaper than `git init` and without its templates.
    pub(super) fn create(&self) -> Result<(), GitError> {
        if self.dir.join("complete").exists() {
            return Ok(());
        }
        for part in ["objects/info", "objects/pack", "refs", "info", "tmp"] {
            let part = self.dir.join(part);
            fs::create_dir_all(&part)
                .map_err(GitError::io(format!("can't create `{}`", part.display())))?;
        }
        let write = |name: &str, text: &str| write_atomically(&self.dir.join(name), text);
        write("HEAD", "ref: refs/heads/none\n")?;
        write(
            "config",
            "[core]\n\trepositoryformatversion = 0\n\tbare = true\n",
        )?;
        // No program of a filter is configured anyway; this says it once more.
        write("info/attributes", "* -filter\n")?;
        if let Some(local) = &self.local {
            write(
                "objects/info/alternates",
                &format!("{}\n", local.objects.display()),
            )?;
        }
        write("complete", &format!("{}\n", self.source))
    }

    pub(super) async fn lock(&self) -> Result<File, GitError> {
        let path = self.dir.join("fetch.lock");
        let what = || format!("can't lock `{}`", path.display());
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(GitError::io(what()))?;
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(fs::TryLockError::WouldBlock) => {}
            Err(fs::TryLockError::Error(error)) => return Err(GitError::io(what())(error)),
        }
        let locked = tokio::task::spawn_blocking(move || file.lock().map(|()| file)).await;
        locked
            .map_err(std::io::Error::other)
            .and_then(|done| done)
            .map_err(GitError::io(what()))
    }

    /// What a killed fetch leaves behind. The caller holds the lock, so nobody is writing it.
    pub(super) fn clear_leftovers(&self) {
        let _ = fs::remove_file(self.dir.join("shallow.lock"));
        for (part, is_leftover) in [
            (
                "objects/pack",
                (|name| name.starts_with("tmp_")) as fn(&str) -> bool,
            ),
            ("refs/gantry", |name| name.ends_with(".lock")),
        ] {
            let entries = fs::read_dir(self.dir.join(part))
                .into_iter()
                .flatten()
                .flatten();
            for entry in entries {
                if entry.file_name().to_str().is_some_and(is_leftover) {
                    let _ = fs::remove_file(entry.path());
                }
            }
        }
    }
}
