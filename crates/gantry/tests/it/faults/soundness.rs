//! What has to hold when every run has ended, whatever happened before.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use gantry_testkit::process::Process;

use super::{Database, Stage};

/// What may take a moment after the last run has ended: its lease is given back, its processes go.
const A_MOMENT: Duration = Duration::from_secs(20);

/// Each of these finds nothing.
const LEFT: [(&str, &str); 5] = [
    (
        "runs that have not ended",
        "SELECT id FROM run WHERE finished_at IS NULL",
    ),
    ("leases", "SELECT id FROM run WHERE lease_until IS NOT NULL"),
    (
        "stacks that are held",
        "SELECT id FROM stack WHERE blocker_run_id IS NOT NULL",
    ),
    (
        "stacks that are locked",
        "SELECT id FROM stack WHERE system_lock IS NOT NULL",
    ),
    ("states that are locked", "SELECT stack_id FROM state_lock"),
];

/// What the database says is among the objects.
const OBJECTS: &str = "SELECT object FROM run_log \
     UNION SELECT plan_object FROM run WHERE plan_object IS NOT NULL \
     UNION SELECT changes_object FROM run WHERE changes_object IS NOT NULL \
     UNION SELECT object FROM state_version";

impl Stage {
    /// With nothing at work any more.
    pub fn expect_sound(&self) {
        self.applies.expect_once_each();
        self.expect_no_processes();
        for (what, query) in LEFT {
            let begin = Instant::now();
            loop {
                let found = self.rows(query);
                if found.is_empty() {
                    break;
                }
                assert!(begin.elapsed() < A_MOMENT, "{what}: {found}");
                std::thread::sleep(Duration::from_millis(50));
            }
        }
        self.expect_whole();
        for object in self.rows(OBJECTS).lines() {
            let file = self.world.server.data_dir().join("objects").join(object);
            assert!(
                file.is_file(),
                "the database names an object that is not there: {object}"
            );
        }
    }

    /// No process of a child is left, and none of a server or a worker but those that run.
    fn expect_no_processes(&self) {
        let begin = Instant::now();
        loop {
            let left = self.strangers(|_| true);
            if left.is_empty() {
                return;
            }
            assert!(begin.elapsed() < A_MOMENT, "these are left: {left:?}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// No process goes on without a worker that knows of it.
    pub fn expect_no_orphans(&self) {
        let begin = Instant::now();
        loop {
            let family = Process::below(self.worker.pid());
            let left = self.strangers(|one| !family.contains(one));
            if left.is_empty() {
                return;
            }
            assert!(
                begin.elapsed() < A_MOMENT,
                "these outlived their worker: {left:?}"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn strangers(&self, is_one: impl Fn(&Process) -> bool) -> Vec<Process> {
        let mut left = Process::of_users(self.users.clone());
        left.retain(is_one);
        let server = &self.world.server;
        let mut known = vec![server.pid()];
        let mut places = vec![server.data_dir()];
        for worker in [Some(&self.worker), self.other.as_ref()]
            .into_iter()
            .flatten()
        {
            known.push(worker.pid());
            places.push(worker.data_dir());
        }
        let family: Vec<Process> = known.iter().flat_map(|pid| Process::below(*pid)).collect();
        for place in places {
            let mut named = Process::naming(&place);
            // The shells that keep them for the test are none of theirs.
            named.retain(|one| one.name != "sh" && !known.contains(&one.pid));
            left.extend(named.into_iter().filter(|one| !family.contains(one)));
        }
        left
    }

    fn expect_whole(&self) {
        match &self.database {
            Database::Sqlite => {
                let file = self.sqlite();
                assert_eq!(python(&file, "PRAGMA integrity_check"), "ok");
                assert_eq!(python(&file, "PRAGMA foreign_key_check"), "");
            }
            Database::Postgres { server, name } => server.check(name).unwrap(),
        }
    }

    /// One line each.
    fn rows(&self, query: &str) -> String {
        match &self.database {
            Database::Sqlite => python(&self.sqlite(), query),
            Database::Postgres { server, name } => server.run_sql(name, query).unwrap(),
        }
    }

    fn sqlite(&self) -> std::path::PathBuf {
        self.world.server.data_dir().join("gantry.sqlite")
    }
}

fn python(file: &Path, query: &str) -> String {
    let script = "import sqlite3, sys\n\
         found = sqlite3.connect(sys.argv[1], timeout=30).execute(sys.argv[2]).fetchall()\n\
         print('\\n'.join('|'.join(map(str, row)) for row in found))";
    let mut command = Command::new("python3");
    let output = command.args(["-c", script]).arg(file).arg(query).output();
    let output = output.expect("python3 is there");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
