use std::os::fd::OwnedFd;
use std::process::Child;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::AsyncReadExt;
use tokio::io::unix::AsyncFd;
use tokio::net::unix::pipe::Receiver;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::arguments::{self, Pipes};
use super::end::{End, Reason};
use super::exports;
use super::output::{Activity, pump};
use super::process_tree::{self, Process};
use super::watch::{Over, Watch};
use super::{Command, Ended, Launch, Tree};
use crate::hooks::Marks;
use crate::sandbox::{Sandbox, SandboxError};
use crate::worker::blocking;

/// Between SIGTERM and SIGKILL.
const LAST_WORDS: Duration = Duration::from_secs(5);

pub(super) async fn supervise(
    sandbox: &Sandbox,
    launch: Launch,
    output: mpsc::Sender<Bytes>,
    stop: CancellationToken,
) -> Result<Ended, SandboxError> {
    let share = launch.limits.share;
    let group = sandbox
        .groups()
        .group(share.memory, share.processes)
        .map_err(SandboxError::ControlGroup)?
        .map(Arc::new);
    let (spawn, pipes) = arguments::prepare(sandbox, &launch, group.as_deref())?;
    let Pipes {
        output: out,
        status,
        marks,
        exports,
    } = pipes;
    let boxed = status.is_some();
    let (out, status, marks, exports) = (
        receiver(out)?,
        status.map(receiver).transpose()?,
        marks.map(receiver).transpose()?,
        exports.map(receiver).transpose()?,
    );
    let started = Instant::now();
    gantry_fault::before("a child");
    let child = sandbox.spawner().spawn(spawn).await?.child;
    gantry_fault::after("a child");
    let pid = child.id().cast_signed();
    if let Some(listener) = &launch.processes {
        let _ = listener.send(pid);
    }
    let Some(outer) = Process::open(pid).map_err(SandboxError::Spawn)? else {
        return Err(SandboxError::Spawn(std::io::Error::from_raw_os_error(
            libc::ESRCH,
        )));
    };
    let silence = Arc::new(Activity::since(started));
    let watch = Arc::new(Watch {
        share,
        directory: launch.view.whole.clone(),
        group: group.clone(),
        outer: pid,
    });
    let (over, overs) = mpsc::unbounded_channel();
    let looking = watch.clone().look_out(over.clone());
    let looking = tokio::spawn(looking.in_current_span());
    let pump = pump(out, output, silence.clone(), (share.output, over));
    let pump = tokio::spawn(pump.in_current_span());
    let exports = exports.map(|from| tokio::spawn(exports::read(from)));
    let running = Running {
        outer: outer.watch().map_err(SandboxError::Spawn)?,
        child,
        boxed,
        status,
        report: Report::default(),
        init: None,
        marks: Marks::default(),
        marks_from: marks,
        ended: false,
        launch: &launch,
    };
    let (end, tail, tree) = running.watch(started, silence, stop, pump, overs).await;
    gantry_fault::after("the end of a child");
    looking.abort();
    let exports = match exports {
        Some(task) => exports::changed(task.await.unwrap_or_default(), &launch.environment),
        None => Vec::new(),
    };
    let outcome = end.outcome(&launch, boxed, &tail);
    let outcome = blocking(|| {
        let outcome = outcome.at(|said| watch.reason(&said), launch.changes_are_two());
        if let Some(group) = group {
            group.remove();
        }
        outcome
    });
    Ok(Ended {
        outcome,
        tree,
        exports,
    })
}

/// What bubblewrap reported.
#[derive(Default)]
struct Report {
    line: Vec<u8>,
    init: Option<i32>,
    status: Option<i32>,
}

#[derive(serde::Deserialize)]
struct ReportLine {
    #[serde(rename = "child-pid")]
    child_pid: Option<i32>,
    #[serde(rename = "exit-code")]
    exit_code: Option<i32>,
}

struct Running<'a> {
    outer: AsyncFd<Process>,
    child: Child,
    boxed: bool,
    status: Option<Receiver>,
    report: Report,
    /// The first process of the child's pid namespace.
    init: Option<AsyncFd<Process>>,
    marks: Marks,
    marks_from: Option<Receiver>,
    launch: &'a Launch,
    ended: bool,
}

impl Drop for Running<'_> {
    /// Whoever waited has given up: the child must not live on unwatched.
    fn drop(&mut self) {
        if !self.ended {
            self.kill();
            let _ = self.child.wait();
        }
    }
}

impl Running<'_> {
    async fn watch(
        mut self,
        started: Instant,
        activity: Arc<Activity>,
        stop: CancellationToken,
        pump: tokio::task::JoinHandle<Vec<u8>>,
        mut overs: mpsc::UnboundedReceiver<Over>,
    ) -> (End, Vec<u8>, Tree) {
        let limits = self.launch.limits;
        let mut grace = limits.grace;
        let wall = started + limits.wall;
        let mut reason = None;
        // What to do next to a child that was asked to end, and when.
        let mut step: Option<(Step, Instant)> = None;
        let mut buffer = [0u8; 4096];
        let mut marks_buffer = [0u8; 1024];
        let mut forced = false;
        // How often to look for a process that isn't there yet.
        let mut patience = 500;
        loop {
            let quiet = limits.silence.map(|limit| activity.last() + limit);
            tokio::select! {
                biased;
                read = read(&mut self.status, &mut buffer) => match read {
                    0 => self.status = None,
                    n => self.hear(&buffer[..n]),
                },
                read = read(&mut self.marks_from, &mut marks_buffer) => match read {
                    0 => self.marks_from = None,
                    n => self.marks.feed(&marks_buffer[..n]),
                },
                _ = self.outer.readable() => break,
                () = stop.cancelled(), if reason.is_none() => {
                    reason = Some(Reason::Stop);
                    step = Some((Step::Interrupt, Instant::now()));
                }
                Some(over) = overs.recv() => {
                    if reason.is_none() {
                        reason = Some(Reason::Over(over.limit));
                        grace = limits.haste;
                        step = Some((Step::Interrupt, Instant::now()));
                    }
                    if over.far && step.is_some() {
                        step = Some((Step::Kill, Instant::now()));
                    }
                }
                () = sleep_until(wall), if reason.is_none() => {
                    reason = Some(Reason::Wall(limits.wall));
                    step = Some((Step::Interrupt, Instant::now()));
                }
                () = at(quiet), if reason.is_none() => {
                    // Output may have come while the timer ran.
                    if let Some(limit) = limits.silence && activity.last() + limit <= Instant::now() {
                        reason = Some(Reason::Silence(limit));
                        step = Some((Step::Interrupt, Instant::now()));
                    }
                }
                () = at(step.map(|(_, when)| when)) => {
                    let now = Instant::now();
                    step = match step {
                        Some((Step::Interrupt, _)) => match self.signal(libc::SIGINT) {
                            true => Some((Step::Terminate, now + grace)),
                            // It hasn't started yet.
                            false if patience > 0 => {
                                patience -= 1;
                                Some((Step::Interrupt, now + Duration::from_millis(2)))
                            }
                            false => Some((Step::Kill, now)),
                        },
                        Some((Step::Terminate, _)) => {
                            forced = true;
                            self.signal(libc::SIGTERM);
                            Some((Step::Kill, now + LAST_WORDS))
                        }
                        Some((Step::Kill, _)) => {
                            forced = true;
                            self.kill();
                            None
                        }
                        None => None,
                    };
                }
            }
        }
        // Bubblewrap's own last words, and the hooks' (what they left running may keep the pipe open,
        // so only what is there already).
        while let Some(n) = read_now(&mut self.status, &mut buffer) {
            self.hear(&buffer[..n]);
        }
        while let Some(n) = read_now(&mut self.marks_from, &mut marks_buffer) {
            self.marks.feed(&marks_buffer[..n]);
        }
        let outer = match self.child.wait() {
            Ok(status) => status,
            Err(_) => std::os::unix::process::ExitStatusExt::from_raw(libc::SIGKILL),
        };
        self.ended = true;
        let (tree, tail) = self.end_of_tree(pump).await;
        let end = End {
            marks: std::mem::take(&mut self.marks),
            outer,
            inner: self.report.status,
            reason,
            forced,
        };
        (end, tail, tree)
    }

    fn hear(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if *byte != b'\n' {
                self.report.line.push(*byte);
                continue;
            }
            let line = std::mem::take(&mut self.report.line);
            let Ok(line) = serde_json::from_slice::<ReportLine>(&line) else {
                continue;
            };
            self.report.status = self.report.status.or(line.exit_code);
            if let Some(pid) = line.child_pid.filter(|_| self.report.init.is_none()) {
                self.report.init = Some(pid);
                if let Some(listener) = &self.launch.processes {
                    let _ = listener.send(pid);
                }
                self.init = open_init(pid);
            }
        }
    }

    /// Sends a signal to those who should get it; false when there is nobody yet.
    fn signal(&self, signal: i32) -> bool {
        let outer = self.outer.get_ref();
        let top = match (self.boxed, &self.init) {
            (true, Some(init)) => init.get_ref().pid,
            (true, None) => return false,
            (false, _) => outer.pid,
        };
        let mut below = process_tree::descendants(top);
        if !self.boxed {
            below.extend(process_tree::read(top));
        }
        let tool = matches!(
            self.launch.command,
            Command::Tool { .. } | Command::Program(_)
        );
        let the_tool = match (self.launch.hooks.is_empty(), tool) {
            (true, true) if self.boxed => below
                .iter()
                .filter(|process| process.parent == top)
                .min_by_key(|process| process.inner)
                .copied(),
            (true, true) => process_tree::read(top),
            (false, true) => self
                .marks
                .running()
                .and_then(|inner| below.iter().find(|process| process.inner == inner).copied()),
            (_, false) => None,
        };
        let targets = match the_tool {
            Some(process) => vec![process],
            None => below,
        };
        for target in &targets {
            if let Ok(Some(process)) = Process::open(target.pid) {
                process.signal(signal);
            }
        }
        !targets.is_empty()
    }

    fn kill(&self) {
        match &self.init {
            Some(init) => init.get_ref().signal(libc::SIGKILL),
            // Between its start and its report bubblewrap's first process would outlive it.
            None => {
                for process in process_tree::descendants(self.outer.get_ref().pid) {
                    if let Ok(Some(process)) = Process::open(process.pid) {
                        process.signal(libc::SIGKILL);
                    }
                }
            }
        }
        self.outer.get_ref().signal(libc::SIGKILL);
    }

    /// Waits until nothing of the child is left. The outermost process has ended.
    async fn end_of_tree(&self, mut pump: tokio::task::JoinHandle<Vec<u8>>) -> (Tree, Vec<u8>) {
        if self.boxed {
            if let Some(init) = &self.init {
                // Its parent is gone, so the kernel is killing it already; nothing is lost by haste.
                init.get_ref().signal(libc::SIGKILL);
                let _ = init.readable().await;
                return (Tree::Gone, pump.await.unwrap_or_default());
            }
            // Bubblewrap ended before there was a namespace, or its first process ended before we could
            // open it, which the kernel allows only after all others: then nobody holds the output.
            return match tokio::time::timeout(LAST_WORDS, &mut pump).await {
                Ok(tail) => (Tree::Gone, tail.unwrap_or_default()),
                Err(_) => {
                    pump.abort();
                    (Tree::Unknown, Vec::new())
                }
            };
        }
        let leader = self.outer.get_ref().pid;
        for _ in 0..100 {
            if process_tree::signal_session(leader, libc::SIGKILL) == 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        // A process that left the session may hold the output open for ever.
        let tail = match tokio::time::timeout(Duration::from_secs(1), &mut pump).await {
            Ok(tail) => tail.unwrap_or_default(),
            Err(_) => {
                pump.abort();
                Vec::new()
            }
        };
        (Tree::Unknown, tail)
    }
}

#[derive(Clone, Copy)]
enum Step {
    Interrupt,
    Terminate,
    Kill,
}

fn open_init(pid: i32) -> Option<AsyncFd<Process>> {
    let process = Process::open(pid).ok()??;
    // The number may belong to somebody else by now: then the init is gone, and so is its namespace.
    let listed = process_tree::read(pid)?;
    if !(listed.nested && listed.inner == 1) {
        return None;
    }
    process.watch().ok()
}

fn receiver(fd: OwnedFd) -> Result<Receiver, SandboxError> {
    Receiver::from_owned_fd(fd).map_err(SandboxError::Spawn)
}

/// Reads, or waits for ever where there is nothing to read from. 0: the end.
async fn read(from: &mut Option<Receiver>, buffer: &mut [u8]) -> usize {
    match from {
        Some(receiver) => receiver.read(buffer).await.unwrap_or(0),
        None => std::future::pending().await,
    }
}

/// What can be read without waiting. Asks the kernel, not the runtime, which may not know yet.
fn read_now(from: &mut Option<Receiver>, buffer: &mut [u8]) -> Option<usize> {
    match nix::unistd::read(from.as_ref()?, buffer) {
        Ok(0) | Err(_) => None,
        Ok(n) => Some(n),
    }
}

async fn at(when: Option<Instant>) {
    match when {
        Some(when) => sleep_until(when).await,
        None => std::future::pending().await,
    }
}
