//! Names that reach git's command line. Both are checked here although they only ever travel inside
//! a full ref name or after `--end-of-options`: two walls.

use crate::GitError;

/// Checks a branch name by git's own rules (`git check-ref-format`), and refuses a leading `-`.
pub fn valid_branch(branch: &str) -> Result<(), GitError> {
    let rule = if branch.is_empty() {
        "it is empty"
    } else if branch.len() > 244 {
        "it is longer than 244 bytes"
    } else if branch.starts_with('-') {
        "it begins with `-`"
    } else if branch.chars().any(|character| {
        character.is_control()
            || matches!(character, ' ' | '~' | '^' | ':' | '?' | '*' | '[' | '\\')
    }) {
        "it contains a space, a control character or one of ~ ^ : ? * [ \\"
    } else if branch.contains("..") || branch.contains("@{") || branch == "@" {
        "it contains `..` or `@{`, or is `@`"
    } else if branch.ends_with('.') {
        "it ends with `.`"
    } else if branch
        .split('/')
        .any(|part| part.is_empty() || part.starts_with('.'))
    {
        "a part between slashes is empty or begins with `.`"
    } else if branch.split('/').any(|part| part.ends_with(".lock")) {
        "a part between slashes ends with `.lock`"
    } else {
        return Ok(());
    };
    Err(GitError::BranchName {
        branch: branch.to_owned(),
        rule,
    })
}

/// Checks that `commit` is a full hash in lower case.
pub fn valid_commit(commit: &str) -> Result<(), GitError> {
    if is_hash(commit) {
        Ok(())
    } else {
        Err(GitError::CommitHash {
            commit: commit.to_owned(),
        })
    }
}

pub(crate) fn is_hash(text: &str) -> bool {
    text.len() == 40
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests;
