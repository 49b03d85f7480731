//! A box that is put up while the server decides about the phase that may come.
//!
//! Building a box takes as long as the server's answer, and needs nothing of it: what a child may see
//! is known before its credentials are. So the box is built around a shell that waits for its script.
//! Nothing of the phase is in it until [`Standby::go`] writes that script, environment and command
//! together; a box that isn't needed is taken down with its shell still waiting.
//!
//! The script comes through a pipe, so as little of it appears in an argument list or a file as of
//! the environment of a box that is built in one go. Where a shell might not hand on an environment
//! exactly as it was given, the box is not used, and another one is built without a shell.

use std::fmt::Write;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::Child;

use secrecy::ExposeSecret;
use tokio::io::AsyncWriteExt;
use tokio::net::unix::pipe::Sender;
use zeroize::Zeroizing;

use super::arguments::{InBox, Pipes, Shown, acceptable, in_box, pipe};
use super::{Command, Launch};
use crate::hooks;
use crate::sandbox::{HOME, Sandbox, SandboxError};
use crate::workspace::View;

/// Variables that mean something to a shell, or that it doesn't let anybody set.
const OF_SHELLS: &[&str] = &[
    "_",
    "BASHOPTS",
    "BASHPID",
    "BASH_ENV",
    "BASH_VERSINFO",
    "ENV",
    "EUID",
    "GROUPS",
    "HOME",
    "IFS",
    "LINENO",
    "OLDPWD",
    "OPTIND",
    "PATH",
    "POSIXLY_CORRECT",
    "PPID",
    "PS4",
    "PWD",
    "RANDOM",
    "SECONDS",
    "SHELLOPTS",
    "SHLVL",
    "UID",
];

pub struct Standby {
    view: View,
    tool: PathBuf,
    /// The tool's path in the box.
    inside: String,
    /// `None` once it has gone into a phase.
    begun: Option<Begun>,
}

struct Begun {
    child: Child,
    pipes: Pipes,
    script: OwnedFd,
}

impl Standby {
    /// `None` where there is no box.
    pub async fn start(
        sandbox: &Sandbox,
        view: View,
        tool: &Path,
    ) -> Result<Option<Self>, SandboxError> {
        let Some(bwrap) = sandbox.root().bwrap() else {
            return Ok(None);
        };
        let io = SandboxError::Spawn;
        let shown = Shown::of(sandbox, &view, Some(tool))?;
        let (output, output_end) = pipe().map_err(io)?;
        let (script_end, script) = pipe().map_err(io)?;
        // The shell opens it by its name, under the run's uid.
        if let Some(uid) = view.uid {
            std::os::unix::fs::fchown(&script_end, Some(uid), Some(uid)).map_err(io)?;
        }
        let (marks, marks_end) = pipe().map_err(io)?;
        let (exports, exports_end) = pipe().map_err(io)?;
        let what = InBox {
            view: &view,
            mounts: &shown.mounts,
            environment: &[("PATH", &shown.path), ("HOME", HOME)],
            argv: &["/bin/sh".to_owned(), format!("/dev/fd/{}", hooks::SCRIPT)],
            output: output_end,
            numbered: vec![
                (hooks::SCRIPT, script_end),
                (hooks::EXPORTS, exports_end),
                (hooks::MARKS, marks_end),
            ],
        };
        let (spawn, status) = in_box(sandbox, bwrap, what)?;
        let child = sandbox.spawner().spawn(spawn).await?.child;
        let pipes = Pipes {
            output,
            status: Some(status),
            marks: Some(marks),
            exports: Some(exports),
        };
        Ok(Some(Standby {
            view,
            tool: tool.to_owned(),
            inside: shown.tool.unwrap_or_default(),
            begun: Some(Begun {
                child,
                pipes,
                script,
            }),
        }))
    }

    pub fn view(&self) -> &View {
        &self.view
    }

    /// The outermost process of the box.
    pub fn pid(&self) -> Option<u32> {
        self.begun.as_ref().map(|begun| begun.child.id())
    }

    /// Begins the phase. `None`: this box isn't the right one, or it has broken down meanwhile.
    pub(super) fn go(mut self, launch: &Launch) -> Option<(Child, Pipes)> {
        let fits = self.view == launch.view && launch.tool.as_deref() == Some(&self.tool);
        let script = fits.then(|| script(launch, &self.inside)).flatten()?;
        let waits = |child: &mut Child| matches!(child.try_wait(), Ok(None));
        if !waits(&mut self.begun.as_mut()?.child) {
            return None;
        }
        let Begun {
            child,
            mut pipes,
            script: to,
        } = self.begun.take()?;
        if !launch.captures_exports() {
            pipes.exports = None;
        }
        // More than the pipe takes at once is written while the shell reads. One that has died
        // is seen by whoever watches it.
        tokio::spawn(async move {
            if let Ok(mut to) = Sender::from_owned_fd(to) {
                let _ = to.write_all(script.as_bytes()).await;
            }
        });
        Some((child, pipes))
    }
}

impl Drop for Standby {
    fn drop(&mut self) {
        if let Some(begun) = &mut self.begun {
            let _ = begun.child.kill();
            let _ = begun.child.wait();
        }
    }
}

/// `None` where only a box without a shell will do.
fn script(launch: &Launch, tool: &str) -> Option<Zeroizing<String>> {
    let Command::Tool { arguments, .. } = &launch.command else {
        return None;
    };
    let environment = || {
        launch
            .environment
            .iter()
            .map(|(name, value)| (name.as_str(), value.expose_secret()))
    };
    if !environment().all(|(name, value)| acceptable(name, value) && is_plain(name)) {
        return None;
    }
    // Room first: growing would leave copies of secrets behind.
    let room = |text: &str| 2 * text.len() + 16 + 4 * text.matches('\'').count();
    let of_environment: usize = environment()
        .map(|(name, value)| name.len() + room(value))
        .sum();
    let command: Vec<String> = std::iter::once(tool.to_owned())
        .chain(arguments.iter().cloned())
        .collect();
    let last = match launch.hooks.is_empty() {
        true => {
            let mut last = "exec".to_owned();
            for word in &command {
                quote(&mut last, " ", word);
            }
            let _ = writeln!(last, " {}>&- {}>&-", hooks::EXPORTS, hooks::MARKS);
            last
        }
        false => hooks::script(
            &launch.hooks,
            &command,
            launch.changes_are_two(),
            launch.captures_exports(),
        ),
    };
    let mut script = Zeroizing::new(String::with_capacity(of_environment + last.len() + 64));
    // The shell reads on under another number.
    let _ = writeln!(script, "exec {}<&-", hooks::SCRIPT);
    if !launch.captures_exports() {
        let _ = writeln!(script, "exec {}>&-", hooks::EXPORTS);
    }
    for (name, value) in environment() {
        let _ = write!(script, "export {name}=");
        quote(&mut script, "", value);
        script.push('\n');
    }
    script.push_str(&last);
    Some(script)
}

fn quote(script: &mut String, before: &str, word: &str) {
    script.push_str(before);
    script.push('\'');
    for (number, part) in word.split('\'').enumerate() {
        if number > 0 {
            script.push_str(r"'\''");
        }
        script.push_str(part);
    }
    script.push('\'');
}

/// A name that a shell can export, and that means nothing to it.
fn is_plain(name: &str) -> bool {
    let mut characters = name.chars();
    let begins = characters
        .next()
        .is_some_and(|first| first == '_' || first.is_ascii_alphabetic());
    begins
        && characters.all(|c| c == '_' || c.is_ascii_alphanumeric())
        && !OF_SHELLS.contains(&name)
}
