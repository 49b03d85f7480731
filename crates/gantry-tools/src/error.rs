use std::path::{Path, PathBuf};

/// Why an executable, or the list of them, is not to be had. Each is a sentence for a run's page.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ToolsError {
    #[error("{0}")]
    Network(String),
    #[error("{url} can't be reached: {detail}")]
    Unreachable { url: String, detail: String },
    #[error("{url} was answered with {status}")]
    Answered { url: String, status: u16 },
    #[error("the download of {url} broke off: {detail}")]
    BrokenOff { url: String, detail: String },
    #[error("{url} is larger than {limit} bytes, more than any release")]
    TooLarge { url: String, limit: u64 },
    #[error("{url} is no list of releases: {detail}")]
    Index { url: String, detail: String },
    #[error("there is no {tool} {version} for this machine at {place}")]
    NoVersion {
        tool: &'static str,
        version: String,
        place: String,
    },
    #[error("no {tool} at {place} fits {range}: the newest there is {newest}")]
    NothingFits {
        tool: &'static str,
        range: String,
        place: String,
        newest: String,
    },
    #[error(
        "the checksums of {tool} {version} at {url} are not to be trusted ({detail}), so nothing was \
         kept of it. If a key of your own signs this mirror, name its file in worker.tools_keys"
    )]
    Signature {
        tool: &'static str,
        version: String,
        url: String,
        detail: String,
    },
    #[error(
        "{url} is not what was released: its SHA-256 is {found}, and the signed list says {wanted}. \
         It was thrown away"
    )]
    Checksum {
        url: String,
        found: String,
        wanted: String,
    },
    #[error("{url} can't be unpacked: {detail}")]
    Archive { url: String, detail: String },
    #[error("the file with keys {path} can't be used: {detail}")]
    Keys { path: PathBuf, detail: String },
    #[error("{path}: {detail}")]
    Io { path: PathBuf, detail: String },
}

impl ToolsError {
    pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |error| ToolsError::Io {
            path,
            detail: error.to_string(),
        }
    }
}
