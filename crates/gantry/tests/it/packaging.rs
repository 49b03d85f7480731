//! The units for systemd: systemd itself understands them, and their times fit ours.

use std::path::{Path, PathBuf};
use std::process::Command;

fn units() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packaging/systemd");
    ["gantry.service", "gantry-worker.service"]
        .map(|name| folder.join(name))
        .to_vec()
}

fn setting<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    text.lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
}

#[test]
fn a_stop_leaves_time_for_children_to_end_in_order() {
    let reference = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/configuration.md");
    let reference = std::fs::read_to_string(reference).unwrap();
    let line = reference
        .lines()
        .find(|line| line.contains("`run.stop_grace`"))
        .unwrap();
    let grace: u64 = line.split('`').nth(5).unwrap().parse().unwrap();
    for unit in units() {
        let text = std::fs::read_to_string(&unit).unwrap();
        let patience: u64 = setting(&text, "TimeoutStopSec").unwrap().parse().unwrap();
        // The server waits for its worker for 15 s more than for a child.
        assert!(patience >= grace + 15 + 30, "{}", unit.display());
        assert_eq!(setting(&text, "KillMode"), Some("mixed"));
        assert_eq!(setting(&text, "Delegate"), Some("yes"));
    }
}

/// Where there is no systemd, its own judgement is left to those who have it.
#[test]
fn systemd_understands_the_units() {
    let folder = tempfile::tempdir().unwrap();
    let mut copies = vec![];
    for unit in units() {
        // It looks for the programs too.
        let text = std::fs::read_to_string(&unit).unwrap();
        let text = text.replace("/usr/bin/gantry ", "/bin/true ");
        let copy = folder.path().join(unit.file_name().unwrap());
        std::fs::write(&copy, text).unwrap();
        copies.push(copy);
    }
    let verified = Command::new("systemd-analyze")
        .arg("verify")
        .args(&copies)
        .output();
    match verified {
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(
                output.status.success() && !said.contains(".service:"),
                "{said}"
            );
        }
        Err(error) => {
            let place = std::env::var_os("CI").is_none();
            assert!(
                place,
                "the units are not checked without systemd-analyze: {error}"
            );
            eprintln!("the units are not checked: there is no systemd-analyze ({error})");
        }
    }
}
