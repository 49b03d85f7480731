use std::path::Path;

use super::{WorkspaceError, tree};

/// Which view of the workspace a phase worked in: plan in its copy, all others in the clean one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Plan,
    Clean,
}

pub(super) fn read(root: &Path, limit: u64) -> Result<Option<Vec<u8>>, WorkspaceError> {
    tree::read_file(root, Path::new("errored.tfstate"), limit)
}
