use std::io::Write;
use std::os::unix::fs::symlink;

use super::*;

#[test]
fn a_file_with_holes_counts_as_long_as_it_says() {
    let directory = tempfile::tempdir().unwrap();
    let file = File::create(directory.path().join("sparse")).unwrap();
    file.set_len(1 << 40).unwrap();
    let used = files(directory.path(), |_| false);
    assert_eq!((used.number, used.bytes >= 1 << 40), (1, true));
}

#[test]
fn links_are_not_followed_and_empty_files_are_counted() {
    let directory = tempfile::tempdir().unwrap();
    symlink("/", directory.path().join("everything")).unwrap();
    for n in 0..100 {
        File::create(directory.path().join(n.to_string())).unwrap();
    }
    assert_eq!(files(directory.path(), |_| false).number, 101);
    assert_eq!(files(directory.path(), |used| used.number >= 7).number, 7);
}

#[test]
fn what_lies_deeper_than_any_path_is_counted() {
    let directory = tempfile::tempdir().unwrap();
    let name = "d".repeat(200);
    let mut path = directory.path().to_path_buf();
    // Held open, since a path through /proc ends with its descriptor.
    let mut held = Vec::new();
    for _ in 0..60 {
        path.push(&name);
        std::fs::create_dir(&path).unwrap();
        let opened = open(&path).unwrap();
        path = format!("/proc/self/fd/{}", opened.as_raw_fd()).into();
        held.push(opened);
    }
    let mut file = File::create(path.join("deep")).unwrap();
    file.write_all(&[0; 100_000]).unwrap();
    let used = files(directory.path(), |_| false);
    assert_eq!(used.number, 61);
    assert!(used.bytes >= 100_000, "{used:?}");
}

#[test]
fn a_file_without_a_name_is_still_there() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("gone");
    let mut file = File::create(&path).unwrap();
    file.write_all(&[1; 1 << 20]).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(files(directory.path(), |_| false), Files::default());
    let held = nameless(directory.path(), std::process::id().cast_signed());
    assert!(held >= 1 << 20, "{held}");
}
