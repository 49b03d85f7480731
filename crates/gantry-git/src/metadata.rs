//! What a commit says about itself.

use std::collections::HashMap;

use gantry_core::commit::Commit;

use crate::source::{Place, Source};

/// `git log` with this format is parsed by [`parse`].
pub(crate) const FORMAT: &str = "--format=%H%x00%an%x00%ae%x00%ct%x00%B";

/// Longer messages are cut; they are shown on pages, not kept for their own sake.
const LONGEST_MESSAGE: usize = 16 * 1024;

pub(crate) fn parse(output: &str, source: &Source) -> Option<Commit> {
    let mut parts = output.splitn(5, '\0');
    let (hash, name, email, time, message) = (
        parts.next()?,
        parts.next()?,
        parts.next()?,
        parts.next()?,
        parts.next()?,
    );
    let mut message = message.trim_end().to_owned();
    if message.len() > LONGEST_MESSAGE {
        message.truncate(message.floor_char_boundary(LONGEST_MESSAGE));
    }
    Some(Commit {
        hash: hash.to_owned(),
        message,
        author_name: name.to_owned(),
        author_login: login(email),
        timestamp: time.parse().ok()?,
        url: page(source, hash),
    })
}

/// GitHub's private addresses carry the login; nothing else in a commit does.
fn login(email: &str) -> Option<String> {
    let local = email.strip_suffix("@users.noreply.github.com")?;
    let login = match local.split_once('+') {
        Some((number, login)) if number.bytes().all(|byte| byte.is_ascii_digit()) => login,
        _ => local,
    };
    (!login.is_empty()).then(|| login.to_owned())
}

/// Where a browser shows the commit, on the hosts whose addresses are known; the repository
/// otherwise.
fn page(source: &Source, hash: &str) -> String {
    match source.place() {
        Place::Local(path) => path.display().to_string(),
        Place::Https(url) => {
            let plain = url.strip_suffix(".git").unwrap_or(url);
            let host = url
                .strip_prefix("https://")
                .and_then(|rest| rest.split('/').next());
            match host {
                Some("github.com") => format!("{plain}/commit/{hash}"),
                Some("gitlab.com") => format!("{plain}/-/commit/{hash}"),
                Some("bitbucket.org") => format!("{plain}/commits/{hash}"),
                Some(_) | None => url.clone(),
            }
        }
    }
}

/// Commits that this process has read already, so that a branch that has not moved costs no process.
#[derive(Default)]
pub(crate) struct Seen {
    commits: HashMap<(Source, String), Commit>,
}

impl Seen {
    const MOST: usize = 1024;

    pub fn get(&self, source: &Source, hash: &str) -> Option<Commit> {
        self.commits
            .get(&(source.clone(), hash.to_owned()))
            .cloned()
    }

    pub fn put(&mut self, source: &Source, commit: &Commit) {
        if self.commits.len() >= Self::MOST {
            self.commits.clear();
        }
        self.commits
            .insert((source.clone(), commit.hash.clone()), commit.clone());
    }
}
