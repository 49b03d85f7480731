//! Text files that a reviewer reads and a test compares.

use std::path::{Path, PathBuf};

/// The root of the repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Compares `actual` with the file at `path`, relative to the repository's root; with `BLESS=1` in
/// the environment it writes the file instead.
#[track_caller]
pub fn assert_golden(path: &str, actual: &str) {
    let file = repository().join(path);
    if std::env::var_os("BLESS").is_some_and(|value| value == "1") {
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder).expect("the golden file's folder can be made");
        }
        std::fs::write(&file, actual).expect("the golden file can be written");
        return;
    }
    let expected = std::fs::read_to_string(&file).unwrap_or_default();
    if expected == actual {
        return;
    }
    let (mut old, mut new) = (expected.lines(), actual.lines());
    let mut line = 1;
    loop {
        match (old.next(), new.next()) {
            (Some(old), Some(new)) if old == new => line += 1,
            (old, new) => panic!(
                "{path} differs from line {line} on.\n  there: {}\n  now:   {}\n\
                 If the change is meant, run the test with BLESS=1 and review the diff.",
                old.unwrap_or("(nothing)"),
                new.unwrap_or("(nothing)"),
            ),
        }
    }
}
