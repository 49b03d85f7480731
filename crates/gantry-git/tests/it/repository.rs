//! A repository in a temporary directory, and our git with that directory as its only root.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use gantry_git::{Git, Mirror, Settings};
use tempfile::TempDir;

pub struct Repository {
    pub dir: TempDir,
    pub root: PathBuf,
    pub path: PathBuf,
}

impl Repository {
    /// An empty one, at `<temporary>/repos/code`, with the branch `main`.
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap().join("repos");
        let path = root.join("code");
        fs::create_dir_all(&path).unwrap();
        let repository = Self { dir, root, path };
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        repository
    }

    /// One with a commit on `main`.
    pub fn with_commit() -> (Self, String) {
        let repository = Self::new();
        let hash = repository.commit(&[("main.tf", "# one\n"), ("modules/a/a.tf", "# a\n")]);
        (repository, hash)
    }

    pub fn commit(&self, files: &[(&str, &str)]) -> String {
        for (name, text) in files {
            let path = self.path.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        self.git(&["add", "--all", "--force"]);
        self.commit_index()
    }

    /// Commits what is in the index, whatever lies in the work tree.
    pub fn commit_index(&self) -> String {
        self.git(&[
            "commit",
            "--quiet",
            "--allow-empty",
            "--message",
            "Change things\n\nA lot.",
        ]);
        self.git(&["rev-parse", "HEAD"])
    }

    pub fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .args(arguments)
            .current_dir(&self.path)
            .env_clear()
            .envs([
                ("PATH", "/usr/local/bin:/usr/bin:/bin"),
                ("GIT_CONFIG_NOSYSTEM", "1"),
                ("GIT_CONFIG_GLOBAL", "/dev/null"),
                ("GIT_AUTHOR_NAME", "Ada L"),
                ("GIT_AUTHOR_EMAIL", "12+ada@users.noreply.github.com"),
                ("GIT_COMMITTER_NAME", "Ada L"),
                ("GIT_COMMITTER_EMAIL", "ada@example.test"),
                ("GIT_COMMITTER_DATE", "1700000000 +0000"),
            ])
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {arguments:?}: {stderr}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    pub fn settings(&self) -> Settings {
        Settings {
            local_roots: vec![self.root.clone()],
            ..Settings::new(self.dir.path().join("cache"))
        }
    }

    pub fn mirror(&self) -> Mirror {
        let git = Git::open(self.settings()).unwrap();
        let source = git.source(self.path.to_str().unwrap()).unwrap();
        git.mirror(&source).unwrap()
    }

    /// A place to check out into; it isn't there yet.
    pub fn dest(&self, name: &str) -> PathBuf {
        self.dir.path().join("out").join(name)
    }
}

/// All files and links below `dir`, relative and sorted.
pub fn listing(dir: &Path) -> Vec<String> {
    fn walk(base: &Path, dir: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(dir).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                walk(base, &entry.path(), found);
            } else {
                found.push(
                    entry
                        .path()
                        .strip_prefix(base)
                        .unwrap()
                        .display()
                        .to_string(),
                );
            }
        }
    }
    let mut found = Vec::new();
    walk(dir, dir, &mut found);
    found.sort();
    found
}
