//! The database in a backup. SQLite copies itself; PostgreSQL is dumped by its own program, from a
//! snapshot in which the names of the objects are read as well.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use gantry_store::{Connect, Dialect, Store, object};
use tokio::process::Command;

use super::{Archive, Wanted};
use crate::OpError;

/// The database's file in a backup.
pub(crate) const fn file(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => "database.sqlite",
        Dialect::Postgres => "database.pgdump",
    }
}

/// Copies the database, and answers with the names of the objects that this copy names.
pub(super) async fn copy(
    wanted: &Wanted<'_>,
    store: &Store,
    archive: &mut Archive,
) -> Result<Vec<String>, OpError> {
    let name = file(store.dialect());
    let path = archive.place(name)?;
    let names = match store.dialect() {
        Dialect::Sqlite => {
            store.copy_into(&path).await?;
            private(&path)?;
            let copy = Store::open_copy(&path).await?;
            let names = object::named(copy.reader()).await;
            copy.close().await;
            names?
        }
        Dialect::Postgres => {
            let (tx, snapshot) = store.snapshot().await?;
            let names = object::named(tx.reader()).await?;
            let snapshot = format!("--snapshot={snapshot}");
            let to = format!("--file={}", path.display());
            let arguments = ["--format=custom", "--no-owner", "--no-privileges"];
            let arguments = arguments
                .into_iter()
                .chain([snapshot.as_str(), to.as_str()]);
            wanted
                .programs
                .run("pg_dump", wanted.connect, arguments)
                .await?;
            tx.rollback().await?;
            private(&path)?;
            names
        }
    };
    archive.took(name)?;
    Ok(names)
}

fn private(path: &Path) -> Result<(), OpError> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
        .map_err(|error| OpError::invalid(format!("{}: {error}", path.display())))
}

/// Where the programs of PostgreSQL are.
#[derive(Clone, Debug, Default)]
pub struct Programs {
    /// `None`: PATH, and after it where Debian puts them.
    pub folder: Option<PathBuf>,
}

impl Programs {
    pub(crate) async fn run(
        &self,
        program: &str,
        connect: &Connect,
        arguments: impl IntoIterator<Item = &str>,
    ) -> Result<(), OpError> {
        let Some((url, password)) = connect.for_program()? else {
            return Err(OpError::internal(
                "run a program of PostgreSQL",
                "on SQLite",
            ));
        };
        let mut command = Command::new(self.find(program)?);
        command
            .arg(format!("--dbname={url}"))
            .arg("--no-password")
            .args(arguments)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        if let Some(password) = password {
            command.env("PGPASSWORD", password);
        }
        let ended = command
            .output()
            .await
            .map_err(|error| OpError::invalid(format!("{program} can't be started: {error}")))?;
        if ended.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&ended.stderr);
        Err(OpError::invalid(format!(
            "{program} failed ({}): {}",
            ended.status,
            said.trim()
        )))
    }

    fn find(&self, program: &str) -> Result<PathBuf, OpError> {
        if let Some(folder) = &self.folder {
            return Ok(folder.join(program));
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        let of_path = std::env::split_paths(&path).map(|folder| folder.join(program));
        let found = of_path
            .chain(debian(program))
            .find(|program| program.is_file());
        found.ok_or_else(|| {
            OpError::invalid(format!(
                "{program} is not on PATH: install PostgreSQL's client programs, of the server's \
                 version or newer, or name their folder with --pg-programs"
            ))
        })
    }
}

/// The newest first.
fn debian(program: &str) -> Vec<PathBuf> {
    let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") else {
        return vec![];
    };
    let mut found: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin").join(program)))
        })
        .collect();
    found.sort();
    found.reverse();
    found.into_iter().map(|(_, path)| path).collect()
}
