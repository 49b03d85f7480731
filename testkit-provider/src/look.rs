//! Searches everything that can be reached for canaries, for secrets that the test knows, for cloud
//! credentials and for places that can be written.

mod files;
mod keyrings;
mod keys;
mod metadata;
mod needles;
mod processes;
mod sockets;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use needles::Needles;

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Config {
    /// Secrets of the test, in the form of `report::unwrap`.
    needles: Vec<String>,
    /// Where to ask who a key belongs to.
    sts: Option<String>,
    /// For files; the rest is bounded by itself.
    seconds: u64,
    /// Files and directories to look at first; the usual places follow.
    places: Vec<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            needles: Vec::new(),
            sts: None,
            seconds: 20,
            places: Vec::new(),
        }
    }
}

/// What was found, and how much was looked at: a search that saw nothing proves nothing.
#[derive(Default, Serialize)]
pub struct Report {
    finds: BTreeSet<Find>,
    keys: Vec<keys::Key>,
    /// Access key IDs anywhere, in memory of others too; written backwards, since they are masked.
    key_ids: BTreeSet<String>,
    variables: Vec<String>,
    files: u64,
    bytes: u64,
    /// Directories that hold something and were not looked at to the end.
    unfinished: Vec<String>,
    writable: BTreeSet<String>,
    processes: Vec<processes::Process>,
    /// Keys of the kernel's keyrings that could be read.
    kernel_keys: u64,
    unix_sockets: Vec<sockets::Answer>,
    ports: Vec<sockets::Answer>,
    metadata: Vec<metadata::Answer>,
    seconds: f64,
}

#[derive(PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Find {
    what: String,
    form: &'static str,
    place: String,
}

struct Look {
    needles: Needles,
    report: Report,
    found_keys: keys::Found,
    files_until: Instant,
}

impl Look {
    /// Searches bytes that were read at `place`.
    fn search(&mut self, place: &str, bytes: &[u8]) {
        self.report.bytes += bytes.len() as u64;
        for (what, form) in self.needles.find(bytes) {
            self.find(what, form, place);
        }
        self.report.key_ids.extend(
            keys::ids(bytes)
                .into_iter()
                .map(|id| id.chars().rev().collect()),
        );
    }

    /// Bytes that a person can read at once: keys in it are tried.
    fn read_closely(&mut self, place: &str, bytes: &[u8]) {
        self.search(place, bytes);
        self.found_keys.collect(place, bytes);
    }

    fn find(&mut self, what: String, form: &'static str, place: &str) {
        let place = place.to_owned();
        self.report.finds.insert(Find { what, form, place });
    }
}

pub fn run(config: &str) -> anyhow::Result<String> {
    let config: Config = serde_json::from_str(config)?;
    let begin = Instant::now();
    let mut look = Look {
        needles: Needles::new(&config.needles)?,
        report: Report::default(),
        found_keys: keys::Found::default(),
        files_until: begin + Duration::from_secs(config.seconds),
    };
    look.variables();
    look.keyrings();
    look.processes();
    look.unix_sockets();
    look.ports();
    look.report.metadata = metadata::ask_all(&mut look);
    look.files(&config.places);
    if let Some(sts) = &config.sts {
        look.report.keys = look.found_keys.try_all(sts);
    }
    look.report.seconds = begin.elapsed().as_secs_f64();
    crate::report::wrap(&look.report)
}

impl Look {
    fn variables(&mut self) {
        use std::os::unix::ffi::OsStrExt;
        let mut all = Vec::new();
        for (name, value) in std::env::vars_os() {
            self.report
                .variables
                .push(name.to_string_lossy().into_owned());
            all.extend_from_slice(name.as_bytes());
            all.push(b'=');
            all.extend_from_slice(value.as_bytes());
            all.push(0);
        }
        self.report.variables.sort();
        self.read_closely("environment", &all);
    }
}
