//! Mounted files of a phase: decoded, checked once more, and what of them no output may show.
//!
//! Those below `source/` become part of the workspace ([`crate::workspace::Workspace::mount`]): the
//! tool reads configuration there, so what plan and apply read has to be what the plan file is checked
//! against. All others lie beside the checkout, in memory that only one child sees, and are nowhere on
//! disk.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gantry_core::mounted_file::{self, SOURCE, check_path};
use gantry_core::protocol::MountedFile;
use secrecy::SecretString;
use zeroize::Zeroizing;

/// How much of secret files is looked for in output: every form of every line has to be kept in
/// memory for it.
const MOST_MASKED: usize = 64 << 10;

#[derive(Debug, thiserror::Error)]
pub enum MountedFileError {
    #[error("a mounted file can't be placed: {0}")]
    Path(#[from] mounted_file::FileRefused),
    #[error("the mounted file `{0}` can't be placed: its content is not base64")]
    Content(String),
}

/// One file, with its content.
#[derive(Clone)]
pub struct File {
    /// Relative to the workspace, or to the checkout.
    pub path: PathBuf,
    pub content: Arc<Zeroizing<Vec<u8>>>,
}

impl std::fmt::Debug for File {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: [redacted]", self.path.display())
    }
}

/// The files of a phase.
#[derive(Clone, Debug, Default)]
pub struct MountedFiles {
    /// Relative to the checkout.
    pub in_source: Vec<File>,
    /// Relative to the workspace, beside the checkout.
    pub beside: Vec<File>,
}

impl MountedFiles {
    pub fn decode(files: &[MountedFile]) -> Result<Self, MountedFileError> {
        let mut all = Self::default();
        for file in files {
            check_path(&file.path)?;
            let content = STANDARD
                .decode(file.content.expose())
                .map_err(|_| MountedFileError::Content(file.path.clone()))?;
            let content = Arc::new(Zeroizing::new(content));
            match Path::new(&file.path).strip_prefix(SOURCE) {
                Ok(path) => all.in_source.push(File {
                    path: path.to_owned(),
                    content,
                }),
                Err(_) => all.beside.push(File {
                    path: file.path.clone().into(),
                    content,
                }),
            }
        }
        Ok(all)
    }
}

/// What of secret files to mask, and a sentence for each that is too large for it.
pub fn secrets(files: &[MountedFile]) -> (Vec<SecretString>, Vec<String>) {
    let (mut secrets, mut notices) = (vec![], vec![]);
    let mut room = MOST_MASKED;
    for file in files.iter().filter(|file| file.masked) {
        let value = file.content.expose();
        let text = STANDARD
            .decode(value)
            .ok()
            .and_then(|content| String::from_utf8(content).ok());
        // What is no text is printed in base64, if at all.
        let text = text.unwrap_or_else(|| value.to_owned());
        if text.len() > room {
            notices.push(format!(
                "WARNING: the secret file {} is too large: only its first {room} bytes are masked \
                 in this log",
                file.path
            ));
        }
        let mut end = text.len().min(room);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        room -= end;
        if end > 0 {
            secrets.push(text[..end].to_owned().into());
        }
    }
    (secrets, notices)
}

#[cfg(test)]
mod tests;
