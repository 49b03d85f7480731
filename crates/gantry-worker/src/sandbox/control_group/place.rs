//! Where this machine lets the worker make control groups.

use std::path::{Path, PathBuf};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    One,
    Two,
}

/// The directories of one group; the same one twice where both controllers share a hierarchy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub version: Version,
    pub memory: PathBuf,
    pub processes: PathBuf,
}

impl Place {
    pub fn below(&self, name: &str) -> Place {
        Place {
            version: self.version,
            memory: self.memory.join(name),
            processes: self.processes.join(name),
        }
    }

    pub fn directories(&self) -> impl Iterator<Item = &Path> {
        let other = (self.processes != self.memory).then_some(self.processes.as_path());
        std::iter::once(self.memory.as_path()).chain(other)
    }

    pub fn create(&self) -> std::io::Result<()> {
        self.directories().try_for_each(std::fs::create_dir_all)
    }

    /// Whether nothing is left of it.
    pub fn remove(&self) -> bool {
        for directory in self.directories() {
            let _ = std::fs::remove_dir(directory);
        }
        self.directories().all(|directory| !directory.exists())
    }
}

/// A hierarchy that is mounted.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mounted {
    /// Which part of the hierarchy is there.
    root: String,
    point: PathBuf,
    version: Version,
    options: String,
}

/// Makes the group of this name below the one that the setting names, or below our own. The error is
/// half a sentence.
pub(super) fn find(named: &str, name: &str) -> Result<Place, String> {
    if named == "off" {
        return Err("worker.cgroup is off".into());
    }
    if !named.is_empty() && (!named.starts_with('/') || named.contains("..")) {
        return Err(format!(
            "worker.cgroup {named:?} is not the path of a control group, such as /gantry"
        ));
    }
    let mounted = mounted(&read("/proc/self/mountinfo")?);
    let own = read("/proc/self/cgroup")?;
    let controllers = |point: &Path| {
        std::fs::read_to_string(point.join("cgroup.controllers")).unwrap_or_default()
    };
    let two = mounted.iter().find(|mounted| {
        let offered = controllers(&mounted.point);
        let has = |wanted| offered.split_ascii_whitespace().any(|name| name == wanted);
        mounted.version == Version::Two && has("memory") && has("pids")
    });
    let place = match two {
        Some(two) => second(two, named, &own, name)?,
        None => first(&mounted, named, &own, name)?,
    };
    Ok(place)
}

fn second(mounted: &Mounted, named: &str, own: &str, name: &str) -> Result<Place, String> {
    let ours = match named {
        "" => own_path(own, "").ok_or("the worker is in no control group")?,
        named => named.to_owned(),
    };
    let mut base = inside(mounted, &ours);
    // Where we were put beside what we may make, by a service manager or by ourselves.
    if named.is_empty()
        && base.file_name().is_some_and(|name| name == BESIDE)
        && let Some(parent) = base.parent()
    {
        base = parent.to_path_buf();
    }
    let failed = |what: &str, path: &Path, error: std::io::Error| {
        format!(
            "{what} the control group {} failed ({error}): as a systemd service Gantry needs \
             `Delegate=memory pids`, otherwise name a group in worker.cgroup",
            path.display()
        )
    };
    std::fs::create_dir_all(&base).map_err(|error| failed("making", &base, error))?;
    if let Err(error) = share(&base) {
        // A group with processes of its own gives nothing to others.
        let delegated = base == mounted.point || is_delegated(&base);
        if !(named.is_empty() && delegated && error.raw_os_error() == Some(libc::EBUSY)) {
            return Err(failed("sharing out", &base, error));
        }
        step_aside(&base)
            .and_then(|()| share(&base))
            .map_err(|error| failed("sharing out", &base, error))?;
    }
    let directory = base.join(name);
    std::fs::create_dir_all(&directory)
        .and_then(|()| share(&directory))
        .map_err(|error| failed("making", &directory, error))?;
    Ok(Place {
        version: Version::Two,
        memory: directory.clone(),
        processes: directory,
    })
}

/// The group for processes beside the groups of children.
const BESIDE: &str = "main";

fn share(group: &Path) -> std::io::Result<()> {
    super::write(group, "cgroup.subtree_control", "+memory +pids")
}

/// Moves the processes of a group that was given to us, ours among them, one level down.
fn step_aside(group: &Path) -> std::io::Result<()> {
    let beside = group.join(BESIDE);
    std::fs::create_dir_all(&beside)?;
    for pid in std::fs::read_to_string(group.join("cgroup.procs"))?.lines() {
        match super::write(&beside, "cgroup.procs", pid) {
            // It has ended meanwhile.
            Err(error) if error.raw_os_error() == Some(libc::ESRCH) => {}
            moved => moved?,
        }
    }
    Ok(())
}

/// systemd marks what it gives away.
fn is_delegated(group: &Path) -> bool {
    use std::os::unix::ffi::OsStrExt;
    let Ok(path) = std::ffi::CString::new(group.as_os_str().as_bytes()) else {
        return false;
    };
    [c"user.delegate", c"trusted.delegate"].iter().any(|name| {
        let mut value = [0u8; 8];
        // SAFETY: two strings that end with NUL, and room for the value.
        let length = unsafe {
            libc::getxattr(
                path.as_ptr(),
                name.as_ptr(),
                value.as_mut_ptr().cast(),
                value.len(),
            )
        };
        length == 1 && value[0] == b'1'
    })
}

fn first(mounted: &[Mounted], named: &str, own: &str, name: &str) -> Result<Place, String> {
    let controller = |wanted: &str| {
        let found = mounted.iter().find(|mounted| {
            mounted.version == Version::One && mounted.options.split(',').any(|o| o == wanted)
        });
        let found = found.ok_or_else(|| {
            format!("this machine has no control groups for {wanted} that the worker can see")
        })?;
        let ours = match named {
            "" => own_path(own, wanted).ok_or("the worker is in no control group")?,
            named => named.to_owned(),
        };
        Ok::<_, String>(inside(found, &ours).join(name))
    };
    let place = Place {
        version: Version::One,
        memory: controller("memory")?,
        processes: controller("pids")?,
    };
    place.create().map_err(|error| {
        format!(
            "the control group {} can't be made: {error}",
            place.memory.display()
        )
    })?;
    // Older kernels count what is below only where they are told to; newer ones always do.
    let _ = super::write(&place.memory, "memory.use_hierarchy", "1");
    Ok(place)
}

/// Our own group, as `/proc/self/cgroup` names it; version 2 is the line without controllers.
fn own_path(own: &str, controller: &str) -> Option<String> {
    own.lines().find_map(|line| {
        let mut fields = line.splitn(3, ':');
        let (_, controllers, path) = (fields.next()?, fields.next()?, fields.next()?);
        let fits = controllers.split(',').any(|name| name == controller);
        fits.then(|| path.to_owned())
    })
}

fn inside(mounted: &Mounted, path: &str) -> PathBuf {
    let below = match path.strip_prefix(mounted.root.trim_end_matches('/')) {
        Some(below) => below,
        None => path,
    };
    mounted.point.join(below.trim_start_matches('/'))
}

fn mounted(mountinfo: &str) -> Vec<Mounted> {
    let line = |line: &str| {
        let (before, after) = line.split_once(" - ")?;
        let mut before = before.split(' ').skip(3);
        let (root, point) = (before.next()?, before.next()?);
        let mut after = after.split(' ');
        let version = match after.next()? {
            "cgroup" => Version::One,
            "cgroup2" => Version::Two,
            _ => return None,
        };
        Some(Mounted {
            root: root.to_owned(),
            point: point.into(),
            version,
            options: after.nth(1)?.to_owned(),
        })
    };
    mountinfo.lines().filter_map(line).collect()
}

fn read(path: &str) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{path} can't be read: {error}"))
}

#[cfg(test)]
mod tests;
