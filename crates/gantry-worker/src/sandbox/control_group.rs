//! Control groups: the kernel holds memory and the number of processes of each child, all it starts
//! included.
//!
//! The worker makes one group of its own, below the one it runs in or the one that the installation
//! names, and in it one for each child, which the child enters before it becomes anything else. Version 2 and
//! the older one, where each controller has a hierarchy of its own, differ in names of files only.
//! What is said to be in force has been tried.
//!
//! Nothing kills the whole group when memory ends: the kernel takes the largest process, often a
//! provider, and the tool has the chance to save its state. The watch ends the child for it.

mod place;

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use place::{Place, Version};
use sha2::{Digest, Sha256};

/// Between two attempts to remove a group whose last process the kernel has not forgotten yet, and
/// how many there are.
const REMOVAL: (Duration, u32) = (Duration::from_millis(2), 250);

/// Whether children get control groups.
pub(crate) enum ControlGroups {
    Used(Groups),
    /// The sentence says why not.
    Missing(String),
}

/// The worker's own groups: one directory, or one for each controller.
pub(crate) struct Groups {
    place: Place,
}

/// One child's.
pub(crate) struct ControlGroup {
    place: Place,
}

/// What the kernel has done to a child.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Events {
    /// Processes killed because memory was used up.
    pub killed: u64,
    /// Processes or threads that were not started.
    pub refused: u64,
}

impl ControlGroups {
    /// `named`: the setting. The caller holds the lock of `directory`, the worker's own: groups that
    /// belong to it are those of a predecessor, whose processes end here. `uid`: one that children
    /// have.
    pub fn open(named: &str, directory: &Path, uid: Option<u32>) -> Self {
        let digest = Sha256::digest(directory.as_os_str().as_encoded_bytes());
        let name = format!("gantry-{}", hex::encode(&digest[..8]));
        let groups = match place::find(named, &name) {
            Ok(place) => Groups { place },
            Err(why) => return ControlGroups::Missing(why),
        };
        groups.sweep();
        match groups.try_out(uid) {
            Ok(()) => ControlGroups::Used(groups),
            Err(error) => ControlGroups::Missing(format!(
                "a control group at {} can't be used: {error}",
                groups.place.memory.display()
            )),
        }
    }

    /// A group for one child; `None` where there are none. 0 is no limit.
    pub fn group(&self, memory: u64, processes: u64) -> std::io::Result<Option<ControlGroup>> {
        match self {
            ControlGroups::Used(groups) => groups.group(memory, processes).map(Some),
            ControlGroups::Missing(_) => Ok(None),
        }
    }
}

impl std::fmt::Display for ControlGroups {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ControlGroups::Used(groups) => write!(
                f,
                "held by control groups (version {}) below {}",
                match groups.place.version {
                    Version::One => 1,
                    Version::Two => 2,
                },
                groups.place.memory.display()
            ),
            ControlGroups::Missing(why) => write!(
                f,
                "watched once a second and not held by the kernel, since {why}"
            ),
        }
    }
}

impl Groups {
    fn group(&self, memory: u64, processes: u64) -> std::io::Result<ControlGroup> {
        let place = self.place.below(&ulid::Ulid::generate().to_string());
        place.create()?;
        let group = ControlGroup { place };
        group.limit(memory, processes)?;
        Ok(group)
    }

    /// Ends what a predecessor has left.
    fn sweep(&self) {
        let left = std::fs::read_dir(&self.place.memory).into_iter().flatten();
        let also = std::fs::read_dir(&self.place.processes)
            .into_iter()
            .flatten();
        for entry in left.chain(also).flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir())
                && let Some(name) = entry.file_name().to_str()
            {
                let group = ControlGroup {
                    place: self.place.below(name),
                };
                tracing::info!(
                    group = name,
                    "removing the control group of an earlier child"
                );
                drop(group);
            }
        }
    }

    /// Starts a process of a child's user in a group, as every child is started.
    fn try_out(&self, uid: Option<u32>) -> std::io::Result<()> {
        let group = self.group(64 << 20, 16)?;
        let doors = group.doors()?;
        let raw: Vec<i32> = doors.iter().map(AsRawFd::as_raw_fd).collect();
        let mut command = std::process::Command::new("/bin/true");
        command.env_clear();
        if let Some(uid) = uid {
            command.uid(uid).gid(uid);
        }
        // SAFETY: system calls only.
        unsafe { command.pre_exec(move || enter(&raw)) };
        match command.status()?.success() {
            true => Ok(()),
            false => Err(std::io::Error::other("a process in it ended with an error")),
        }
    }
}

impl Drop for Groups {
    fn drop(&mut self) {
        self.place.remove();
    }
}

impl ControlGroup {
    fn limit(&self, memory: u64, processes: u64) -> std::io::Result<()> {
        let Place {
            version,
            memory: of_memory,
            processes: of_processes,
        } = &self.place;
        if processes > 0 {
            write(of_processes, "pids.max", &processes.to_string())?;
        }
        if memory > 0 {
            let memory = memory.to_string();
            match version {
                Version::Two => {
                    write(of_memory, "memory.max", &memory)?;
                    // Where the kernel counts no swap, there is nothing to forbid.
                    let _ = write(of_memory, "memory.swap.max", "0");
                }
                Version::One => {
                    write(of_memory, "memory.limit_in_bytes", &memory)?;
                    let _ = write(of_memory, "memory.memsw.limit_in_bytes", &memory);
                }
            }
        }
        Ok(())
    }

    /// Open files by which a process [`enter`]s.
    ///
    /// In the older version by the file for threads: a child between fork and exec is one thread, and
    /// to move a whole process the kernel stops every other fork and exit for a grace period, some
    /// 15 ms. Version 2 has no such file between groups of processes.
    pub fn doors(&self) -> std::io::Result<Vec<OwnedFd>> {
        let door = match self.place.version {
            Version::One => "tasks",
            Version::Two => "cgroup.procs",
        };
        let open = |directory: &Path| {
            let file = OpenOptions::new().write(true).open(directory.join(door))?;
            super::out_of_the_way(file.into())
        };
        self.place.directories().map(open).collect()
    }

    pub fn events(&self) -> Events {
        let of_memory = match self.place.version {
            Version::Two => "memory.events",
            Version::One => "memory.oom_control",
        };
        Events {
            killed: count(&self.place.memory.join(of_memory), "oom_kill"),
            refused: count(&self.place.processes.join("pids.events"), "max"),
        }
    }

    /// All processes, whatever they are to each other.
    pub fn kill(&self) {
        if write(&self.place.memory, "cgroup.kill", "1").is_ok() {
            return;
        }
        for directory in self.place.directories() {
            let listed = std::fs::read_to_string(directory.join("cgroup.procs"));
            for pid in listed.iter().flat_map(|text| text.lines()) {
                if let Ok(pid) = pid.parse::<i32>()
                    && pid > 0
                {
                    // SAFETY: two numbers.
                    unsafe { libc::kill(pid, libc::SIGKILL) };
                }
            }
        }
    }

    /// Ends whatever is in it. Nothing happens where it is gone already.
    pub fn remove(&self) {
        let (pause, attempts) = REMOVAL;
        for _ in 0..attempts {
            if self.place.remove() {
                return;
            }
            self.kill();
            std::thread::sleep(pause);
        }
        tracing::warn!(
            group = %self.place.memory.display(),
            "a control group can't be removed: a process in it does not end"
        );
    }
}

impl Drop for ControlGroup {
    fn drop(&mut self) {
        self.remove();
    }
}

/// Puts the calling process into the group that these files belong to. Between fork and exec.
pub(super) fn enter(doors: &[i32]) -> std::io::Result<()> {
    for door in doors {
        // SAFETY: writes one byte that lives for ever.
        if unsafe { libc::write(*door, c"0".as_ptr().cast(), 1) } != 1 {
            return Err(std::io::Error::last_os_error());
        }
    }
    Ok(())
}

fn write(directory: &Path, name: &str, text: &str) -> std::io::Result<()> {
    let path: PathBuf = directory.join(name);
    // Never made where it is missing.
    let mut file: File = OpenOptions::new().write(true).open(path)?;
    file.write_all(text.as_bytes())
}

/// The number behind a name in a file of `name number` lines.
fn count(path: &Path, name: &str) -> u64 {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let found = text.lines().find_map(|line| {
        let (key, number) = line.split_once(' ')?;
        (key == name).then(|| number.trim().parse().ok()).flatten()
    });
    found.unwrap_or_default()
}
