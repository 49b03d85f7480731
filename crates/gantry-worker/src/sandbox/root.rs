//! The root that a child sees, as arguments of bubblewrap. An allowlist: what isn't named here does
//! not exist for the child. Never the host's `/home`, `/root`, `/run`, `/var`, `/sys` or `/proc`.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::{HOME, TOOLS, WORKSPACE};

/// One directory or file of the host that a child sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    pub source: PathBuf,
    pub target: PathBuf,
    pub writable: bool,
}

impl Mount {
    pub fn writable(source: impl Into<PathBuf>, target: impl Into<PathBuf>) -> Self {
        Self {
            source: source.into(),
            target: target.into(),
            writable: true,
        }
    }

    pub fn read_only(source: impl Into<PathBuf>, target: impl Into<PathBuf>) -> Self {
        Self {
            source: source.into(),
            target: target.into(),
            writable: false,
        }
    }
}

/// Files of `/etc` that programs need to resolve names, load libraries and trust certificates.
/// `/etc/ssl/private` and everything else stays outside.
const ETC: &[&str] = &[
    "alternatives",
    "ca-certificates",
    "gai.conf",
    "host.conf",
    "hosts",
    "ld.so.cache",
    "localtime",
    "mime.types",
    "nsswitch.conf",
    "os-release",
    "pki/ca-trust/extracted",
    "pki/tls/certs",
    "pki/tls/cert.pem",
    "protocols",
    "resolv.conf",
    "services",
    "ssh/ssh_known_hosts",
    "ssl/certs",
    "ssl/cert.pem",
    "ssl/openssl.cnf",
];

/// Memory that a child may fill: `/tmp`, its home, and the directory around the source.
const TMP_BYTES: u64 = 2 << 30;
const HOME_BYTES: u64 = 1 << 30;
const WORKSPACE_BYTES: u64 = 64 << 20;

pub(crate) struct Root {
    bwrap: Option<PathBuf>,
    fixed: Arguments,
}

/// What an installed bubblewrap can do. What older ones lack hardens the sandbox, but isn't what holds
/// it together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Abilities {
    /// 0.8: nobody inside becomes root of a namespace of their own.
    pub disable_userns: bool,
    /// 0.7: a limit of the memory that files may take.
    pub size: bool,
}

impl Abilities {
    /// From what `bwrap --version` says; all of them where that is odd.
    pub(super) fn of(said: &str) -> Self {
        let number = said.trim().rsplit(' ').next().unwrap_or_default();
        let mut parts = number.split('.').map(|part| part.parse::<u32>().ok());
        let version = match (parts.next().flatten(), parts.next().flatten()) {
            (Some(major), Some(minor)) => (major, minor),
            _ => (u32::MAX, 0),
        };
        Self {
            disable_userns: version >= (0, 8),
            size: version >= (0, 7),
        }
    }
}

impl Root {
    pub(super) fn new(bwrap: Option<PathBuf>, abilities: Abilities) -> Self {
        let mut fixed = Arguments::default();
        for flag in [
            "--unshare-user",
            "--unshare-pid",
            "--unshare-ipc",
            "--unshare-uts",
            "--unshare-cgroup-try",
            "--die-with-parent",
            "--new-session",
            "--clearenv",
        ] {
            fixed.push(flag);
        }
        if abilities.disable_userns {
            fixed.push("--disable-userns");
        }
        fixed.extend(["--hostname", "gantry"]);
        fixed.extend(["--ro-bind", "/usr", "/usr"]);
        for name in ["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"] {
            match std::fs::read_link(name) {
                Ok(target) => {
                    fixed.extend([OsStr::new("--symlink"), target.as_os_str(), name.as_ref()])
                }
                Err(_) if Path::new(name).is_dir() => fixed.extend(["--ro-bind", name, name]),
                Err(_) => {}
            }
        }
        for name in ETC {
            let path = format!("/etc/{name}");
            fixed.extend(["--ro-bind-try", &path, &path]);
        }
        fixed.extend(["--proc", "/proc", "--dev", "/dev"]);
        for (path, mode, bytes) in [
            ("/tmp", "1777", TMP_BYTES),
            (HOME, "0700", HOME_BYTES),
            (WORKSPACE, "0755", WORKSPACE_BYTES),
        ] {
            fixed.extend(["--perms", mode]);
            if abilities.size {
                fixed.extend(["--size", &bytes.to_string()]);
            }
            fixed.extend(["--tmpfs", path]);
        }
        Self { bwrap, fixed }
    }

    /// Something that every child of this worker sees.
    pub(super) fn read_only(&mut self, source: PathBuf, target: &str) {
        self.fixed
            .extend([OsStr::new("--ro-bind"), source.as_os_str(), target.as_ref()]);
    }

    /// The program to start; `None` without a box.
    pub(crate) fn bwrap(&self) -> Option<&Path> {
        self.bwrap.as_deref()
    }

    /// All arguments for one child, separated by NUL as `--args` reads them, up to and without the
    /// command. The three descriptors hold the synthetic passwd and group files and the filter of
    /// system calls, those of `files` what is copied into the child's own memory.
    pub(crate) fn arguments(
        &self,
        mounts: &[Mount],
        directory: &Path,
        [passwd, group, system_calls]: [i32; 3],
        files: &[(i32, PathBuf)],
        environment: &[(&str, &str)],
    ) -> zeroize::Zeroizing<Vec<u8>> {
        let mut all = Arguments(self.fixed.0.clone());
        for mount in mounts {
            let how = if mount.writable {
                "--bind"
            } else {
                "--ro-bind"
            };
            all.extend([
                OsStr::new(how),
                mount.source.as_os_str(),
                mount.target.as_os_str(),
            ]);
        }
        for (fd, path) in [(passwd, "/etc/passwd"), (group, "/etc/group")] {
            all.extend(["--perms", "0444", "--file", &fd.to_string(), path]);
        }
        for (fd, path) in files {
            let fd = fd.to_string();
            all.extend(["--perms", "0600", "--file", &fd]);
            all.push(path);
        }
        all.extend(["--remount-ro", "/"]);
        all.extend(["--seccomp", &system_calls.to_string()]);
        all.extend([OsStr::new("--chdir"), directory.as_os_str()]);
        // Room first: growing would leave copies of secrets behind.
        let room: usize = environment
            .iter()
            .map(|(name, value)| name.len() + value.len() + 16)
            .sum();
        let mut bytes = Vec::with_capacity(all.0.len() + room);
        bytes.append(&mut all.0);
        let mut all = Arguments(bytes);
        for (name, value) in environment {
            all.extend(["--setenv", name, value]);
        }
        zeroize::Zeroizing::new(all.0)
    }

    /// The mount that puts a tool's executable on the child's `PATH`, and its path inside.
    pub(crate) fn tool(source: PathBuf, name: &OsStr) -> (Mount, PathBuf) {
        let target = Path::new(TOOLS).join(name);
        (Mount::read_only(source, &target), target)
    }
}

/// `passwd` and `group` with the child and `nobody` in it: the host's own would name its users.
pub(crate) fn accounts(uid: u32, gid: u32) -> [String; 2] {
    [
        format!(
            "root:x:0:0:root:/nonexistent:/usr/sbin/nologin\n\
             gantry:x:{uid}:{gid}:gantry:{HOME}:/bin/sh\n\
             nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
        ),
        format!("root:x:0:\ngantry:x:{gid}:\nnogroup:x:65534:\n"),
    ]
}

#[derive(Default)]
struct Arguments(Vec<u8>);

impl Arguments {
    fn push(&mut self, argument: impl AsRef<OsStr>) {
        self.0.extend_from_slice(argument.as_ref().as_bytes());
        self.0.push(0);
    }

    fn extend<T: AsRef<OsStr>>(&mut self, arguments: impl IntoIterator<Item = T>) {
        arguments
            .into_iter()
            .for_each(|argument| self.push(argument));
    }
}
