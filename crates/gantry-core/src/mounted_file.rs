//! Mounted files: what people put into the workspace of runs, beside the code or into it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::quoted::Quoted;

/// The largest file, in bytes of its content.
pub const LARGEST_FILE: usize = 2 << 20;

const LONGEST_PATH: usize = 1024;
const LONGEST_NAME: usize = 255;

/// Below this is the checkout; everything else lies beside it.
pub const SOURCE: &str = "source";

/// What has a place of its own beside the checkout.
const TAKEN: [&str; 2] = ["plan", "spacelift.oidc"];

/// A directory of the tools: a provider in it would be executed.
const TOOL_DATA: &str = ".terraform";

/// Where it stands, the run would be taken for one that could not store its state.
const ERRORED_STATE: &str = "errored.tfstate";

/// Begins the name of the file that keeps a managed state where it belongs.
const STATE_OVERRIDE: &str = "~gantry_override.";

/// Why a file can't be mounted. Never shows the content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileRefused {
    #[error("`id` is empty: give the file's path below /mnt/workspace, such as `source/extra.tf`")]
    Empty,
    #[error(
        "`id` {} is an absolute path: give it relative to /mnt/workspace, such as `source/extra.tf`",
        Quoted(.0)
    )]
    Absolute(String),
    #[error(
        "`id` {} leads out of the workspace: leave out every `..`",
        Quoted(.0)
    )]
    ClimbsOut(String),
    #[error(
        "`id` {} is not the plain path of a file: leave out `.`, doubled slashes and a slash at \
         the end",
        Quoted(.0)
    )]
    NotPlain(String),
    #[error("`id` {} contains a control character: take it out", Quoted(.0))]
    Control(String),
    #[error(
        "`id` {} is too long: a path may have {LONGEST_PATH} bytes, and each name in it \
         {LONGEST_NAME}",
        Quoted(.0)
    )]
    TooLong(String),
    #[error(
        "`id` {} is a place of gantry's own: choose another path below /mnt/workspace, or one below \
         `source`",
        Quoted(.0)
    )]
    Taken(String),
    #[error("the `value` of {} is not base64: encode the file's content", Quoted(.0))]
    NotBase64(String),
    #[error(
        "the content of {} has {bytes} bytes: a mounted file may have {LARGEST_FILE}",
        Quoted(.path)
    )]
    TooLarge { path: String, bytes: usize },
}

/// Checks a file as a user wants to mount it; `value` is its content in base64.
pub fn check_file(path: &str, value: &str) -> Result<(), FileRefused> {
    check_path(path)?;
    let content = content(value).ok_or_else(|| FileRefused::NotBase64(path.to_owned()))?;
    match content.len() {
        bytes if bytes > LARGEST_FILE => Err(FileRefused::TooLarge {
            path: path.to_owned(),
            bytes,
        }),
        _ => Ok(()),
    }
}

/// Also asked by the worker, of whatever it is told to write.
pub fn check_path(path: &str) -> Result<(), FileRefused> {
    let refused = |why: fn(String) -> FileRefused| Err(why(path.to_owned()));
    let names: Vec<&str> = path.split('/').collect();
    if path.is_empty() {
        return Err(FileRefused::Empty);
    }
    if path.chars().any(char::is_control) {
        return refused(FileRefused::Control);
    }
    if path.starts_with('/') {
        return refused(FileRefused::Absolute);
    }
    if names.contains(&"..") {
        return refused(FileRefused::ClimbsOut);
    }
    if names.iter().any(|name| matches!(*name, "" | ".")) {
        return refused(FileRefused::NotPlain);
    }
    if path.len() > LONGEST_PATH || names.iter().any(|name| name.len() > LONGEST_NAME) {
        return refused(FileRefused::TooLong);
    }
    let (first, last) = (names[0], names[names.len() - 1]);
    if TAKEN.contains(&first)
        || path == SOURCE
        || names.contains(&TOOL_DATA)
        || last == ERRORED_STATE
        || last.starts_with(STATE_OVERRIDE)
    {
        return refused(FileRefused::Taken);
    }
    Ok(())
}

/// The content of a file whose `value` was checked.
pub fn content(value: &str) -> Option<zeroize::Zeroizing<Vec<u8>>> {
    STANDARD.decode(value).ok().map(zeroize::Zeroizing::new)
}

/// Two of these paths that can't both be there, since one is a directory on the way to the other.
pub fn conflicting<'a>(paths: impl IntoIterator<Item = &'a str>) -> Option<(&'a str, &'a str)> {
    let paths: std::collections::BTreeSet<&str> = paths.into_iter().collect();
    paths.iter().find_map(|path| {
        let parents = path.match_indices('/').map(|(end, _)| &path[..end]);
        parents
            .filter_map(|parent| paths.get(parent))
            .next()
            .map(|parent| (*parent, *path))
    })
}

#[cfg(test)]
mod tests;
