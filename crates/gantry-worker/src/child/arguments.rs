//! From a launch to the process that the spawner starts.

use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;

use secrecy::ExposeSecret;

use super::{Argv, Command, Launch};
use crate::hooks;
use crate::sandbox::{
    self, Caps, ControlGroup, HOME, Sandbox, SandboxError, Spawn, WORKSPACE, memory_file,
    out_of_the_way,
};

/// The ends that stay with the worker.
pub(super) struct Pipes {
    pub output: OwnedFd,
    /// What bubblewrap reports about itself.
    pub status: Option<OwnedFd>,
    pub marks: Option<OwnedFd>,
    pub exports: Option<OwnedFd>,
}

pub(super) fn prepare(
    sandbox: &Sandbox,
    launch: &Launch,
    group: Option<&ControlGroup>,
) -> Result<(Spawn, Pipes), SandboxError> {
    let io = SandboxError::Spawn;
    let doors = match group {
        Some(group) => group.doors().map_err(io)?,
        None => Vec::new(),
    };
    let share = &launch.limits.share;
    let caps = Caps {
        file: share.disk,
        // Only where the user is the run's alone.
        processes: match (group, launch.view.uid) {
            (None, Some(_)) => share.processes,
            _ => 0,
        },
    };
    let boxed = sandbox.root().bwrap();
    let mut mounts = launch.view.mounts.clone();
    for mount in &mut mounts {
        mount.source = sandbox.spawner().reachable(&mount.source);
    }
    let mut path = sandbox.path().to_owned();
    let mut tool = None;
    if let Some(given) = &launch.tool {
        let (named, real) = real_tool(given).map_err(io)?;
        let inside = match boxed {
            Some(_) => {
                let (mount, inside) =
                    sandbox::Root::tool(sandbox.spawner().reachable(&real), &named);
                mounts.push(mount);
                inside
            }
            None => given.clone(),
        };
        if let Some(parent) = inside.parent() {
            path = format!("{}:{path}", parent.display());
        }
        tool = Some(inside.to_string_lossy().into_owned());
    }

    let mut numbered = Vec::new();
    let command = match &launch.command {
        Command::Tool { arguments, .. } => {
            let tool = tool.ok_or_else(|| SandboxError::Broken {
                said: "a launch names no tool".to_owned(),
            })?;
            std::iter::once(tool)
                .chain(arguments.iter().cloned())
                .collect()
        }
        Command::Shell(text) => {
            numbered.push((
                hooks::TASK,
                memory_file(c"task", text.as_bytes()).map_err(io)?,
            ));
            vec!["/bin/sh".to_owned(), format!("/dev/fd/{}", hooks::TASK)]
        }
        Command::Nothing => Vec::new(),
        Command::Program(argv) => argv.clone(),
    };
    let (output, output_end) = pipe().map_err(io)?;
    let mut pipes = Pipes {
        output,
        status: None,
        marks: None,
        exports: None,
    };
    let argv = if launch.hooks.is_empty() && !command.is_empty() {
        command
    } else {
        let given = |name: &&str| launch.environment.iter().any(|(given, _)| given == name);
        let (set, unset) = launch.steady.iter().copied().partition(given);
        let script = hooks::script(
            &launch.hooks,
            &command,
            &hooks::Steady { set, unset },
            launch.changes_are_two(),
            launch.captures_exports(),
        );
        numbered.push((
            hooks::SCRIPT,
            memory_file(c"phase", script.as_bytes()).map_err(io)?,
        ));
        let (marks, end) = pipe().map_err(io)?;
        numbered.push((hooks::MARKS, end));
        pipes.marks = Some(marks);
        if launch.captures_exports() {
            let (exports, end) = pipe().map_err(io)?;
            numbered.push((hooks::EXPORTS, end));
            pipes.exports = Some(exports);
        }
        vec!["/bin/sh".to_owned(), format!("/dev/fd/{}", hooks::SCRIPT)]
    };

    let home = match boxed {
        Some(_) => HOME.to_owned(),
        None => launch.view.scratch("home").map_err(io)?,
    };
    let mut environment: Vec<(&str, &str)> = launch
        .environment
        .iter()
        .map(|(name, value)| (name.as_str(), value.expose_secret()))
        .collect();
    let scratch;
    if boxed.is_none() {
        scratch = launch.view.scratch("tmp").map_err(io)?;
        environment.push(("TMPDIR", &scratch));
    }
    environment.push(("PATH", &path));
    environment.push(("HOME", &home));
    if let Some((name, _)) = environment
        .iter()
        .find(|(name, value)| !acceptable(name, value))
    {
        return Err(SandboxError::BadVariable((*name).to_owned()));
    }

    let uid = launch.view.uid;
    let spawn = match boxed {
        None => Spawn {
            program: argv.first().map(Into::into).unwrap_or_default(),
            arguments: argv.iter().skip(1).map(Into::into).collect(),
            environment: environment
                .iter()
                .map(|(n, v)| (n.into(), v.into()))
                .collect(),
            directory: launch.view.directory.clone(),
            uid,
            output: output_end,
            inherited: Vec::new(),
            numbered,
            doors,
            caps,
        },
        Some(bwrap) => {
            let number = uid.unwrap_or_else(|| nix::unistd::geteuid().as_raw());
            let group = uid.unwrap_or_else(|| nix::unistd::getegid().as_raw());
            let [passwd, groups] = sandbox::accounts(number, group);
            let file = |name, content: &[u8]| {
                memory_file(name, content)
                    .and_then(out_of_the_way)
                    .map_err(io)
            };
            let passwd = file(c"passwd", passwd.as_bytes())?;
            let groups = file(c"group", groups.as_bytes())?;
            // Each child its own: reading moves on in a file that is shared.
            let system_calls = file(c"system calls", sandbox.system_calls())?;
            let mut inherited = Vec::new();
            let mut files = Vec::new();
            for mounted in &launch.view.files {
                let content = file(c"mounted", &mounted.content)?;
                files.push((
                    content.as_raw_fd(),
                    Path::new(WORKSPACE).join(&mounted.path),
                ));
                inherited.push(content);
            }
            let given = sandbox.root().arguments(
                &mounts,
                &launch.view.directory,
                [
                    passwd.as_raw_fd(),
                    groups.as_raw_fd(),
                    system_calls.as_raw_fd(),
                ],
                &files,
                &environment,
            );
            let given = file(c"arguments", &given)?;
            let (status, status_end) = pipe().map_err(io)?;
            let status_end = out_of_the_way(status_end).map_err(io)?;
            pipes.status = Some(status);
            let mut arguments: Argv = vec![
                "--json-status-fd".into(),
                status_end.as_raw_fd().to_string().into(),
                "--args".into(),
                given.as_raw_fd().to_string().into(),
                "--".into(),
            ];
            arguments.extend(argv.iter().map(Into::into));
            inherited.extend([status_end, given, passwd, groups, system_calls]);
            Spawn {
                program: bwrap.to_path_buf(),
                arguments,
                environment: Vec::new(),
                directory: "/".into(),
                uid,
                output: output_end,
                inherited,
                numbered,
                doors,
                caps,
            }
        }
    };
    Ok((spawn, pipes))
}

impl Launch {
    pub(super) fn changes_are_two(&self) -> bool {
        matches!(
            self.command,
            Command::Tool {
                changes_are_two: true,
                ..
            }
        )
    }

    /// Without hooks there is nobody who could export anything.
    pub(super) fn captures_exports(&self) -> bool {
        self.capture_exports && !self.hooks.is_empty()
    }
}

/// The name to call it by and the file to show: a tool is often a link of a version manager.
fn real_tool(path: &Path) -> std::io::Result<(std::ffi::OsString, std::path::PathBuf)> {
    let real = path.canonicalize().map_err(|error| {
        std::io::Error::new(
            error.kind(),
            format!("the tool {}: {error}", path.display()),
        )
    })?;
    let name = path.file_name().map(ToOwned::to_owned).unwrap_or_default();
    Ok((name, real))
}

fn acceptable(name: &str, value: &str) -> bool {
    !name.is_empty() && !name.contains(['=', '\0']) && !value.contains('\0')
}

fn pipe() -> std::io::Result<(OwnedFd, OwnedFd)> {
    Ok(nix::unistd::pipe2(nix::fcntl::OFlag::O_CLOEXEC)?)
}
