use gantry_core::quoted::Quoted;

/// Why git gave nothing. The sentences are for users; none carries a secret.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    #[error("repository {source_url} does not exist, or there is no git repository at that place")]
    RepositoryNotFound { source_url: String },
    #[error(
        "repository {source_url} asks for a user name: it does not exist or it is private, and \
         private repositories are not supported by a plain URL"
    )]
    CredentialsAsked { source_url: String },
    #[error("repository {source_url} can't be reached: {detail}")]
    Unreachable { source_url: String, detail: String },
    #[error("repository {source_url} did not answer within {seconds} s; try again")]
    TimedOut { source_url: String, seconds: u64 },
    #[error("repository {source_url} has no branch {}", Quoted(.branch))]
    BranchNotFound { source_url: String, branch: String },
    #[error(
        "repository {source_url} has no commit {commit}, or its server does not hand out single \
         commits"
    )]
    CommitNotFound { source_url: String, commit: String },
    #[error("`branch` {} is not a branch name: {rule}", Quoted(.branch))]
    BranchName { branch: String, rule: &'static str },
    #[error("{} is not a commit: give the full hash, 40 hexadecimal digits", Quoted(.commit))]
    CommitHash { commit: String },
    #[error("commit {commit} of {source_url} has nothing at {}", Quoted(.path))]
    PathNotFound {
        source_url: String,
        commit: String,
        path: String,
    },
    #[error("repository {source_url} can't be used: {rule}")]
    LocalRepository {
        source_url: String,
        rule: &'static str,
    },
    #[error("local root `{root}` can't be used: {detail}; create the directory or remove the root")]
    LocalRoot { root: String, detail: String },
    #[error("directory `{path}` is not empty, so nothing was checked out into it")]
    NotEmpty { path: String },
    #[error(
        "there is no `git` in {search_path}; install it, or name the binary in the configuration"
    )]
    NoProgram { search_path: String },
    #[error("git {operation} failed: {detail}")]
    Failed {
        operation: &'static str,
        detail: String,
    },
    #[error("{what}: {error}")]
    Io {
        what: String,
        #[source]
        error: std::io::Error,
    },
}

impl GitError {
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |error| GitError::Io { what, error }
    }
}

/// What git said about a source, as an error of ours. `LC_ALL=C` makes the words reliable.
pub(crate) fn from_stderr(operation: &'static str, source_url: &str, stderr: &str) -> GitError {
    let source_url = source_url.to_owned();
    let said = |words: &[&str]| words.iter().any(|word| stderr.contains(word));
    if said(&[
        "could not read Username",
        "could not read Password",
        "Authentication failed",
    ]) {
        GitError::CredentialsAsked { source_url }
    } else if said(&[
        "unable to access",
        "Could not resolve",
        "early EOF",
        "hung up unexpectedly",
    ]) && !said(&["returned error: 404", "not found"])
    {
        GitError::Unreachable {
            source_url,
            detail: last_words(stderr),
        }
    } else if said(&[
        "not found",
        "does not appear to be a git repository",
        "does not exist",
    ]) {
        GitError::RepositoryNotFound { source_url }
    } else {
        GitError::Failed {
            operation,
            detail: last_words(stderr),
        }
    }
}

/// The last line that says something, without what a terminal would act upon. A remote may have
/// written it.
pub(crate) fn last_words(stderr: &str) -> String {
    let line = stderr
        .lines()
        .map(str::trim)
        .rfind(|line| {
            !line.is_empty()
                && !line.starts_with("and the repository exists")
                && !line.starts_with("Please make sure")
        })
        .unwrap_or("it gave no reason");
    let line = line
        .strip_prefix("fatal: ")
        .or(line.strip_prefix("error: "))
        .unwrap_or(line);
    line.chars()
        .filter(|character| !character.is_control())
        .take(300)
        .collect()
}
