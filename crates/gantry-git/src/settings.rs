use std::path::PathBuf;
use std::time::Duration;

use gantry_core::proxy::ProxyAddress;

use crate::GitError;

/// What the installation says about git.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Mirrors live here. It is a cache: it may be emptied while nothing runs.
    pub cache_dir: PathBuf,
    /// Directories below which local repositories are allowed; none by default.
    pub local_roots: Vec<PathBuf>,
    /// The binary; looked for in `search_path` when not given.
    pub program: Option<PathBuf>,
    /// `PATH` of git and of what git starts.
    pub search_path: String,
    /// `https_proxy` and `no_proxy` of git.
    pub proxy: Option<ProxyAddress>,
    pub no_proxy: Option<String>,
    /// Certificates to trust instead of the system's.
    pub ca_bundle: Option<PathBuf>,
    /// How long one request to a repository may take.
    pub timeout: Duration,
}

impl Settings {
    pub fn new(cache_dir: impl Into<PathBuf>) -> Self {
        Self {
            cache_dir: cache_dir.into(),
            local_roots: Vec::new(),
            program: None,
            search_path: "/usr/local/bin:/usr/bin:/bin".into(),
            proxy: None,
            no_proxy: None,
            ca_bundle: None,
            timeout: Duration::from_secs(120),
        }
    }

    /// The roots with links resolved, so that a source is compared with what is really there.
    pub(crate) fn resolved_roots(&self) -> Result<Vec<PathBuf>, GitError> {
        self.local_roots
            .iter()
            .map(|root| {
                root.canonicalize().map_err(|error| GitError::LocalRoot {
                    root: root.display().to_string(),
                    detail: error.to_string(),
                })
            })
            .collect()
    }
}
