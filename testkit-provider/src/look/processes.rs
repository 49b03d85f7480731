//! `/proc` of every other process: arguments, environment, root, directory, descriptors, memory.

use std::fs::File;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::Look;

const MOST_MEMORY: u64 = 96 << 20;
const PIECE: usize = 1 << 20;
/// So that nothing is missed where two pieces meet.
const OVERLAP: usize = 4096;

/// What could be had of one process.
#[derive(Serialize)]
pub struct Process {
    pid: i32,
    command: String,
    environment: bool,
    descriptors: usize,
    memory: u64,
    /// `root` leads to another tree than ours.
    foreign_root: bool,
}

impl Look {
    pub(super) fn processes(&mut self) {
        let own = std::process::id() as i32;
        let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        let mut pids: Vec<i32> = entries
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter(|pid| *pid != own)
            .collect();
        pids.sort_unstable();
        let mut foreign: Vec<(u64, u64)> = Vec::new();
        for pid in pids {
            let process = self.process(pid, &mut foreign);
            self.report.processes.push(process);
        }
        for name in [
            "keys",
            "key-users",
            "net/unix",
            "self/mountinfo",
            "self/cgroup",
            "cmdline",
        ] {
            self.file(&Path::new("/proc").join(name));
        }
    }

    fn process(&mut self, pid: i32, foreign: &mut Vec<(u64, u64)>) -> Process {
        let directory = PathBuf::from(format!("/proc/{pid}"));
        let place = |name: &str| format!("/proc/{pid}/{name}");
        let arguments = std::fs::read(directory.join("cmdline")).unwrap_or_default();
        self.search(&place("cmdline"), &arguments);
        let environment = std::fs::read(directory.join("environ"));
        if let Ok(bytes) = &environment {
            self.read_closely(&place("environ"), bytes);
        }
        for name in ["cwd", "exe", "root"] {
            if let Ok(target) = std::fs::read_link(directory.join(name)) {
                self.search(&place(name), target.as_os_str().as_encoded_bytes());
            }
        }
        let identity =
            |path: &Path| std::fs::metadata(path).map(|found| (found.dev(), found.ino()));
        let root = directory.join("root");
        let there = identity(&root)
            .ok()
            .filter(|root| identity(Path::new("/")).ok() != Some(*root));
        if let Some(there) = there.filter(|there| !foreign.contains(there)) {
            foreign.push(there);
            self.files_below(&root);
        }
        if identity(&directory.join("cwd")).is_ok() {
            for entry in std::fs::read_dir(directory.join("cwd"))
                .into_iter()
                .flatten()
                .flatten()
            {
                if entry.file_type().is_ok_and(|kind| kind.is_file()) {
                    self.file(&entry.path());
                }
            }
        }
        Process {
            pid,
            command: String::from_utf8_lossy(&arguments)
                .replace('\0', " ")
                .chars()
                .take(80)
                .collect(),
            environment: environment.is_ok(),
            descriptors: self.descriptors(&directory),
            memory: self.memory(&directory).unwrap_or_default(),
            foreign_root: there.is_some(),
        }
    }

    /// Opens what the descriptors of another process lead to.
    fn descriptors(&mut self, directory: &Path) -> usize {
        let entries = std::fs::read_dir(directory.join("fd"))
            .into_iter()
            .flatten()
            .flatten();
        let mut readable = 0;
        for entry in entries {
            let path = entry.path();
            let regular = std::fs::metadata(&path).is_ok_and(|found| found.is_file());
            if regular {
                readable += 1;
                self.file(&path);
            }
        }
        readable
    }

    /// Reads what the process has written itself. Answers with how much that was.
    fn memory(&mut self, directory: &Path) -> std::io::Result<u64> {
        let maps = std::fs::read_to_string(directory.join("maps"))?;
        let memory = File::open(directory.join("mem"))?;
        let place = directory.join("mem").display().to_string();
        let mut buffer = vec![0; PIECE];
        let mut read = 0;
        for (begin, end) in maps.lines().filter_map(writable_area) {
            let mut at = begin;
            while at < end && read < MOST_MEMORY {
                let length = PIECE.min((end - at) as usize);
                let Ok(count) = memory.read_at(&mut buffer[..length], at) else {
                    break;
                };
                if count == 0 {
                    break;
                }
                self.search(&place, &buffer[..count]);
                read += count as u64;
                at += if count > OVERLAP && at + (count as u64) < end {
                    count - OVERLAP
                } else {
                    count
                } as u64;
            }
        }
        Ok(read)
    }
}

/// `55e0c8a00000-55e0c8a21000 rw-p 00000000 00:00 0 [heap]`
fn writable_area(line: &str) -> Option<(u64, u64)> {
    let mut words = line.split(' ');
    let (begin, end) = words.next()?.split_once('-')?;
    words.next()?.starts_with("rw").then_some(())?;
    Some((
        u64::from_str_radix(begin, 16).ok()?,
        u64::from_str_radix(end, 16).ok()?,
    ))
}
