use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;

#[test]
fn a_project_root_stays_inside() {
    for (text, path) in [
        ("", ""),
        (".", ""),
        ("/", ""),
        ("a/b", "a/b"),
        ("/a/./b/", "a/b"),
    ] {
        assert_eq!(
            ProjectRoot::parse(text).unwrap().below(Path::new("")),
            Path::new(path),
            "{text}"
        );
    }
    for text in ["..", "a/../b", "a/..", "/../x", "a\0b"] {
        assert!(ProjectRoot::parse(text).is_err(), "{text}");
    }
}

#[test]
fn a_project_root_that_is_missing_or_a_link_is_named() {
    let source = tempfile::tempdir().unwrap();
    std::fs::create_dir(source.path().join("real")).unwrap();
    symlink("/etc", source.path().join("link")).unwrap();
    std::fs::write(source.path().join("file"), "").unwrap();
    let check = |text: &str| ProjectRoot::parse(text).unwrap().check(source.path());
    assert!(check("real").is_ok());
    let error = check("infra/prod").unwrap_err().to_string();
    assert_eq!(error, "the branch has no directory `infra/prod`");
    assert!(check("file").is_err());
    let error = check("link/ssl").unwrap_err().to_string();
    assert!(error.contains("symbolic link `link`"), "{error}");
}

#[test]
fn removal_copes_with_whatever_is_there() {
    let directory = tempfile::tempdir().unwrap();
    let outside = directory.path().join("outside");
    std::fs::create_dir(&outside).unwrap();
    std::fs::write(outside.join("kept"), "").unwrap();
    let run = directory.path().join("run");
    std::fs::create_dir_all(run.join("closed/inner")).unwrap();
    std::fs::write(run.join("closed/inner/file"), "").unwrap();
    symlink(&outside, run.join("closed/link")).unwrap();
    for path in ["closed/inner", "closed"] {
        std::fs::set_permissions(run.join(path), std::fs::Permissions::from_mode(0o000)).unwrap();
    }
    // Deeper than a path can name: built from the inside out.
    let mut deep = directory.path().join("deep0");
    std::fs::create_dir(&deep).unwrap();
    for n in 1..3_000 {
        let next = directory.path().join(format!("deep{n}"));
        std::fs::create_dir(&next).unwrap();
        std::fs::rename(&deep, next.join("a-rather-long-name-of-a-directory")).unwrap();
        deep = next;
    }
    std::fs::rename(&deep, run.join("deep")).unwrap();
    removal::remove(&run).unwrap();
    assert!(!run.exists());
    assert!(outside.join("kept").exists());
    removal::remove(&run).unwrap();
}

#[test]
fn reading_follows_no_link() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    std::fs::write(at("plain"), "content").unwrap();
    symlink("/etc/passwd", at("link")).unwrap();
    symlink("/etc", at("directory")).unwrap();
    nix::unistd::mkfifo(&at("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let read = |name: &str, limit| tree::read_file(directory.path(), Path::new(name), limit);
    assert_eq!(read("plain", 7).unwrap().unwrap(), b"content");
    assert!(matches!(
        read("plain", 6),
        Err(WorkspaceError::TooLarge { .. })
    ));
    assert!(read("missing", 1).unwrap().is_none());
    for name in ["link", "directory/passwd", "pipe", "../outside"] {
        assert!(
            matches!(read(name, 1000), Err(WorkspaceError::NotRegular { .. })),
            "{name}"
        );
    }
}

#[test]
fn a_copy_keeps_links_and_modes_and_leaves_out_the_rest() {
    let directory = tempfile::tempdir().unwrap();
    let (from, to) = (directory.path().join("from"), directory.path().join("to"));
    std::fs::create_dir_all(from.join("root/.terraform/providers")).unwrap();
    std::fs::write(from.join("root/main.tf"), "x").unwrap();
    std::fs::write(from.join("run.sh"), "x").unwrap();
    std::fs::set_permissions(from.join("run.sh"), std::fs::Permissions::from_mode(0o4755)).unwrap();
    symlink("/oldroot/etc", from.join("link")).unwrap();
    nix::unistd::mkfifo(&from.join("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    tree::copy(&from, &to, &from.join("root/.terraform"), None).unwrap();
    assert_eq!(
        std::fs::read_to_string(to.join("root/main.tf")).unwrap(),
        "x"
    );
    assert!(!to.join("root/.terraform").exists() && !to.join("pipe").exists());
    assert_eq!(
        std::fs::read_link(to.join("link")).unwrap(),
        Path::new("/oldroot/etc")
    );
    let mode = std::fs::metadata(to.join("run.sh"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o7777, 0o755);
}

#[test]
fn only_harmless_additions_are_carried() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    let (planned, clean, into) = (at("planned"), at("clean"), at("carried"));
    std::fs::create_dir_all(&into).unwrap();
    let write = |root: &Path, name: &str| {
        let path = root.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "zip").unwrap();
    };
    for name in [
        "lambda.zip",
        "a/b/site.tar.gz",
        "extra/data.bin",
        "changed.zip",
        ".hidden/x.zip",
        "terraform.d/plugins/x.zip",
        "boto3.py",
        "more/evil.tf",
        "more/evil.tf.json",
        "more/evil.tofu",
        "more/x.auto.tfvars",
        "more/x.auto.tfvars.json",
        ".terraform.lock.hcl",
        "more/.terraformrc",
        "run.zip",
        "linked.zip",
        "file/under.zip",
    ] {
        write(&planned, name);
    }
    write(&clean, "changed.zip");
    write(&clean, "file");
    std::fs::set_permissions(
        planned.join("run.zip"),
        std::fs::Permissions::from_mode(0o755),
    )
    .unwrap();
    std::fs::hard_link(planned.join("linked.zip"), planned.join("second.zip")).unwrap();
    symlink("/etc/passwd", planned.join("link.zip")).unwrap();
    symlink("/etc", planned.join("directory")).unwrap();

    let carry = Carry::new(["extra/*", "more/**", "**/.*"]).unwrap();
    let carried = carried::collect(&planned, &clean, &into, &carry).unwrap();
    let paths: Vec<&str> = carried
        .iter()
        .filter_map(|file| file.path.to_str())
        .collect();
    assert_eq!(paths, ["a/b/site.tar.gz", "extra/data.bin", "lambda.zip"]);

    carried::place(&into, &carried, &clean, None).unwrap();
    assert_eq!(
        std::fs::read_to_string(clean.join("a/b/site.tar.gz")).unwrap(),
        "zip"
    );
    assert!(!clean.join("more").exists());

    // What was sealed is what is placed.
    std::fs::write(into.join("lambda.zip"), "piz").unwrap();
    assert!(carried::place(&into, &carried, &clean, None).is_err());
    let forged = CarriedFile {
        path: "x/../main.tf".into(),
        ..carried[0].clone()
    };
    assert!(carried::place(&into, &[forged], &clean, None).is_err());

    std::fs::create_dir(at("into")).unwrap();
    let mut little = Carry::new([]).unwrap();
    little.most_bytes = 5;
    let error = carried::collect(&planned, &at("none"), &at("into"), &little).unwrap_err();
    assert!(matches!(error, WorkspaceError::TooMuchToCarry { .. }));
}
