//! Text files that a reviewer reads and a test compares.

use std::path::Path;

/// Compares `actual` with `docs/generated/<name>`; with `BLESS=1` in the environment it writes the
/// file instead.
pub fn check(name: &str, actual: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../docs/generated")
        .join(name);
    if std::env::var_os("BLESS").is_some_and(|value| value == "1") {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, actual).unwrap();
        return;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    if expected == actual {
        return;
    }
    let line = expected
        .lines()
        .zip(actual.lines())
        .position(|(old, new)| old != new)
        .unwrap_or_else(|| expected.lines().count().min(actual.lines().count()));
    panic!(
        "docs/generated/{name} differs from line {} on.\n  there: {}\n  now:   {}\n\
         If the change is meant, run the test with BLESS=1 and review the diff.",
        line + 1,
        expected.lines().nth(line).unwrap_or("(nothing)"),
        actual.lines().nth(line).unwrap_or("(nothing)"),
    );
}
