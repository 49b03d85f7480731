//! What every test here stands on: a worker's directory with a sandbox, a run in it, and a child that
//! runs to its end while its output is collected.

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use gantry_worker::child::{self, Command, Ended, Launch, Limits, Share};
use gantry_worker::cli_config::ProviderInstallation;
use gantry_worker::hooks::PhaseHooks;
use gantry_worker::sandbox::{Sandbox, SandboxConfig, SandboxMode, UserRange};
use gantry_worker::workspace::{View, Workspace};
use secrecy::SecretString;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

pub struct Stage {
    pub sandbox: Sandbox,
    pub directory: tempfile::TempDir,
}

/// Where tests make control groups, whatever group they run in.
pub const CGROUP: &str = "/gantry-tests";

/// A directory of the stage that can be mounted for children.
pub const SHOWN: &str = "shown";

impl Stage {
    pub fn new() -> Self {
        Self::with(SandboxMode::Bubblewrap, ProviderInstallation::default())
    }

    pub fn insecure() -> Self {
        Self::with(SandboxMode::Insecure, ProviderInstallation::default())
    }

    pub fn with(mode: SandboxMode, providers: ProviderInstallation) -> Self {
        Self::of_users(mode, providers, UserRange::default())
    }

    pub fn of_users(mode: SandboxMode, providers: ProviderInstallation, users: UserRange) -> Self {
        Self::of(mode, providers, users, CGROUP)
    }

    pub fn of(
        mode: SandboxMode,
        providers: ProviderInstallation,
        users: UserRange,
        cgroup: &str,
    ) -> Self {
        let directory = tempfile::tempdir().unwrap();
        if mode == SandboxMode::Insecure {
            // Without a sandbox the run's uid walks to its workspace the usual way.
            use std::os::unix::fs::PermissionsExt;
            let open = std::fs::Permissions::from_mode(0o755);
            std::fs::set_permissions(directory.path(), open).unwrap();
        }
        let shown = directory.path().join(SHOWN);
        std::fs::create_dir(&shown).unwrap();
        let sandbox = Sandbox::start(SandboxConfig {
            mode,
            directory: directory.path().join("worker"),
            users,
            tool_directories: terraform()
                .parent()
                .map(PathBuf::from)
                .into_iter()
                .chain([shown])
                .collect(),
            providers,
            ca_bundle: None,
            extra_tools: vec![],
            cgroup: cgroup.into(),
        })
        .unwrap_or_else(|error| panic!("{error}"));
        Self { sandbox, directory }
    }

    /// Another worker's sandbox, in the directory of an earlier one.
    pub fn in_directory(directory: &std::path::Path) -> Sandbox {
        Sandbox::start(SandboxConfig {
            mode: SandboxMode::Bubblewrap,
            directory: directory.to_path_buf(),
            users: UserRange::default(),
            tool_directories: vec![],
            providers: ProviderInstallation::default(),
            ca_bundle: None,
            extra_tools: vec![],
            cgroup: CGROUP.into(),
        })
        .unwrap_or_else(|error| panic!("{error}"))
    }

    /// A run whose checkout holds these files.
    pub fn run(&self, files: &[(&str, &str)]) -> Workspace {
        self.run_at("", files)
    }

    pub fn run_at(&self, project_root: &str, files: &[(&str, &str)]) -> Workspace {
        let user = self.sandbox.take_user().unwrap();
        let mut workspace =
            Workspace::create(&self.sandbox, user, &ulid::Ulid::generate().to_string()).unwrap();
        for (path, content) in files {
            let path = workspace.checkout().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        workspace
            .adopt(project_root)
            .unwrap_or_else(|error| panic!("{error}"));
        workspace
    }

    pub async fn child(&self, launch: Launch) -> (Ended, String) {
        self.stoppable(launch, CancellationToken::new(), |_| false)
            .await
    }

    /// Stops the child as soon as `now` says so of the output so far.
    pub async fn stoppable(
        &self,
        launch: Launch,
        stop: CancellationToken,
        now: impl Fn(&str) -> bool,
    ) -> (Ended, String) {
        let (sender, mut receiver) = mpsc::channel::<Bytes>(16);
        let reading = async {
            let mut text = String::new();
            while let Some(chunk) = receiver.recv().await {
                text.push_str(&String::from_utf8_lossy(&chunk));
                if now(&text) {
                    stop.cancel();
                }
            }
            text
        };
        tokio::join!(
            child::run(&self.sandbox, launch, sender, stop.clone()),
            reading
        )
    }

    /// Runs text as a task would, expecting success.
    pub async fn sh(&self, view: View, text: &str) -> String {
        let (ended, output) = self.child(shell(view, text)).await;
        assert_eq!(
            ended.outcome,
            child::Outcome::Exited { status: 0 },
            "{output}"
        );
        output
    }
}

pub fn launch(view: View, command: Command) -> Launch {
    Launch {
        view,
        tool: None,
        command,
        hooks: PhaseHooks::default(),
        environment: Vec::new(),
        steady: &[],
        capture_exports: false,
        limits: Limits {
            wall: Duration::from_secs(60),
            silence: None,
            grace: Duration::from_secs(10),
            haste: Duration::from_secs(1),
            share: Share::default(),
        },
        processes: None,
    }
}

pub fn shell(view: View, text: &str) -> Launch {
    launch(view, Command::Shell(text.to_owned()))
}

/// A call of the real `terraform` with the worker's environment.
pub fn tool(stage: &Stage, view: View, arguments: &[&str]) -> Launch {
    let mut launch = launch(
        view,
        Command::Tool {
            arguments: arguments
                .iter()
                .map(|argument| (*argument).to_owned())
                .collect(),
            changes_are_two: arguments.contains(&"-detailed-exitcode"),
        },
    );
    launch.tool = Some(terraform());
    launch.environment = stage
        .sandbox
        .environment()
        .into_iter()
        .map(|variable| (variable.name, SecretString::from(variable.value.expose())))
        .collect();
    launch
        .environment
        .push(("TF_IN_AUTOMATION".to_owned(), SecretString::from("1")));
    launch
}

pub fn terraform() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|directory| directory.join("terraform"))
        .find(|file| file.is_file())
        .expect("these tests need `terraform` on PATH: https://developer.hashicorp.com/terraform/install")
}

pub fn root() -> bool {
    nix::unistd::geteuid().is_root()
}
