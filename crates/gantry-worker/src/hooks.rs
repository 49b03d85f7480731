//! The hooks of a phase: one `sh` that runs them around the phase's command.
//!
//! Each hook stands in braces, all of them and the command are joined by `&&`. So an `export` of a
//! before-hook reaches the command, the first failure ends the phase, and a plan's exit status 2
//! ("there are changes") counts as success. Without hooks there is no shell at all.
//!
//! What happened is told apart from the shell's own exit status: the script writes *marks* on a
//! descriptor that the command itself doesn't have. A hook that says `exit 0` therefore can't pass
//! for a command that succeeded. The limit of this: a hook that sets out to forge marks can, since it
//! runs in the same shell; hooks belong to the stack's administrators, the command's code does not.

#[cfg(test)]
mod tests;

use std::fmt::{self, Write};
use std::os::fd::RawFd;

/// The descriptors that the script uses; a shell can only redirect single digits.
pub(crate) const TASK: RawFd = 6;
pub(crate) const SCRIPT: RawFd = 7;
pub(crate) const EXPORTS: RawFd = 8;
pub(crate) const MARKS: RawFd = 9;

/// The hooks of one phase. For `after_run` use `before` with [`crate::child::Command::Nothing`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PhaseHooks {
    pub before: Vec<String>,
    pub after: Vec<String>,
}

impl PhaseHooks {
    pub fn is_empty(&self) -> bool {
        self.before
            .iter()
            .chain(&self.after)
            .all(|hook| hook.trim().is_empty())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    Before,
    After,
}

/// One hook of a phase, numbered from 0 in the order given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HookName {
    pub when: When,
    pub index: usize,
}

impl fmt::Display for HookName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let when = match self.when {
            When::Before => "before",
            When::After => "after",
        };
        write!(f, "{when}-hook {}", self.index + 1)
    }
}

/// How a phase with hooks ended, from the marks and the shell's exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Command(i32),
    Failed {
        hook: HookName,
        status: i32,
        command: Option<i32>,
    },
    EndedShell {
        hook: Option<HookName>,
        status: i32,
        command: Option<i32>,
    },
    /// The shell was ended while the command ran.
    Interrupted,
}

/// Variables that the command gets as the phase has them, whatever its before-hooks make of them.
#[derive(Debug, Default)]
pub(crate) struct Steady<'a> {
    pub set: Vec<&'a str>,
    pub unset: Vec<&'a str>,
}

impl Steady<'_> {
    fn remember(&self) -> String {
        let lines = self.set.iter().enumerate();
        lines
            .map(|(n, name)| format!("gantry_steady_{n}=\"${name}\"\n"))
            .collect()
    }

    fn restore(&self) -> String {
        let set = self.set.iter().enumerate();
        set.map(|(n, name)| format!("export {name}=\"$gantry_steady_{n}\"\n"))
            .chain(self.unset.iter().map(|name| format!("unset {name}\n")))
            .collect()
    }
}

/// The script. `command` is empty where there is none.
pub(crate) fn script(
    hooks: &PhaseHooks,
    command: &[String],
    steady: &Steady<'_>,
    two_is_success: bool,
    capture_exports: bool,
) -> String {
    let mut parts = Vec::new();
    let each = |when: &str, hooks: &[String], parts: &mut Vec<String>| {
        for (index, hook) in hooks
            .iter()
            .enumerate()
            .filter(|(_, hook)| !hook.trim().is_empty())
        {
            // The empty line ends a hook whose last line ends in a backslash.
            parts.push(format!("{{ echo '{when} {index}' >&{MARKS}\n{hook}\n\n}}"));
        }
    };
    each("before", &hooks.before, &mut parts);
    if !command.is_empty() {
        let mut part = format!(
            "{{ {}/bin/sh -c 'echo \"pid $$\" >&{MARKS}; exec \"$@\" {SCRIPT}<&- {EXPORTS}>&- {MARKS}>&-' sh",
            steady.restore()
        );
        for argument in command {
            let _ = write!(part, " '{}'", argument.replace('\'', r"'\''"));
        }
        let _ = write!(
            part,
            "\ngantry_status=$?\necho \"command $gantry_status\" >&{MARKS}\n[ \"$gantry_status\" -eq 0 ]"
        );
        if two_is_success {
            part.push_str(" || [ \"$gantry_status\" -eq 2 ]");
        }
        part.push_str("\n}");
        parts.push(part);
    }
    each("after", &hooks.after, &mut parts);
    if capture_exports {
        parts.push(format!(
            "{{ echo exports >&{MARKS}; /usr/bin/env -0 >&{EXPORTS}; }}"
        ));
    }
    let mut script = steady.remember() + &parts.join(" && ");
    let _ = write!(
        script,
        "\ngantry_status=$?\necho \"end $gantry_status\" >&{MARKS}\nexit \"$gantry_status\"\n"
    );
    script
}

/// Reads the marks as they come. Marks out of order are ignored: then the command counts as not run.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    line: Vec<u8>,
    hook: Option<HookName>,
    pid: Option<i32>,
    command: Option<i32>,
    exports: bool,
    end: Option<i32>,
}

/// Longer than any mark; what exceeds it isn't one.
const LONGEST: usize = 64;

impl Marks {
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if *byte == b'\n' {
                let line = std::mem::take(&mut self.line);
                if let Ok(line) = std::str::from_utf8(&line) {
                    self.mark(line);
                }
            } else if self.line.len() < LONGEST {
                self.line.push(*byte);
            }
        }
    }

    fn mark(&mut self, line: &str) {
        let mut words = line.split(' ');
        let (Some(word), number) = (
            words.next(),
            words.next().and_then(|n| n.parse::<i32>().ok()),
        ) else {
            return;
        };
        match (word, number) {
            ("before", Some(n)) if self.pid.is_none() => {
                self.hook = Some(HookName {
                    when: When::Before,
                    index: n as usize,
                });
            }
            ("pid", Some(n)) if self.pid.is_none() => self.pid = Some(n),
            ("command", Some(n)) if self.pid.is_some() && self.command.is_none() => {
                self.command = Some(n);
                self.hook = None;
            }
            ("after", Some(n)) if self.command.is_some() => {
                self.hook = Some(HookName {
                    when: When::After,
                    index: n as usize,
                });
            }
            ("exports", None) => self.exports = true,
            ("end", Some(n)) if self.end.is_none() => self.end = Some(n),
            _ => {}
        }
    }

    /// The command's number in its own process namespace, while it runs.
    pub(crate) fn running(&self) -> Option<i32> {
        self.pid.filter(|_| self.command.is_none())
    }

    pub(crate) fn verdict(
        &self,
        hooks: &PhaseHooks,
        has_command: bool,
        two_is_success: bool,
        capture_exports: bool,
        shell: i32,
    ) -> Verdict {
        let good = |status: i32| status == 0 || (two_is_success && status == 2);
        if !has_command {
            return match (self.end, self.hook) {
                (Some(0), _) => Verdict::Command(0),
                (Some(status), Some(hook)) => Verdict::Failed {
                    hook,
                    status,
                    command: None,
                },
                (_, hook) => Verdict::EndedShell {
                    hook,
                    status: shell,
                    command: None,
                },
            };
        }
        match (self.command, self.end, self.hook) {
            (Some(status), _, _) if !good(status) => Verdict::Command(status),
            (Some(status), Some(0), _) => Verdict::Command(status),
            (Some(status), Some(failed), Some(hook)) => Verdict::Failed {
                hook,
                status: failed,
                command: Some(status),
            },
            (Some(status), Some(_), None) => Verdict::Command(status),
            (Some(status), None, hook) => {
                let last = hooks.after.iter().rposition(|hook| !hook.trim().is_empty());
                let skipped = capture_exports || hook.map(|hook| hook.index) != last;
                match skipped || shell != 0 {
                    true => Verdict::EndedShell {
                        hook,
                        status: shell,
                        command: Some(status),
                    },
                    // Its last hook said `exit 0`: nothing was left out.
                    false => Verdict::Command(status),
                }
            }
            (None, Some(status), Some(hook)) if self.pid.is_none() => Verdict::Failed {
                hook,
                status,
                command: None,
            },
            (None, None, _) if self.pid.is_some() => Verdict::Interrupted,
            (None, _, hook) => Verdict::EndedShell {
                hook,
                status: shell,
                command: None,
            },
        }
    }
}
