//! A new run takes its place in the queue, and goes at once when nothing is in its way.

use gantry_core::ids::RunId;
use gantry_core::run::transition::Event;
use gantry_core::run::{Run, RunKind, RunState, RunTransition, SystemLock};
use gantry_core::stack::Stack;
use gantry_store::{run, run_transition};

use super::deciding::{Deciding, Denied};
use super::overrides::{Overrides, place};
use crate::{App, OpError, Subject};

/// What is asked for; everything else follows from the stack.
pub(crate) struct NewRun {
    pub kind: RunKind,
    /// A full hash; `None` follows the stack.
    pub commit: Option<String>,
    pub title: Option<String>,
    pub command: Option<String>,
    pub skip_initialization: bool,
    pub overrides: Overrides,
    pub metadata: Option<String>,
    pub prioritized: bool,
}

impl NewRun {
    pub(crate) fn of(kind: RunKind) -> Self {
        NewRun {
            kind,
            commit: None,
            title: None,
            command: None,
            skip_initialization: false,
            overrides: Overrides::default(),
            metadata: None,
            prioritized: false,
        }
    }
}

/// Whether somebody may start a run of this kind here and now.
pub(crate) fn check_startable(
    stack: &Stack,
    kind: RunKind,
    subject: &Subject,
) -> Result<(), OpError> {
    subject.require_not_run()?;
    let id = &stack.id;
    if stack.deleting && kind != RunKind::Destroy {
        return Err(OpError::conflict(format!(
            "stack `{id}` is being deleted and starts nothing any more"
        )));
    }
    if stack.disabled && kind != RunKind::Destroy {
        return Err(OpError::conflict(format!(
            "stack `{id}` is disabled; enable it first"
        )));
    }
    if kind == RunKind::Proposed {
        return Ok(());
    }
    if let Some(lock) = stack
        .lock
        .as_ref()
        .filter(|lock| lock.holder != subject.id())
    {
        return Err(OpError::conflict(format!(
            "stack `{id}` is locked by {}, and only the holder of the lock triggers or confirms{}",
            lock.holder_name,
            lock.note
                .as_ref()
                .filter(|note| !note.is_empty())
                .map(|note| format!(": {note}"))
                .unwrap_or_default()
        )));
    }
    match &stack.system_lock {
        // Nothing but a task and an unlock ends this one: a run would wait for ever.
        Some(lock) if lock.kind == SystemLock::ErroredState && kind != RunKind::Task => Err(
            OpError::conflict(format!("stack `{id}` is locked: {}", lock.note)),
        ),
        Some(_) | None => Ok(()),
    }
}

impl App {
    /// Adds a run to the stack of `deciding`. Who may was checked before.
    pub(crate) async fn enqueue(
        &self,
        deciding: &mut Deciding<'_>,
        wanted: NewRun,
        subject: &Subject,
    ) -> Result<Run, OpError> {
        let now = deciding.now;
        let stack = &deciding.stack;
        let tracked = stack.pinned_commit().map(|commit| commit.hash.clone());
        let mut run = Run {
            id: self.runs.new_id(now),
            stack: stack.id.clone(),
            kind: wanted.kind,
            state: RunState::Queued,
            version: 1,
            title: wanted.title,
            command: wanted.command,
            skip_initialization: wanted.skip_initialization,
            requested_commit: wanted.commit.or(tracked),
            commit: None,
            tool: None,
            branch: stack.settings.source.branch.clone(),
            triggered_by: subject.name.clone(),
            triggered_by_id: subject.id(),
            prioritized: wanted.prioritized,
            metadata: wanted.metadata,
            worker: None,
            lease: None,
            fence: 0,
            stop_requested: false,
            write_issued: false,
            user_secrets: false,
            delta: None,
            plan_object: None,
            changes_object: None,
            created_at: now,
            updated_at: now,
            finished_at: None,
        };
        let overrides = self.seal_overrides(&run.id, &wanted.overrides)?;
        run::insert(deciding.tx, &run, overrides).await?;
        let queued = RunTransition {
            version: run.version,
            state: run.state,
            at: now,
            username: Some(run.triggered_by.clone()),
            note: None,
            has_logs: false,
        };
        run_transition::insert(deciding.tx, &run.id, &queued).await?;
        if run.kind == RunKind::Proposed {
            if run.requested_commit.is_some() {
                supersede_older(deciding, &run).await?;
            }
            deciding.decide(&mut run, &Event::Ready, None).await?;
        } else if let Some(went) = deciding.advance().await?.filter(|went| went.id == run.id) {
            run = went;
        }
        Ok(run)
    }

    fn seal_overrides(
        &self,
        run: &RunId,
        overrides: &Overrides,
    ) -> Result<Option<run::SealedOverrides>, OpError> {
        if overrides.is_empty() {
            return Ok(None);
        }
        let text = overrides.to_text()?;
        let sealed = self.keys.seal(&place(run), text.as_bytes());
        Ok(Some(run::SealedOverrides {
            key_id: sealed.key_id,
            sealed: sealed.bytes,
        }))
    }
}

/// A newer commit on a branch makes older previews of that branch pointless.
pub(crate) async fn supersede_older(
    deciding: &mut Deciding<'_>,
    newer: &Run,
) -> Result<(), Denied> {
    let commit = wanted_commit(newer);
    for mut older in run::active(deciding.tx.reader(), &newer.stack).await? {
        let superseded = older.kind == RunKind::Proposed
            && older.id < newer.id
            && older.branch == newer.branch
            && wanted_commit(&older).is_some_and(|old| Some(old) != commit);
        if superseded {
            let by = match commit {
                Some(commit) => format!("commit {commit}"),
                None => format!("run {}", newer.id),
            };
            deciding
                .decide(&mut older, &Event::Superseded { by }, None)
                .await?;
        }
    }
    Ok(())
}

fn wanted_commit(run: &Run) -> Option<&str> {
    let pinned = run.commit.as_ref().map(|commit| commit.hash.as_str());
    pinned.or(run.requested_commit.as_deref())
}
