//! The box around a phase's child process.
//!
//! What runs in a phase is hostile: a plan executes a stranger's providers, modules and data
//! sources, and a proposed run executes those of anybody who can push a branch. So every child gets
//! namespaces of its own (user, pid, ipc, mount, uts, cgroup) on a root built from an allowlist
//! (`root.rs`), by bubblewrap. The network stays shared: providers need it, and `metadata_filter`
//! closes the one address that would hand out the host's identity.
//!
//! How it is used:
//! 1. [`Sandbox::start`] once per worker. It starts the thread that spawns everything (`spawner.rs`).
//! 2. [`Sandbox::probe`] at start and for `doctor`: a worker that can't build the box takes no runs.
//! 3. [`Sandbox::take_user`] per run, [`crate::workspace::Workspace::create`] with it.
//! 4. [`crate::child::run`] per phase, with a view of that workspace.
//!
//! As root every run's children have an unprivileged uid of their own from a pool; otherwise they
//! have the worker's. Nothing of the worker's environment reaches a child, and no value of a child's
//! environment appears in an argument list: bubblewrap reads its arguments from a sealed memory file.
//!
//! What the kernel itself must not do for a child stands in `system_calls.rs`.
//!
//! Memory and the number of processes are held by a control group for each child (`control_group.rs`).
//! What is deliberately missing: a network namespace, and limits of CPU.

mod control_group;
mod landlock;
mod memory_file;
mod root;
mod spawner;
mod system_calls;
mod user_pool;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub use root::Mount;
pub use user_pool::{RunUser, UserRange};

pub(crate) use control_group::{ControlGroup, ControlGroups};
pub(crate) use memory_file::memory_file;
pub(crate) use root::{Root, accounts};
pub(crate) use spawner::{Caps, Spawn, out_of_the_way};

use gantry_core::protocol::EnvVar;

use crate::cli_config::ProviderInstallation;

/// What belongs to a run, as its children see it.
pub(crate) const WORKSPACE: &str = "/mnt/workspace";
/// Where a child finds its source, in every phase and on every worker.
pub const SOURCE: &str = "/mnt/workspace/source";
/// Where a child finds or leaves the saved plan (a directory).
pub const PLAN: &str = "/mnt/workspace/plan";
/// A child's home, empty at the start of each phase.
pub(crate) const HOME: &str = "/home/gantry";

const TOOLS: &str = "/opt/gantry/bin";
const MIRRORS: &str = "/opt/gantry/mirrors";
pub(crate) const CLI_CONFIG: &str = "/opt/gantry/terraform.rc";
const CA_BUNDLE: &str = "/opt/gantry/ca.pem";

/// By which programs find a bundle: those in Go and those with OpenSSL, AWS's, git, curl, Python's
/// usual library, and Node.
const CA_VARIABLES: [&str; 6] = [
    "SSL_CERT_FILE",
    "AWS_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "CURL_CA_BUNDLE",
    "REQUESTS_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
];
pub(crate) const SYSTEM_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Whether there is a box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SandboxMode {
    Bubblewrap,
    /// `--insecure-no-sandbox`: the same commands, still with an environment from nothing and, as
    /// root, under a uid of their own; but they see the host's files and processes. Every run shows it.
    Insecure,
}

pub struct SandboxConfig {
    pub mode: SandboxMode,
    /// The worker's own directory; runs live in `runs/` below it.
    pub directory: PathBuf,
    /// The uids that runs may use when the worker is root.
    pub users: UserRange,
    /// Directories that hold the executables of the tools (`terraform`, `tofu`).
    pub tool_directories: Vec<PathBuf>,
    pub providers: ProviderInstallation,
    /// A CA bundle of the installation, beside the system's.
    pub ca_bundle: Option<PathBuf>,
    /// Further directories with programs for children, visible read-only under the path they have
    /// on the machine.
    pub extra_tools: Vec<PathBuf>,
    /// The control group below which children get theirs; empty: the worker's own, `off`: none.
    pub cgroup: String,
}

#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    #[error(
        "bubblewrap (`bwrap`) is not installed, and a run is never started without its sandbox: \
         install it with `apt-get install bubblewrap` (or your distribution's package `bubblewrap`), \
         or start with --insecure-no-sandbox where no untrusted code can run"
    )]
    BubblewrapMissing,
    #[error(
        "this system refuses the namespaces of the sandbox ({said}): allow unprivileged user namespaces. \
         On Ubuntu 24.04 and later AppArmor refuses them to bwrap until a profile for /usr/bin/bwrap with \
         `userns,` is loaded (or `sysctl kernel.apparmor_restrict_unprivileged_userns=0`); elsewhere see \
         `sysctl user.max_user_namespaces` and `kernel.unprivileged_userns_clone`; in a container allow \
         unshare and mount in its seccomp profile"
    )]
    NamespacesRefused { said: String },
    #[error("the sandbox can't be built: {said}")]
    Broken { said: String },
    #[error("the worker's directory {path} can't be used: {source}")]
    Directory {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error(
        "without a sandbox children of root run under users of their own, and those can't walk through \
         {0}: let them (`chmod o+x`), or move the data directory"
    )]
    OutOfReach(PathBuf),
    #[error("the thread that starts children has ended")]
    SpawnerGone,
    #[error("a child process can't be started: {0}")]
    Spawn(#[source] std::io::Error),
    #[error("a child's control group can't be made: {0}")]
    ControlGroup(#[source] std::io::Error),
    #[error("the environment variable `{0}` has a name or a value that no process can receive")]
    BadVariable(String),
}

/// The sandbox of one worker. Dropping the last clone kills every child that it started.
#[derive(Clone)]
pub struct Sandbox {
    inner: Arc<Inner>,
}

struct Inner {
    mode: SandboxMode,
    runs: PathBuf,
    cli_config: PathBuf,
    ca_bundle: Option<PathBuf>,
    users: user_pool::UserPool,
    root: root::Root,
    spawner: spawner::Spawner,
    /// The filter of every child's system calls; empty without a box.
    system_calls: Vec<u8>,
    path: String,
    groups: ControlGroups,
}

impl Sandbox {
    /// Creates the worker's directories, writes the tools' CLI configuration and starts the thread
    /// that every child is a child of.
    pub fn start(config: SandboxConfig) -> Result<Self, SandboxError> {
        let bwrap = match config.mode {
            SandboxMode::Bubblewrap => {
                Some(find_in_path("bwrap").ok_or(SandboxError::BubblewrapMissing)?)
            }
            SandboxMode::Insecure => None,
        };
        let in_directory = |source| SandboxError::Directory {
            path: config.directory.clone(),
            source,
        };
        std::fs::create_dir_all(&config.directory).map_err(in_directory)?;
        let directory = config.directory.canonicalize().map_err(in_directory)?;
        let runs = directory.join("runs");
        create_directory(&runs).map_err(in_directory)?;
        if bwrap.is_none()
            && nix::unistd::geteuid().is_root()
            && let Some(closed) = closed_directory(&runs)
        {
            return Err(SandboxError::OutOfReach(closed));
        }

        let mirrors = config.providers.mirrors();
        let inside = |n: usize, host: &Path| match config.mode {
            SandboxMode::Bubblewrap => mirror(n),
            SandboxMode::Insecure => host.to_path_buf(),
        };
        let cli_config = directory.join("terraform.rc");
        std::fs::write(&cli_config, config.providers.render(inside)).map_err(in_directory)?;
        make_readable(&cli_config).map_err(in_directory)?;

        // Everything a child may see that isn't the system's: as root these directories are staged,
        // because a run's uid usually can't walk to them.
        let mut staged: Vec<PathBuf> = vec![runs.clone(), cli_config.clone()];
        staged.extend(config.tool_directories.iter().cloned());
        staged.extend(mirrors.iter().map(|path| path.to_path_buf()));
        staged.extend(config.ca_bundle.iter().cloned());
        staged.extend(config.extra_tools.iter().cloned());
        let spawner = spawner::Spawner::start(bwrap.is_some().then_some(staged))?;

        let system_calls = match bwrap {
            Some(_) => system_calls::program().map_err(|error| SandboxError::Broken {
                said: format!("the filter of system calls: {error}"),
            })?,
            None => Vec::new(),
        };
        let abilities = root::Abilities::of(&version(bwrap.as_deref()));
        let mut root = root::Root::new(bwrap, abilities);
        root.read_only(spawner.reachable(&cli_config), CLI_CONFIG);
        for (n, mirror) in mirrors.iter().enumerate() {
            root.read_only(spawner.reachable(mirror), &format!("{MIRRORS}/{n}"));
        }
        if let Some(bundle) = &config.ca_bundle {
            root.read_only(spawner.reachable(bundle), CA_BUNDLE);
        }
        for directory in &config.extra_tools {
            root.read_only(spawner.reachable(directory), &directory.to_string_lossy());
        }
        let uid = nix::unistd::geteuid()
            .is_root()
            .then_some(config.users.first);
        Ok(Self {
            inner: Arc::new(Inner {
                groups: ControlGroups::open(&config.cgroup, &directory, uid),
                path: search_path(&config.extra_tools),
                mode: config.mode,
                runs,
                cli_config,
                ca_bundle: config.ca_bundle,
                users: user_pool::UserPool::new(config.users),
                root,
                spawner,
                system_calls,
            }),
        })
    }

    pub fn mode(&self) -> SandboxMode {
        self.inner.mode
    }

    /// The directory that holds one directory per run.
    pub fn runs(&self) -> &Path {
        &self.inner.runs
    }

    /// A user for one run; `None` when every uid of the pool is in use. Keep it until the run's
    /// processes are dead and its workspace is removed.
    pub fn take_user(&self) -> Option<RunUser> {
        self.inner.users.take()
    }

    /// The variables that describe the box itself, first in the order of the environment:
    /// the user's `TF_CLI_CONFIG_FILE` wins over ours. `PATH`, `HOME` and `TMPDIR` are set by the
    /// sandbox after everything else, since they are reserved.
    pub fn environment(&self) -> Vec<EnvVar> {
        let boxed = self.inner.mode == SandboxMode::Bubblewrap;
        let show = |inside: &str, host: &Path| match boxed {
            true => inside.to_owned(),
            false => host.to_string_lossy().into_owned(),
        };
        let mut variables = vec![
            EnvVar::plain("LANG", "C.UTF-8"),
            EnvVar::plain(
                "TF_CLI_CONFIG_FILE",
                show(CLI_CONFIG, &self.inner.cli_config),
            ),
        ];
        if let Some(bundle) = &self.inner.ca_bundle {
            let path = show(CA_BUNDLE, bundle);
            let named = CA_VARIABLES.map(|name| EnvVar::plain(name, path.as_str()));
            variables.extend(named);
        }
        variables
    }

    /// Runs `true` in the box. The error is a sentence for whoever installs the worker.
    pub async fn probe(&self) -> Result<(), SandboxError> {
        let said = crate::child::capture(
            self,
            crate::child::Launch::probe(["/bin/true".to_owned()]),
            Duration::from_secs(10),
        )
        .await?;
        match said.success {
            true => Ok(()),
            false => Err(classify(said.output)),
        }
    }

    /// Where a child finds programs, the engine's own directory apart.
    pub(crate) fn path(&self) -> &str {
        &self.inner.path
    }

    pub(crate) fn root(&self) -> &root::Root {
        &self.inner.root
    }

    pub(crate) fn system_calls(&self) -> &[u8] {
        &self.inner.system_calls
    }

    /// How memory and processes of children are limited, as the end of a sentence.
    pub fn limits(&self) -> String {
        self.inner.groups.to_string()
    }

    /// Whether the kernel holds them.
    pub fn holds(&self) -> bool {
        matches!(self.inner.groups, ControlGroups::Used(_))
    }

    pub(crate) fn groups(&self) -> &ControlGroups {
        &self.inner.groups
    }

    pub(crate) fn spawner(&self) -> &spawner::Spawner {
        &self.inner.spawner
    }
}

/// Where children see a mirror of the installation.
pub(crate) fn mirror(n: usize) -> PathBuf {
    PathBuf::from(format!("{MIRRORS}/{n}"))
}

/// What bubblewrap says when the system, not the configuration, is in the way.
fn classify(output: String) -> SandboxError {
    let said = output.trim().to_owned();
    let refused = [
        "uid map",
        "new namespace",
        "namespace",
        "unshare",
        "uid_map",
        "Operation not permitted",
    ];
    match refused.iter().any(|part| said.contains(part)) {
        true => SandboxError::NamespacesRefused { said },
        false => SandboxError::Broken { said },
    }
}

fn find_in_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_else(|| SYSTEM_PATH.into());
    std::env::split_paths(&path)
        .map(|directory| directory.join(name))
        .find(|file| file.is_file())
}

/// The extra directories come first: whoever names one wants what is in it. Programs are in its
/// `bin` where there is one.
fn search_path(extra: &[PathBuf]) -> String {
    let mut path = String::new();
    for directory in extra {
        let programs = directory.join("bin");
        let programs = if programs.is_dir() {
            &programs
        } else {
            directory
        };
        path.push_str(&programs.to_string_lossy());
        path.push(':');
    }
    path + SYSTEM_PATH
}

fn version(bwrap: Option<&Path>) -> String {
    let said = bwrap.and_then(|bwrap| {
        std::process::Command::new(bwrap)
            .arg("--version")
            .env_clear()
            .output()
            .ok()
    });
    said.map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
        .unwrap_or_default()
}

/// The first directory on the way that others can't walk through.
fn closed_directory(path: &Path) -> Option<PathBuf> {
    use std::os::unix::fs::PermissionsExt;
    let open = |path: &Path| {
        std::fs::metadata(path).is_ok_and(|found| found.permissions().mode() & 0o001 != 0)
    };
    path.ancestors()
        .find(|path| !open(path))
        .map(Path::to_path_buf)
}

fn create_directory(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o711)
        .create(path)
}

fn make_readable(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644))
}
