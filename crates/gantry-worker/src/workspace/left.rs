//! Directories of runs that a worker left when it was killed.

use std::path::Path;

use super::{ProjectRoot, Workspace, WorkspaceError, errored_state, removal};

/// A larger state can't be kept in one piece.
pub const LARGEST_STATE: u64 = 512 << 20;

/// The `errored.tfstate` in a run's directory. `planned`: of the plan phase, which has a directory
/// of its own.
pub fn left_errored_state(
    run: &Path,
    project_root: &str,
    planned: bool,
) -> Result<Option<Vec<u8>>, WorkspaceError> {
    let source = run.join(if planned { "planned" } else { "source" });
    let root = ProjectRoot::parse(project_root)?;
    match root.check(&source) {
        Ok(()) => errored_state::read(&root.below(&source), LARGEST_STATE),
        // It was killed before there was a checkout.
        Err(_) => Ok(None),
    }
}

impl Workspace {
    /// Gives a task the state that an earlier phase could not store.
    pub fn put_errored_state(&self, state: &[u8]) -> Result<(), WorkspaceError> {
        self.put(&self.clean_root(), "errored.tfstate", state)
    }
}

/// Removes a run's directory. Its processes are dead.
pub fn remove_left(run: &Path) -> Result<(), WorkspaceError> {
    removal::remove(run).map_err(WorkspaceError::io(run))
}
