use std::path::{Path, PathBuf};

use gantry_core::quoted::Quoted;

/// A repository that may be read: an `https` URL without credentials, or a directory below one of
/// the configured roots, links resolved.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Source {
    place: Place,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    Https(String),
    Local(PathBuf),
}

impl Source {
    pub(crate) fn parse(text: &str, roots: &[PathBuf]) -> Result<Self, SourceError> {
        let place = match text.strip_prefix("file://").unwrap_or(text) {
            path if path.starts_with('/') => Place::Local(local(path, roots)?),
            _ => Place::Https(https(text)?),
        };
        Ok(Self { place })
    }

    pub(crate) fn place(&self) -> &Place {
        &self.place
    }
}

/// The URL or the path; it holds no credentials.
impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.place {
            Place::Https(url) => f.write_str(url),
            Place::Local(path) => path.display().fmt(f),
        }
    }
}

/// Why a repository was refused before git was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    #[error("the repository is empty: give an https URL")]
    Empty,
    /// The value is left out on purpose: it holds a secret.
    #[error("the repository URL carries a user name or a password; give it without them")]
    Credentials,
    #[error("repository {} is not an https URL; other protocols are not supported", Quoted(.text))]
    Protocol { text: String },
    #[error("repository {} is not a URL that git can use: {rule}", Quoted(.text))]
    Url { text: String, rule: &'static str },
    #[error(
        "repository {} is not below a directory that the configuration allows; an administrator of \
         the installation can add one to `source.local_roots`",
        Quoted(.text)
    )]
    OutsideOfRoots { text: String },
    #[error("repository {} does not exist", Quoted(.text))]
    Missing { text: String },
}

fn https(text: &str) -> Result<String, SourceError> {
    if text.is_empty() {
        return Err(SourceError::Empty);
    }
    let bad = |rule| {
        Err(SourceError::Url {
            text: text.to_owned(),
            rule,
        })
    };
    let Some((scheme, rest)) = text.split_once("://") else {
        // `user@host:path` is ssh in disguise.
        return Err(SourceError::Protocol {
            text: text.to_owned(),
        });
    };
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    if authority.contains('@') {
        return Err(SourceError::Credentials);
    }
    if !scheme.eq_ignore_ascii_case("https") {
        return Err(SourceError::Protocol {
            text: text.to_owned(),
        });
    }
    if text
        .chars()
        .any(|character| character.is_control() || character.is_whitespace())
    {
        return bad("it contains a space or a control character");
    }
    if path.contains(['?', '#']) {
        return bad("it has a query or a fragment");
    }
    let path = path.trim_end_matches('/');
    if path.is_empty() {
        return bad("it has no path after the host");
    }
    let host = authority.to_ascii_lowercase();
    let plausible = !host.is_empty()
        && !host.starts_with(['-', '.', ':'])
        && host.chars().all(|character| {
            character.is_ascii_alphanumeric() || matches!(character, '-' | '.' | ':' | '[' | ']')
        });
    if !plausible {
        return bad("its host is not a host name");
    }
    Ok(format!("https://{host}/{path}"))
}

fn local(path: &str, roots: &[PathBuf]) -> Result<PathBuf, SourceError> {
    let text = || path.to_owned();
    let outside = || SourceError::OutsideOfRoots { text: text() };
    if path.contains(['\n', '\0']) {
        return Err(outside());
    }
    match Path::new(path).canonicalize() {
        Ok(real) if below(&real, roots) => Ok(real),
        // A path outside of the roots gets one answer, whether it exists or not.
        Ok(_) => Err(outside()),
        Err(_) if below(Path::new(path), roots) && !path.contains("..") => {
            Err(SourceError::Missing { text: text() })
        }
        Err(_) => Err(outside()),
    }
}

/// Whether `path`, already resolved, is one of the roots or below one.
pub(crate) fn below(path: &Path, roots: &[PathBuf]) -> bool {
    roots.iter().any(|root| path.starts_with(root))
}

#[cfg(test)]
mod tests;
