//! What travels from the plan phase to apply: the plan file, the dependency lock file and the
//! carried files, as one tar archive that the server seals.

use std::io::{Cursor, Read};
use std::path::{Component, Path, PathBuf};

use bytes::Bytes;

const PLAN: &str = "tfplan";
const LOCK: &str = "terraform.lock.hcl";
const CARRIED: &str = "carried";

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bundle {
    pub plan: Vec<u8>,
    pub lock_file: Option<Vec<u8>>,
    /// Paths relative to the repository.
    pub carried: Vec<(PathBuf, Vec<u8>)>,
}

#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    #[error("the saved plan can't be read: {0}")]
    Unreadable(#[from] std::io::Error),
    #[error("the saved plan holds the unknown entry `{0}`")]
    Unknown(String),
    #[error("the saved plan holds no plan file")]
    NoPlan,
}

impl Bundle {
    pub fn pack(&self) -> Result<Bytes, BundleError> {
        let mut archive = tar::Builder::new(Vec::with_capacity(self.plan.len() + 4096));
        let mut add = |path: &Path, content: &[u8]| {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o600);
            archive.append_data(&mut header, path, content)
        };
        add(Path::new(PLAN), &self.plan)?;
        if let Some(lock_file) = &self.lock_file {
            add(Path::new(LOCK), lock_file)?;
        }
        for (path, content) in &self.carried {
            add(&Path::new(CARRIED).join(path), content)?;
        }
        Ok(archive.into_inner()?.into())
    }

    pub fn unpack(bytes: &[u8]) -> Result<Self, BundleError> {
        let mut bundle = Bundle::default();
        let mut plan = None;
        for entry in tar::Archive::new(Cursor::new(bytes)).entries()? {
            let mut entry = entry?;
            let path = entry.path()?.into_owned();
            let mut content = Vec::new();
            entry.read_to_end(&mut content)?;
            let carried = path.strip_prefix(CARRIED).ok().map(Path::to_owned);
            match carried {
                _ if path == Path::new(PLAN) => plan = Some(content),
                _ if path == Path::new(LOCK) => bundle.lock_file = Some(content),
                Some(path) if is_plain(&path) => bundle.carried.push((path, content)),
                _ => return Err(BundleError::Unknown(path.display().to_string())),
            }
        }
        bundle.plan = plan.ok_or(BundleError::NoPlan)?;
        Ok(bundle)
    }
}

fn is_plain(path: &Path) -> bool {
    path.components().next().is_some()
        && path
            .components()
            .all(|part| matches!(part, Component::Normal(_)))
}

#[cfg(test)]
mod tests;
