//! From what a stack says about its source to a repository that git can read.

use gantry_core::commit::Commit;
use gantry_core::quoted::Quoted;
use gantry_core::stack::StackSource;
use gantry_git::{Git, GitError, Mirror};

use crate::{App, OpError};

/// The contract's name of a source that brings its own URL.
pub(crate) const GIT: &str = "GIT";
/// The contract's name of a source without a block of its own: the installation's template
/// resolves it.
pub(crate) const DEFAULT: &str = "GITHUB";

const NAMESPACE: &str = "{namespace}";
const REPOSITORY: &str = "{repository}";

impl App {
    /// What git is told for this source: an `https` URL, or a path below a configured root.
    pub fn repository_url(&self, source: &StackSource) -> Result<String, OpError> {
        if let Some(url) = &source.repository_url {
            return Ok(url.clone());
        }
        let template = self.settings.repository_template.as_deref().ok_or_else(|| {
            OpError::invalid(
                "the stack names no repository URL, and this installation has no template to make \
                 one from: give `provider` GIT with a `repositoryURL` (in Terraform: a `raw_git` \
                 block), or have the operator set `repository_template`",
            )
        })?;
        filled_in(template, &source.namespace, &source.repository)
    }

    /// Refuses a source that can't be read whatever the repository holds: another protocol, a
    /// password in the URL, a path outside of the configured roots. Asks no network.
    pub(crate) fn check_repository(&self, source: &StackSource) -> Result<(), OpError> {
        let url = self.repository_url(source)?;
        self.git()?
            .source(&url)
            .map_err(|error| OpError::invalid(format!("repositoryURL: {error}")))?;
        Ok(())
    }

    /// The commit at the head of the stack's branch, now.
    pub(crate) async fn head_of(&self, source: &StackSource) -> Result<Commit, OpError> {
        let mirror = self.mirror(source)?;
        mirror.resolve(&source.branch).await.map_err(of_git)
    }

    /// The commit with this full hash.
    pub(crate) async fn commit_of(
        &self,
        source: &StackSource,
        hash: &str,
    ) -> Result<Commit, OpError> {
        self.mirror(source)?.commit(hash).await.map_err(of_git)
    }

    fn mirror(&self, source: &StackSource) -> Result<Mirror, OpError> {
        let url = self.repository_url(source)?;
        let git = self.git()?;
        let source = git
            .source(&url)
            .map_err(|error| OpError::invalid(format!("repositoryURL: {error}")))?;
        git.mirror(&source).map_err(of_git)
    }

    fn git(&self) -> Result<&Git, OpError> {
        self.git.as_ref().ok_or_else(|| {
            OpError::Unavailable("this server was started without git: tell its operator".into())
        })
    }

    /// The namespace of a source that names none: clients leave it out and read it back.
    pub(crate) fn default_namespace(&self) -> &str {
        self.account.as_str()
    }
}

fn filled_in(template: &str, namespace: &str, repository: &str) -> Result<String, OpError> {
    check_path("namespace", namespace)?;
    check_path("repository", repository)?;
    Ok(template
        .replace(NAMESPACE, namespace)
        .replace(REPOSITORY, repository))
}

/// Segments go into a URL or a path as they are, so nothing in them may mean something there.
fn check_path(field: &str, text: &str) -> Result<(), OpError> {
    let plain = |segment: &str| {
        !segment.is_empty()
            && !segment.starts_with(['.', '-'])
            && segment
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
    };
    if text.split('/').all(plain) {
        return Ok(());
    }
    Err(OpError::invalid(format!(
        "{field} {} is no name of a repository or its owner: segments of letters, digits, `.`, \
         `_` and `-`, joined by `/`, none of them beginning with `.` or `-`",
        Quoted(text)
    )))
}

fn of_git(error: GitError) -> OpError {
    match error {
        GitError::Unreachable { .. } | GitError::TimedOut { .. } => {
            OpError::Unavailable(error.to_string())
        }
        GitError::NoProgram { .. } | GitError::Io { .. } | GitError::Failed { .. } => {
            OpError::internal("read the repository", error)
        }
        other => OpError::invalid(other.to_string()),
    }
}

#[cfg(test)]
mod tests;
