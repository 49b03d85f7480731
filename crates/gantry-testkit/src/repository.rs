//! Git repositories with infrastructure code, as users have them.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// A repository with a work tree. Whoever made the folder above it removes it.
#[derive(Clone, Debug)]
pub struct Repository {
    path: PathBuf,
}

impl Repository {
    /// Makes one with these files on its branch `main`.
    pub fn create(folder: &Path, name: &str, files: &[(&str, &str)]) -> Result<Self> {
        let repository = Self {
            path: folder.join(name),
        };
        std::fs::create_dir_all(&repository.path)?;
        repository.git(&["init", "--quiet", "--initial-branch=main"])?;
        repository.commit("First version", files)?;
        Ok(repository)
    }

    /// One that was made before.
    pub fn at(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the files and commits everything; answers with the commit.
    pub fn commit(&self, message: &str, files: &[(&str, &str)]) -> Result<String> {
        for (name, content) in files {
            let file = self.path.join(name);
            if let Some(parent) = file.parent() {
                std::fs::create_dir_all(parent)?;
            }
            std::fs::write(file, content)?;
        }
        self.git(&["add", "--all"])?;
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message])?;
        self.git(&["rev-parse", "HEAD"])
    }

    /// Commits on a branch of its own, made from where we are, and comes back to `main`.
    pub fn commit_on(&self, branch: &str, message: &str, files: &[(&str, &str)]) -> Result<String> {
        self.git(&["checkout", "--quiet", "-B", branch])?;
        let commit = self.commit(message, files)?;
        self.git(&["checkout", "--quiet", "main"])?;
        Ok(commit)
    }

    /// Runs git in it, without the settings of whoever runs the tests.
    pub fn git(&self, arguments: &[&str]) -> Result<String> {
        let output = Command::new("git")
            .args(arguments)
            .current_dir(&self.path)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            .envs([
                ("GIT_AUTHOR_NAME", "Ada"),
                ("GIT_AUTHOR_EMAIL", "ada@example.com"),
                ("GIT_COMMITTER_NAME", "Ada"),
                ("GIT_COMMITTER_EMAIL", "ada@example.com"),
            ])
            .output()
            .context("git can't be started: install it")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "git {arguments:?} failed: {said}");
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

/// A backend that keeps the state in a bucket of the AWS double, with the phase's credentials.
pub fn s3_backend(endpoint: &str, bucket: &str, key: &str) -> String {
    s3_backend_with(endpoint, bucket, key, "")
}

/// The same with keys written into the code: for stacks whose phases have none.
pub fn s3_backend_with_keys(endpoint: &str, bucket: &str, key: &str) -> String {
    s3_backend_with(
        endpoint,
        bucket,
        key,
        "access_key                  = \"test\"\n    secret_key                  = \"test\"\n    ",
    )
}

fn s3_backend_with(endpoint: &str, bucket: &str, key: &str, more: &str) -> String {
    format!(
        r#"terraform {{
  backend "s3" {{
    bucket                      = "{bucket}"
    key                         = "{key}"
    region                      = "us-east-1"
    {more}endpoints                   = {{ s3 = "{endpoint}", sts = "{endpoint}", iam = "{endpoint}" }}
    use_path_style              = true
    use_lockfile                = true
    skip_credentials_validation = true
    skip_requesting_account_id  = true
    skip_metadata_api_check     = true
    skip_region_validation      = true
    skip_s3_checksum            = true
  }}
}}
"#
    )
}
