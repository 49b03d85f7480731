//! Repositories that try to run something, to read something else, or to write elsewhere.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use gantry_git::{Git, GitError};

use crate::repository::{Repository, listing};

/// A script that leaves a trace when it is run.
fn trap(repository: &Repository) -> (std::path::PathBuf, std::path::PathBuf) {
    let (script, trace) = (
        repository.dir.path().join("trap"),
        repository.dir.path().join("ran"),
    );
    fs::write(
        &script,
        format!("#!/bin/sh\ntouch {}\ncat\n", trace.display()),
    )
    .unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    (script, trace)
}

async fn use_it(repository: &Repository, hash: &str, dest: &str) -> Result<(), GitError> {
    let mirror = repository.mirror();
    mirror.resolve("main").await?;
    mirror.checkout(hash, &repository.dest(dest), &[]).await?;
    let paths = ["main.tf".to_owned()];
    mirror
        .checkout(hash, &repository.dest(&format!("{dest}-part")), &paths)
        .await
}

#[tokio::test]
async fn hooks_and_configuration_of_a_local_repository_run_nothing() {
    let (repository, hash) = Repository::with_commit();
    let (script, trace) = trap(&repository);
    let script = script.to_str().unwrap();
    for hook in [
        "post-checkout",
        "post-index-change",
        "pre-upload",
        "reference-transaction",
    ] {
        fs::copy(script, repository.path.join(".git/hooks").join(hook)).unwrap();
    }
    for (key, value) in [
        ("core.fsmonitor", script),
        ("core.hooksPath", repository.path.to_str().unwrap()),
        ("core.sshCommand", script),
        ("core.alternateRefsCommand", script),
        ("core.pager", script),
        ("core.editor", script),
        ("uploadpack.packObjectsHook", script),
        ("gpg.program", script),
        ("log.showSignature", "true"),
        ("filter.evil.smudge", script),
        ("filter.evil.process", script),
        ("credential.helper", script),
        ("alias.log", &format!("!{script}")),
        ("diff.external", script),
    ] {
        repository.git(&["config", key, value]);
    }
    use_it(&repository, &hash, "a").await.unwrap();
    assert!(!trace.exists());
}

#[tokio::test]
async fn attributes_in_the_tree_run_nothing_and_change_nothing() {
    let (repository, _) = Repository::with_commit();
    let (script, trace) = trap(&repository);
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n";
    let hash = repository.commit(&[
        (
            ".gitattributes",
            "*.tf filter=evil\n*.bin filter=lfs diff=lfs merge=lfs\n* ident\n",
        ),
        ("data.bin", pointer),
    ]);
    repository.git(&["config", "filter.evil.smudge", script.to_str().unwrap()]);
    repository.git(&["config", "filter.evil.required", "true"]);
    use_it(&repository, &hash, "a").await.unwrap();
    assert!(!trace.exists());
    let dest = repository.dest("a");
    assert_eq!(fs::read_to_string(dest.join("main.tf")).unwrap(), "# one\n");
    assert_eq!(fs::read_to_string(dest.join("data.bin")).unwrap(), pointer);
}

#[tokio::test]
async fn links_are_written_and_not_followed() {
    let (repository, _) = Repository::with_commit();
    let outside = repository.dir.path().join("outside");
    fs::create_dir_all(&outside).unwrap();
    symlink("/etc/shadow", repository.path.join("absolute")).unwrap();
    symlink("../../../..", repository.path.join("upwards")).unwrap();
    symlink(&outside, repository.path.join("door")).unwrap();
    repository.git(&["add", "--all"]);
    let hash = repository.commit_index();
    use_it(&repository, &hash, "a").await.unwrap();
    let dest = repository.dest("a");
    for name in ["absolute", "upwards", "door"] {
        assert!(
            fs::symlink_metadata(dest.join(name)).unwrap().is_symlink(),
            "{name}"
        );
    }
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
}

/// Makes a commit of a tree that the ordinary commands would not make.
fn commit_of(repository: &Repository, entries: &[(&str, &str, &str)]) -> String {
    let mut input = Vec::new();
    for (mode, name, content) in entries {
        let hash = match *mode {
            "160000" => "0123456789012345678901234567890123456789".to_owned(),
            _ => {
                let path = repository.dir.path().join("blob");
                fs::write(&path, content).unwrap();
                repository.git(&["hash-object", "-w", path.to_str().unwrap()])
            }
        };
        input.extend_from_slice(format!("{mode} {name}\0").as_bytes());
        input.extend((0..20).map(|i| u8::from_str_radix(&hash[2 * i..2 * i + 2], 16).unwrap()));
    }
    let path = repository.dir.path().join("tree");
    fs::write(&path, input).unwrap();
    let path = path.to_str().unwrap();
    let tree = repository.git(&["hash-object", "-t", "tree", "--literally", "-w", path]);
    let commit = repository.git(&["commit-tree", &tree, "-m", "Odd"]);
    repository.git(&["update-ref", "refs/heads/main", &commit]);
    commit
}

#[tokio::test]
async fn a_tree_can_not_write_outside_of_its_directory() {
    let (repository, _) = Repository::with_commit();
    let outside = repository.dir.path().join("outside");
    fs::create_dir_all(&outside).unwrap();
    for (number, name) in [
        "..",
        ".",
        ".git",
        ".GIT",
        "../escaped",
        "a/../../escaped",
        "git~1",
    ]
    .iter()
    .enumerate()
    {
        let hash = commit_of(&repository, &[("100644", name, "x")]);
        let dest = repository.dest(&number.to_string());
        let answer = repository.mirror().checkout(&hash, &dest, &[]).await;
        assert!(answer.is_err(), "{name}");
        assert!(listing(&dest).is_empty(), "{name}");
    }
    // A link, and a file "below" it.
    let link = outside.to_str().unwrap();
    let hash = commit_of(
        &repository,
        &[("120000", "door", link), ("100644", "door/in", "x")],
    );
    let _ = repository
        .mirror()
        .checkout(&hash, &repository.dest("door"), &[])
        .await;
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
    let written = listing(repository.dir.path());
    assert!(
        !written.iter().any(|name| name.ends_with("escaped")),
        "{written:?}"
    );
}

#[tokio::test]
async fn submodules_stay_empty() {
    let (repository, _) = Repository::with_commit();
    let (script, trace) = trap(&repository);
    let modules = format!(
        "[submodule \"x\"]\n\tpath = sub\n\turl = ext::{0}\n\tupdate = !{0}\n",
        script.display()
    );
    let hash = commit_of(
        &repository,
        &[
            ("100644", ".gitmodules", modules.as_str()),
            ("160000", "sub", ""),
        ],
    );
    let dest = repository.dest("a");
    repository
        .mirror()
        .checkout(&hash, &dest, &[])
        .await
        .unwrap();
    assert_eq!(listing(&dest), [".gitmodules"]);
    assert!(!trace.exists());
}

#[tokio::test]
async fn a_branch_name_is_no_option() {
    let (repository, hash) = Repository::with_commit();
    let (script, trace) = trap(&repository);
    let branch = format!("--upload-pack={}", script.display());
    let mirror = repository.mirror();
    for branch in [branch.as_str(), "-c", "--exec=x"] {
        let error = mirror.resolve(branch).await.unwrap_err();
        assert!(matches!(error, GitError::BranchName { .. }), "{error}");
    }
    let error = mirror
        .checkout("--help", &repository.dest("a"), &[])
        .await
        .unwrap_err();
    assert!(matches!(error, GitError::CommitHash { .. }), "{error}");
    let paths = [branch, "-f".to_owned()];
    assert!(
        mirror
            .checkout(&hash, &repository.dest("b"), &paths)
            .await
            .is_err()
    );
    assert!(!trace.exists());
}

/// The repository belongs to its users: they may point its parts at what they can't read themselves.
#[tokio::test]
async fn a_local_repository_can_not_lend_what_is_outside_of_the_roots() {
    let (repository, _) = Repository::with_commit();
    let secret = repository.dir.path().join("secret");
    fs::rename(repository.path.join(".git"), &secret).unwrap();
    let open = || {
        let git = Git::open(repository.settings()).unwrap();
        let source = git.source(repository.path.to_str().unwrap()).unwrap();
        git.mirror(&source).err().expect("it must be refused")
    };
    let dot_git = repository.path.join(".git");
    symlink(&secret, &dot_git).unwrap();
    assert!(matches!(open(), GitError::LocalRepository { .. }));

    fs::remove_file(&dot_git).unwrap();
    fs::write(&dot_git, format!("gitdir: {}\n", secret.display())).unwrap();
    assert!(matches!(open(), GitError::LocalRepository { .. }));

    fs::remove_file(&dot_git).unwrap();
    let lay_out = |dir: &Path| {
        fs::create_dir_all(dir).unwrap();
        fs::write(dir.join("HEAD"), "ref: refs/heads/main\n").unwrap();
    };
    lay_out(&dot_git);
    symlink(secret.join("objects"), dot_git.join("objects")).unwrap();
    assert!(matches!(open(), GitError::LocalRepository { .. }));

    fs::remove_file(dot_git.join("objects")).unwrap();
    fs::create_dir_all(dot_git.join("objects/info")).unwrap();
    let alternates = format!("{}\n", secret.join("objects").display());
    fs::write(dot_git.join("objects/info/alternates"), alternates).unwrap();
    assert!(matches!(open(), GitError::LocalRepository { .. }));
}

#[tokio::test]
async fn a_ref_file_is_only_believed_when_it_holds_a_hash() {
    let (repository, _) = Repository::with_commit();
    let heads = repository.path.join(".git/refs/heads");
    symlink("/etc/passwd", heads.join("passwd")).unwrap();
    fs::write(
        heads.join("up"),
        "ref: refs/heads/../../../../../etc/passwd\n",
    )
    .unwrap();
    fs::write(heads.join("loop"), "ref: refs/heads/loop\n").unwrap();
    let mirror = repository.mirror();
    for branch in ["passwd", "up", "loop"] {
        let error = mirror.resolve(branch).await.unwrap_err().to_string();
        assert!(!error.contains("root:"), "{error}");
    }
}

#[tokio::test]
async fn commit_text_is_only_text() {
    let (repository, _) = Repository::with_commit();
    let message = "\u{1b}[2Jhi\u{7}\n\nbody";
    repository.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
    let commit = repository.mirror().resolve("main").await.unwrap();
    assert_eq!(commit.message, message);
}
