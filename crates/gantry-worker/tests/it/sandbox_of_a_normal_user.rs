//! The same tests once more without root: user namespaces of an ordinary user.

use crate::stage::root;

#[test]
fn the_other_tests_pass_for_a_normal_user() {
    use std::os::unix::process::CommandExt;
    if !root() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    // The test binary may lie where only root can walk to.
    let program = directory.path().join("it");
    // By another process: a child that another test starts meanwhile would keep our copy open.
    let copied = std::process::Command::new("cp")
        .arg(std::env::current_exe().unwrap())
        .arg(&program)
        .status()
        .unwrap();
    assert!(copied.success());
    for path in [directory.path(), &program] {
        std::os::unix::fs::chown(path, Some(USER), Some(USER)).unwrap();
    }
    let output = std::process::Command::new(&program)
        // Whole jobs are left out: where a metadata service answers on this machine, a worker that
        // can't filter it rightly takes none.
        .args([
            "--skip",
            "normal_user",
            "--skip",
            "job::",
            "--skip",
            "interrupted::",
            "--skip",
            "log_limit::",
            "--skip",
            "managed_state::",
            "--skip",
            "proxy::",
            "--skip",
            "provider_cache::",
            "--skip",
            "mounted_files::secret_files",
            "--skip",
            "mounted_files::a_file_that",
            // Only root and what a service manager gives has control groups.
            "--skip",
            "control_groups::",
            // The AWS double belongs to whoever builds.
            "--skip",
            "s3_backend::",
        ])
        .args(["--test-threads", "2"])
        .env("TMPDIR", directory.path())
        .env("HOME", directory.path())
        .current_dir(directory.path())
        .uid(USER)
        .gid(USER)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{text}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(
        text.contains("canaries_of_the_host_are_out_of_sight"),
        "{text}"
    );
}

const USER: u32 = 12_345;
