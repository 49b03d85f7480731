//! What is asked of the source.

use std::ffi::OsString;
use std::fs;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::Mirror;
use crate::GitError;
use crate::branch::is_hash;
use crate::error::from_stderr;
use crate::local::{Local, Tip};
use crate::process::{Finished, Protocol};
use crate::source::Place;

impl Mirror {
    pub(super) async fn local_tip(
        &self,
        local: &Arc<Local>,
        branch: &str,
    ) -> Result<String, GitError> {
        let (local, name) = (local.clone(), branch.to_owned());
        let tip = tokio::task::spawn_blocking(move || local.tip(&name))
            .await
            .unwrap_or(Tip::Unknown);
        match tip {
            Tip::Hash(hash) => Ok(hash),
            Tip::None => Err(self.no_branch(branch)),
            Tip::Unknown => self.ask_tip(branch).await,
        }
    }

    /// A branch that was fetched before most likely has not moved: then asking is enough, which is
    /// one request less. Otherwise it is fetched at once.
    pub(super) async fn remote_tip(&self, branch: &str) -> Result<String, GitError> {
        if let Some(known) = self.fetched_tip(branch) {
            let hash = self.ask_tip(branch).await?;
            if hash == known {
                return Ok(hash);
            }
        }
        let refspec = format!("+refs/heads/{branch}:{}", tip_name(branch));
        let finished = self.fetch(&refspec).await?;
        if finished.success {
            self.fetched_tip(branch)
                .ok_or_else(|| self.no_branch(branch))
        } else if finished.stderr.contains("couldn't find remote ref") {
            Err(self.no_branch(branch))
        } else {
            Err(from_stderr(
                "fetch",
                &self.source.to_string(),
                &finished.stderr,
            ))
        }
    }

    /// Asks the repository for the tip of a branch and fetches nothing.
    async fn ask_tip(&self, branch: &str) -> Result<String, GitError> {
        let name = format!("refs/heads/{branch}");
        let arguments = ["ls-remote", "--end-of-options"].map(OsString::from);
        let arguments = arguments
            .into_iter()
            .chain([self.address(), OsString::from(&name)])
            .collect();
        let finished = self.talk("ls-remote", arguments).await?;
        if !finished.success {
            return Err(from_stderr(
                "ls-remote",
                &self.source.to_string(),
                &finished.stderr,
            ));
        }
        let output = finished.stdout_text();
        let found = output
            .lines()
            .filter_map(|line| line.split_once('\t'))
            .find(|(_, line_name)| *line_name == name);
        match found {
            Some((hash, _)) if is_hash(hash) => Ok(hash.to_owned()),
            Some(_) => Err(GitError::LocalRepository {
                source_url: self.source.to_string(),
                rule: "its hashes are not SHA-1",
            }),
            None => Err(self.no_branch(branch)),
        }
    }

    pub(super) async fn fetch_commit(&self, hash: &str) -> Result<(), GitError> {
        if self.local.is_some() {
            // Its objects are all here already.
            return Err(self.no_commit(hash));
        }
        let finished = self.fetch(hash).await?;
        let refused = [
            "not our ref",
            "unadvertised object",
            "couldn't find remote ref",
        ];
        if finished.success {
            Ok(())
        } else if refused.iter().any(|words| finished.stderr.contains(words)) {
            Err(self.no_commit(hash))
        } else {
            Err(from_stderr(
                "fetch",
                &self.source.to_string(),
                &finished.stderr,
            ))
        }
    }

    async fn fetch(&self, refspec: &str) -> Result<Finished, GitError> {
        let _lock = self.lock().await?;
        self.clear_leftovers();
        let arguments = [
            "fetch",
            "--quiet",
            "--depth=1",
            "--no-tags",
            "--no-write-fetch-head",
            "--no-auto-maintenance",
            "--no-recurse-submodules",
            "--end-of-options",
        ];
        let arguments = arguments.map(OsString::from).into_iter();
        let arguments = arguments
            .chain([self.address(), OsString::from(refspec)])
            .collect();
        self.talk("fetch", arguments).await
    }

    /// Runs a command that speaks with the source.
    async fn talk(
        &self,
        operation: &'static str,
        arguments: Vec<OsString>,
    ) -> Result<Finished, GitError> {
        let protocol = match self.source.place() {
            Place::Https(_) => Protocol::Https,
            Place::Local(_) => Protocol::File,
        };
        let environment = [("GIT_DIR", self.dir.as_os_str())];
        let arguments = arguments.iter().map(OsString::as_os_str);
        let answer = self
            .git
            .runner
            .start(operation, arguments, &environment, protocol)
            .await;
        answer.map_err(|error| match error {
            GitError::TimedOut { seconds, .. } => GitError::TimedOut {
                source_url: self.source.to_string(),
                seconds,
            },
            other => other,
        })
    }

    /// What the last fetch of this branch brought; the ref is ours and always a plain file.
    fn fetched_tip(&self, branch: &str) -> Option<String> {
        let text = fs::read_to_string(self.dir.join(tip_name(branch))).ok()?;
        let hash = text.trim_end();
        is_hash(hash).then(|| hash.to_owned())
    }

    fn address(&self) -> OsString {
        match self.source.place() {
            Place::Https(url) => url.into(),
            Place::Local(path) => path.into(),
        }
    }
}

/// The ref of ours for a branch of theirs. A digest, since `a` and `a/b` can't both be files.
fn tip_name(branch: &str) -> String {
    format!("refs/gantry/{}", hex::encode(&Sha256::digest(branch)[..16]))
}
