//! Processes of the machine, as far as `/proc` tells: to see that nothing outlives its server.

use std::collections::HashSet;
use std::time::{Duration, Instant};

/// One process. The start time keeps a later one with the same number apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Process {
    pub pid: i32,
    pub name: String,
    parent: i32,
    started: u64,
}

impl Process {
    pub fn find(pid: i32) -> Option<Self> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // `pid (name) state ppid …`; the name may hold spaces and parentheses.
        let (head, rest) = stat.rsplit_once(')')?;
        let rest: Vec<&str> = rest.split_whitespace().collect();
        if matches!(rest.first(), Some(&"Z" | &"X")) {
            return None;
        }
        Some(Self {
            pid,
            name: head.split_once('(')?.1.to_owned(),
            parent: rest.get(1)?.parse().ok()?,
            started: rest.get(19)?.parse().ok()?,
        })
    }

    pub fn is_alive(&self) -> bool {
        Self::find(self.pid).is_some_and(|found| found.started == self.started)
    }

    /// Every process of these users, as the machine counts them.
    pub fn of_users(users: std::ops::Range<u32>) -> Vec<Self> {
        Self::all(|pid| {
            let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
            let line = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
            let user = line.split_whitespace().next()?.parse().ok()?;
            Some(users.contains(&user))
        })
    }

    /// Every process whose command line names this path.
    pub fn naming(path: &std::path::Path) -> Vec<Self> {
        let path = path.display().to_string();
        Self::all(|pid| {
            let line = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
            Some(String::from_utf8_lossy(&line).contains(&path))
        })
    }

    fn all(wanted: impl Fn(i32) -> Option<bool>) -> Vec<Self> {
        let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        entries
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter(|pid| wanted(*pid).unwrap_or_default())
            .filter_map(Self::find)
            .collect()
    }

    /// Every process below `pid`, itself not included.
    pub fn below(pid: i32) -> Vec<Self> {
        let all = Self::all(|_| Some(true));
        let mut family = HashSet::from([pid]);
        loop {
            let before = family.len();
            family.extend(
                all.iter()
                    .filter(|one| family.contains(&one.parent))
                    .map(|one| one.pid)
                    .collect::<Vec<_>>(),
            );
            if family.len() == before {
                break;
            }
        }
        all.into_iter()
            .filter(|one| one.pid != pid && family.contains(&one.pid))
            .collect()
    }

    /// Waits until all of them have ended; answers with those that have not.
    pub fn wait_until_gone(processes: &[Self], patience: Duration) -> Vec<Self> {
        let begin = Instant::now();
        loop {
            let alive: Vec<Self> = processes
                .iter()
                .filter(|one| one.is_alive())
                .cloned()
                .collect();
            if alive.is_empty() || begin.elapsed() > patience {
                return alive;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}
