//! The points that there are. One that nobody passes proves nothing, so each of them has to be passed, or
//! stand here with the reason why no run comes by.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use gantry_testkit::golden::repository;

use crate::faults::looped::Wish;

/// Points with a name.
const NAMED: [&str; 27] = [
    "a request to STS",
    "a commit is looked for",
    "a checkout",
    "a child",
    "a spool",
    "the end of a spool",
    "the spool's job.json",
    "the spool's log",
    "the spool's finished.json",
    "the spool's errored.tfstate",
    "a message: hello",
    "a message: claim",
    "a message: heartbeat",
    "a message: prepared",
    "a message: logs",
    "a message: plan",
    "a message: plan-json",
    "a message: errored-state",
    "a message: finished",
    "a message: released",
    "an object: log",
    "an object: plan",
    "an object: plan.json",
    "an object: changes.json",
    "an object: errored.tfstate",
    "an object: states",
    "the end of a child",
];

/// Commits that no run here comes by: files of `gantry-app` and `gantry-store`, or functions in them.
const ELSEWHERE: [(&str, &[&str]); 7] = [
    (
        "somebody changes what later runs find",
        &[
            "api_key",
            "attachment",
            "cloud_integration",
            "config_element",
            "context",
            "legacy_role",
            "login",
            "run/moves.rs run_prioritize_set",
            "run/trigger.rs run_discard_all",
            "session",
            "sign_on/",
            "space/",
            "stack/create.rs",
            "stack/delete.rs",
            "stack/tracked_commit.rs",
            "stack/update.rs",
            "stack/lock.rs stack_lock",
            "state/link.rs",
            "state/rollback.rs",
            "worker_pool.rs",
            "worker_token",
        ],
    ),
    (
        "once in the life of an installation, or of a key",
        &[
            "app.rs",
            "keyring/birth.rs add_data_key",
            "master_key/",
            "objects/mark.rs",
            "restore.rs",
            "restore/",
            "worker_authority.rs",
        ],
    ),
    (
        "private workers, which are told apart from shared ones by whom they are alone",
        &[
            "gateway/issued.rs",
            "worker_pool/",
            "gateway/claim.rs has_gone",
        ],
    ),
    (
        "by the clock, and later than a test can wait",
        &[
            "credentials.rs note_outlived",
            "gateway/caller.rs caller_with_token",
            "lease.rs end_what_is_due",
        ],
    ),
    (
        "a lock for a lost worker whose successor finds nothing to report in its spool",
        &["gateway/hello.rs bury"],
    ),
    (
        "a phase that gets no credentials, a state that is refused, a repository that may not be used",
        &[
            "credentials/mint.rs note_failed",
            "credentials/mint.rs try_first_use",
            "gateway/claim.rs take",
            "phase.rs fail_phase",
            "state/backend.rs note_state_refused",
        ],
    ),
    (
        "an answer with a run in it is lost: only after a kill at the commit before it",
        &["gateway/claim.rs hand_out_again"],
    ),
];

/// Each database keeps the end of a log in its own way, and only one has other servers beside it.
const ON_POSTGRES: [&str; 2] = ["run_log/shared.rs", "news/tell.rs"];
const ON_SQLITE: [&str; 1] = ["run_log.rs"];

pub fn expect_passed(passed: &BTreeMap<String, Wish>, on_postgres: bool) {
    let commits = commits();
    let not_here: &[&str] = match on_postgres {
        true => &ON_SQLITE,
        false => &ON_POSTGRES,
    };
    let elsewhere: Vec<&str> = ELSEWHERE
        .iter()
        .flat_map(|(_, names)| *names)
        .copied()
        .collect();
    let is_elsewhere = |name: &str| {
        not_here.iter().any(|one| name.starts_with(one))
            || elsewhere.iter().any(|one| match one.contains(' ') {
                true => name == *one,
                false => name.starts_with(one),
            })
    };
    let here = commits.iter().filter(|(_, name)| !is_elsewhere(name));
    let wanted: BTreeSet<String> = here
        .map(|(line, _)| line.as_str())
        .chain(NAMED)
        .flat_map(|what| [format!("before {what}"), format!("after {what}")])
        // It can only be seen.
        .filter(|point| point != "before the end of a child")
        .collect();
    let never: Vec<&String> = wanted
        .iter()
        .filter(|point| !passed.contains_key(*point))
        .collect();
    assert!(
        never.is_empty(),
        "nobody passes these points; let a wish of looped.rs pass them, or say here why no run does: \
         {never:#?}"
    );
    let unknown: Vec<&String> = passed
        .keys()
        .filter(|point| !wanted.contains(*point))
        .collect();
    assert!(
        unknown.is_empty(),
        "these points are passed and not in the list: {unknown:#?}"
    );
    println!("{} points, each of them passed", wanted.len());
}

/// Every line that commits a transaction, and a name for it: the file, the function, and
/// which one in that function, from the second on.
fn commits() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for part in ["crates/gantry-app/src", "crates/gantry-store/src"] {
        let place = repository().join(part);
        look((part, &place), &place, &mut found);
    }
    // The one place that all of them go through.
    found.retain(|(_, name)| !name.starts_with("db/query.rs"));
    found
}

fn look((part, root): (&str, &Path), directory: &Path, found: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(directory).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            look((part, root), &path, found);
            continue;
        }
        let file = path.strip_prefix(root).unwrap().display().to_string();
        if file.ends_with("tests.rs") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let (mut function, mut count) = (String::new(), 0);
        for (number, line) in text.lines().enumerate() {
            if let Some(name) = function_of(line) {
                (function, count) = (name, 0);
            }
            if line.contains(".commit()") {
                count += 1;
                let line = format!("{part}/{file}:{}", number + 1);
                let which = if count > 1 {
                    format!(" {count}")
                } else {
                    String::new()
                };
                found.push((line, format!("{file} {function}{which}")));
            }
        }
    }
}

fn function_of(line: &str) -> Option<String> {
    let before = line.trim_start();
    let (start, rest) = before.split_once("fn ")?;
    let is_one = start.is_empty() || start.starts_with("pub") || start == "async ";
    let name = rest.split(['(', '<']).next()?;
    is_one.then(|| name.to_owned())
}
