use std::process::ExitStatus;
use std::time::Duration;

use super::outcome::Ending;
use super::{Command, Launch, Limit, Outcome};
use crate::hooks::{Marks, Verdict};

/// Why the worker asked the child to end.
#[derive(Clone, Copy)]
pub(super) enum Reason {
    Stop,
    Wall(Duration),
    Silence(Duration),
    Over(Limit),
}

/// How a child came to its end, before it is put into words.
pub(super) struct End {
    pub marks: Marks,
    /// The status of the outermost process, and of the first one inside.
    pub outer: ExitStatus,
    pub inner: Option<i32>,
    pub reason: Option<Reason>,
    pub forced: bool,
}

impl End {
    pub(super) fn outcome(self, launch: &Launch, boxed: bool, tail: &[u8]) -> Outcome {
        use std::os::unix::process::ExitStatusExt;
        let outer = self
            .outer
            .code()
            .or_else(|| self.outer.signal().map(|signal| 128 + signal));
        let first = match boxed {
            true => self.inner,
            false => outer,
        };
        let hooked = !launch.hooks.is_empty() || launch.command == Command::Nothing;
        let verdict = first.map(|status| match hooked {
            false => Verdict::Command(status),
            true => self.marks.verdict(
                &launch.hooks,
                launch.command != Command::Nothing,
                launch.changes_are_two(),
                launch.captures_exports(),
                status,
            ),
        });
        if let Some(reason) = self.reason {
            let ending = match (self.forced, &verdict) {
                (true, _) => Ending::Forced,
                (false, Some(Verdict::Command(status))) => Ending::InOrder {
                    status: Some(*status),
                },
                (false, _) => Ending::InOrder { status: None },
            };
            return match reason {
                Reason::Stop => Outcome::Stopped(ending),
                Reason::Wall(limit) => Outcome::TimeLimit { limit, ending },
                Reason::Silence(limit) => Outcome::Silence { limit, ending },
                Reason::Over(limit) => Outcome::Over { limit, ending },
            };
        }
        match verdict {
            Some(Verdict::Command(status)) => match status {
                // What a shell and bubblewrap make of a signal.
                129..=159 => Outcome::Killed {
                    signal: status - 128,
                },
                _ => Outcome::Exited { status },
            },
            Some(Verdict::Failed {
                hook,
                status,
                command,
            }) => Outcome::HookFailed {
                hook,
                status,
                command,
            },
            Some(Verdict::EndedShell {
                hook,
                status,
                command,
            }) => Outcome::HookEndedShell {
                hook,
                status,
                command,
            },
            Some(Verdict::Interrupted) => Outcome::Killed {
                signal: libc::SIGKILL,
            },
            None => match self.outer.signal() {
                Some(signal) => Outcome::Killed { signal },
                None => Outcome::SpawnFailed {
                    reason: last_line(tail),
                },
            },
        }
    }
}

fn last_line(tail: &[u8]) -> String {
    let text = String::from_utf8_lossy(tail);
    match text.lines().rfind(|line| !line.trim().is_empty()) {
        Some(line) => line.trim().to_owned(),
        None => "the sandbox ended without a word".to_owned(),
    }
}
