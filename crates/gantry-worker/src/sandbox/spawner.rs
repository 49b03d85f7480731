//! The one thread that starts children.
//!
//! Why a thread of its own: the kernel sends the parent-death signal when the *thread* that spawned
//! a child ends, not the process. A runtime's worker or blocking thread may end at any time; this one
//! lives as long as the sandbox, so "the child dies with its worker" is exact.
//!
//! As root the thread has a mount namespace of its own as well, in which the few directories of ours
//! that a child may see are bound below `/mnt` (`staging`). A run's unprivileged uid walks to them
//! there, while the way to the real ones (`/root`, a data directory with mode 0700) stays closed.

use std::ffi::{CString, OsString};
use std::fs::File;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use tokio::sync::oneshot;

use super::{SandboxError, control_group, landlock};

/// What to start. Standard input is always `/dev/null`; both outputs go to `output`, so that their
/// order is kept.
pub(crate) struct Spawn {
    pub program: PathBuf,
    pub arguments: Vec<OsString>,
    /// The whole environment of the new process.
    pub environment: Vec<(OsString, OsString)>,
    pub directory: PathBuf,
    pub uid: Option<u32>,
    pub output: OwnedFd,
    /// Stay open in the child under the number they have here, which must be [`out_of_the_way`].
    pub inherited: Vec<OwnedFd>,
    /// Appear in the child under the given number, which is below [`FREE_DESCRIPTORS`].
    pub numbered: Vec<(RawFd, OwnedFd)>,
    /// By which it enters its control group.
    pub doors: Vec<OwnedFd>,
    pub caps: Caps,
}

/// What the kernel holds for each process, or for a user's together. 0 is no limit.
#[derive(Clone, Copy, Default)]
pub(crate) struct Caps {
    /// Bytes of one file.
    pub file: u64,
    /// Processes and threads of the user.
    pub processes: u64,
}

pub(crate) struct Spawned {
    pub child: Child,
}

struct Request {
    spawn: Spawn,
    reply: oneshot::Sender<std::io::Result<Spawned>>,
}

pub(crate) struct Spawner {
    requests: mpsc::Sender<Request>,
    staged: Vec<(PathBuf, PathBuf)>,
}

impl Spawner {
    /// `staging`: what children may see, when they will see it through a sandbox.
    pub(super) fn start(staging: Option<Vec<PathBuf>>) -> Result<Self, SandboxError> {
        let (requests, queue) = mpsc::channel::<Request>();
        let (ready, started) = mpsc::channel();
        let root = nix::unistd::geteuid().is_root();
        std::thread::Builder::new()
            .name("gantry-spawner".to_owned())
            .spawn(move || {
                let staged = match staging {
                    Some(paths) if root => stage(&paths),
                    _ => Ok(Vec::new()),
                };
                let go_on = staged.is_ok();
                let _ = ready.send(staged);
                if go_on {
                    serve(&queue);
                }
            })
            .map_err(SandboxError::Spawn)?;
        let staged = started.recv().map_err(|_| SandboxError::SpawnerGone)??;
        Ok(Self { requests, staged })
    }

    /// Where the sandbox finds a path of the host.
    pub(crate) fn reachable(&self, path: &Path) -> PathBuf {
        self.staged
            .iter()
            .filter_map(|(host, staged)| {
                let rest = path.strip_prefix(host).ok()?;
                Some((
                    host.as_os_str().len(),
                    match rest.as_os_str().is_empty() {
                        true => staged.clone(),
                        false => staged.join(rest),
                    },
                ))
            })
            .max_by_key(|(length, _)| *length)
            .map_or_else(|| path.to_path_buf(), |(_, staged)| staged)
    }

    pub(crate) async fn spawn(&self, spawn: Spawn) -> Result<Spawned, SandboxError> {
        let (reply, answer) = oneshot::channel();
        self.requests
            .send(Request { spawn, reply })
            .map_err(|_| SandboxError::SpawnerGone)?;
        answer
            .await
            .map_err(|_| SandboxError::SpawnerGone)?
            .map_err(SandboxError::Spawn)
    }
}

/// Descriptors below this number are given to children under a number of our choice.
const FREE_DESCRIPTORS: RawFd = 10;

/// And from this number on nothing collides with those.
const OUT_OF_THE_WAY: RawFd = 100;

/// The same file under a number that no child is promised.
pub(crate) fn out_of_the_way(fd: OwnedFd) -> std::io::Result<OwnedFd> {
    match fd.as_raw_fd() >= OUT_OF_THE_WAY {
        true => Ok(fd),
        false => duplicate_above(&fd, OUT_OF_THE_WAY),
    }
}

fn serve(queue: &mpsc::Receiver<Request>) {
    // Out of the way of the numbers that children's descriptors get.
    let scope =
        landlock::abstract_socket_scope().and_then(|scope| duplicate_above(&scope, 100).ok());
    // While these numbers are taken here, no descriptor that the standard library makes for itself
    // can have one of them and be overwritten in the child.
    let mut placeholders = Vec::new();
    if let Ok(null) = File::open("/dev/null") {
        while let Ok(copy) = duplicate_above(&null, 3) {
            if copy.as_raw_fd() >= FREE_DESCRIPTORS {
                break;
            }
            placeholders.push(copy);
        }
    }
    while let Ok(Request { spawn, reply }) = queue.recv() {
        let _ = reply.send(start(spawn, scope.as_ref()));
    }
}

fn start(spawn: Spawn, scope: Option<&OwnedFd>) -> std::io::Result<Spawned> {
    let numbered = spawn
        .numbered
        .iter()
        .map(|(number, fd)| Ok((*number, duplicate_above(fd, OUT_OF_THE_WAY)?)))
        .collect::<std::io::Result<Vec<_>>>()?;
    let mut command = Command::new(&spawn.program);
    command
        .args(&spawn.arguments)
        .env_clear()
        .envs(spawn.environment.iter().map(|(name, value)| (name, value)))
        .current_dir(&spawn.directory)
        .stdin(Stdio::null())
        .stdout(spawn.output.try_clone()?)
        .stderr(spawn.output);
    if let Some(uid) = spawn.uid {
        // The standard library drops the supplementary groups with it.
        command.uid(uid).gid(uid);
    }
    let parent = nix::unistd::getpid().as_raw();
    let scope = scope.map(AsRawFd::as_raw_fd);
    let inherited: Vec<RawFd> = spawn.inherited.iter().map(AsRawFd::as_raw_fd).collect();
    let renumbered: Vec<(RawFd, RawFd)> = numbered
        .iter()
        .map(|(number, fd)| (fd.as_raw_fd(), *number))
        .collect();
    let doors: Vec<RawFd> = spawn.doors.iter().map(AsRawFd::as_raw_fd).collect();
    let caps = spawn.caps;
    // SAFETY: `enter` and `confine` make system calls only; they allocate nothing and take no lock.
    unsafe {
        command.pre_exec(move || {
            control_group::enter(&doors)?;
            confine(parent, scope, &inherited, &renumbered, caps)
        });
    }
    let child = command.spawn()?;
    // Where the whole machine runs out of memory, a child goes before the worker and the server do.
    let _ = std::fs::write(format!("/proc/{}/oom_score_adj", child.id()), "500");
    Ok(Spawned { child })
}

/// Between fork and exec, under the run's uid.
fn confine(
    parent: i32,
    scope: Option<RawFd>,
    inherited: &[RawFd],
    numbered: &[(RawFd, RawFd)],
    caps: Caps,
) -> std::io::Result<()> {
    let no_core = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    if caps.file > 0 {
        cap(libc::RLIMIT_FSIZE, caps.file)?;
    }
    if caps.processes > 0 {
        cap(libc::RLIMIT_NPROC, caps.processes)?;
    }
    // SAFETY: plain system calls on values that outlive them.
    unsafe {
        // Not in the worker's terminal session: its ^C is for the worker, which then asks the child.
        check(libc::setsid())?;
        libc::umask(0o077);
        check(libc::setrlimit(libc::RLIMIT_CORE, &raw const no_core))?;
        check(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))?;
        leave_the_keyring()?;
        check(libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL))?;
        if libc::getppid() != parent {
            return Err(std::io::Error::from_raw_os_error(libc::ESRCH));
        }
        check(libc::syscall(
            libc::SYS_close_range,
            3 as libc::c_uint,
            libc::c_uint::MAX,
            libc::CLOSE_RANGE_CLOEXEC,
        ) as i32)?;
        for fd in inherited {
            check(libc::fcntl(*fd, libc::F_SETFD, 0))?;
        }
        for (fd, number) in numbered {
            check(libc::dup2(*fd, *number))?;
        }
    }
    match scope {
        Some(ruleset) => landlock::enter(ruleset),
        None => Ok(()),
    }
}

/// Where the worker's own limit is lower already, that stays.
fn cap(what: libc::__rlimit_resource_t, most: u64) -> std::io::Result<()> {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: plain system calls on a value that outlives them.
    unsafe {
        check(libc::getrlimit(what, &raw mut limit))?;
        limit.rlim_max = limit.rlim_max.min(most);
        limit.rlim_cur = limit.rlim_cur.min(limit.rlim_max);
        check(libc::setrlimit(what, &raw const limit))
    }
}

/// Keyrings are of no namespace. The one of the session is inherited from whoever started the worker;
/// a child could read every key in it, and leave some for the next.
fn leave_the_keyring() -> std::io::Result<()> {
    const JOIN_SESSION_KEYRING: libc::c_long = 1;
    let anonymous = std::ptr::null::<libc::c_char>();
    for _ in 0..100 {
        // SAFETY: no name is given.
        if unsafe { libc::syscall(libc::SYS_keyctl, JOIN_SESSION_KEYRING, anonymous) } != -1 {
            return Ok(());
        }
        match std::io::Error::last_os_error() {
            // Where we may not, as in many containers, a child may not ask for keys either.
            error if matches!(error.raw_os_error(), Some(libc::ENOSYS | libc::EPERM)) => {
                return Ok(());
            }
            // The kernel takes its time to forget those of children that have ended.
            error if error.raw_os_error() == Some(libc::EDQUOT) => {
                // SAFETY: a number.
                unsafe { libc::usleep(10_000) };
            }
            error => return Err(error),
        }
    }
    Err(std::io::Error::from_raw_os_error(libc::EDQUOT))
}

fn check(result: i32) -> std::io::Result<()> {
    match result {
        -1 => Err(std::io::Error::last_os_error()),
        _ => Ok(()),
    }
}

fn duplicate_above(fd: &impl AsRawFd, least: RawFd) -> std::io::Result<OwnedFd> {
    use std::os::fd::FromRawFd;
    // SAFETY: duplicates an open descriptor; the result is ours.
    unsafe {
        let copy = libc::fcntl(fd.as_raw_fd(), libc::F_DUPFD_CLOEXEC, least);
        check(copy)?;
        Ok(OwnedFd::from_raw_fd(copy))
    }
}

/// Binds `paths` below `/mnt` in a mount namespace of this thread alone.
fn stage(paths: &[PathBuf]) -> Result<Vec<(PathBuf, PathBuf)>, SandboxError> {
    let broken = |what: &str, error: nix::Error| match error {
        nix::Error::EPERM | nix::Error::EINVAL => SandboxError::NamespacesRefused {
            said: format!("{what}: {error}"),
        },
        _ => SandboxError::Broken {
            said: format!("{what}: {error}"),
        },
    };
    const NONE: Option<&str> = None;
    unshare(CloneFlags::CLONE_NEWNS).map_err(|e| broken("a mount namespace", e))?;
    mount(NONE, "/", NONE, MsFlags::MS_REC | MsFlags::MS_SLAVE, NONE)
        .map_err(|e| broken("making mounts private", e))?;
    // Opened before the staging directory covers what may lie below it.
    let mut sources = Vec::new();
    for path in paths {
        let of_path = |source| SandboxError::Directory {
            path: path.clone(),
            source,
        };
        let real = path.canonicalize().map_err(of_path)?;
        let is_directory = real.is_dir();
        let name = CString::new(real.as_os_str().as_bytes()).map_err(|e| of_path(e.into()))?;
        // SAFETY: opens a path that is terminated by NUL; the result is ours.
        let fd = unsafe { libc::open(name.as_ptr(), libc::O_PATH | libc::O_CLOEXEC) };
        check(fd).map_err(of_path)?;
        // SAFETY: the kernel just returned it.
        let fd = unsafe { <OwnedFd as std::os::fd::FromRawFd>::from_raw_fd(fd) };
        sources.push((path.clone(), real, is_directory, fd));
    }
    let staging = ["/mnt", "/media", "/srv"]
        .iter()
        .map(Path::new)
        .find(|path| path.is_dir())
        .ok_or_else(|| SandboxError::Broken {
            said: "there is no directory /mnt".to_owned(),
        })?;
    mount(
        Some("gantry"),
        staging,
        Some("tmpfs"),
        MsFlags::MS_NOSUID | MsFlags::MS_NODEV,
        Some("mode=0711"),
    )
    .map_err(|e| broken("a staging directory", e))?;
    let mut staged = Vec::new();
    for (n, (path, real, is_directory, fd)) in sources.into_iter().enumerate() {
        let target = staging.join(n.to_string());
        let made = match is_directory {
            true => std::fs::create_dir(&target),
            false => File::create(&target).map(drop),
        };
        made.map_err(|source| SandboxError::Directory {
            path: target.clone(),
            source,
        })?;
        let source = format!("/proc/thread-self/fd/{}", fd.as_raw_fd());
        mount(
            Some(source.as_str()),
            &target,
            NONE,
            MsFlags::MS_BIND | MsFlags::MS_REC,
            NONE,
        )
        .map_err(|e| broken("a staging mount", e))?;
        if real != path {
            staged.push((real, target.clone()));
        }
        staged.push((path, target));
    }
    Ok(staged)
}
