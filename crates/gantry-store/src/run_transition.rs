//! The history of a run: one row for each visit to a state.

use gantry_core::ids::{RunId, StackId};
use gantry_core::run::{RunState, RunTransition};

use crate::{Reader, Row, StoreError, Tx};

pub async fn insert(tx: &Tx, run: &RunId, transition: &RunTransition) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO run_transition (run_id, version, state, at, username, note, has_logs)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        vec![
            run.as_str().into(),
            transition.version.into(),
            transition.state.as_str().into(),
            transition.at.into(),
            transition.username.as_deref().into(),
            transition.note.as_deref().into(),
            transition.has_logs.into(),
        ],
    )
    .await?;
    Ok(())
}

/// Says what happened in a state that stays, after what was said of it before.
pub async fn set_note(
    tx: &Tx,
    run: &RunId,
    version: i64,
    username: Option<&str>,
    note: &str,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE run_transition SET username = $3,
         note = CASE WHEN note IS NULL OR note = $4 THEN $4 ELSE note || '; ' || $4 END
         WHERE run_id = $1 AND version = $2",
        vec![
            run.as_str().into(),
            version.into(),
            username.into(),
            note.into(),
        ],
    )
    .await?;
    Ok(())
}

/// Says what happened in a state, unless something is said about it already.
pub async fn note_first(tx: &Tx, run: &RunId, version: i64, note: &str) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE run_transition SET note = $3
         WHERE run_id = $1 AND version = $2 AND note IS NULL",
        vec![run.as_str().into(), version.into(), note.into()],
    )
    .await?;
    Ok(())
}

/// Adds to what is said of one visit.
pub async fn add_note(tx: &Tx, run: &RunId, version: i64, note: &str) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE run_transition
         SET note = CASE WHEN note IS NULL THEN $3 ELSE note || '; ' || $3 END
         WHERE run_id = $1 AND version = $2",
        vec![run.as_str().into(), version.into(), note.into()],
    )
    .await?;
    Ok(())
}

/// A visit to the state of a phase that writes, which is over.
pub struct WriteVisit {
    pub run: RunId,
    pub state: RunState,
    /// Of the visit that came after it.
    pub next_version: i64,
}

/// Who wrote for a stack between `since` and `until`, where somebody did; the last of them.
pub async fn writing_between(
    reader: Reader<'_>,
    stack: &StackId,
    since: i64,
    until: i64,
) -> Result<Option<WriteVisit>, StoreError> {
    let row = reader
        .one(
            "SELECT visit.run_id, visit.state, next.version FROM run
             JOIN run_transition visit ON visit.run_id = run.id
             JOIN run_transition next
               ON next.run_id = visit.run_id AND next.version = visit.version + 1
             WHERE run.stack_id = $1 AND visit.state IN ('APPLYING', 'PERFORMING', 'DESTROYING')
             AND visit.at <= $3 AND next.at >= $2
             ORDER BY visit.at DESC, visit.run_id DESC LIMIT 1",
            vec![stack.as_str().into(), since.into(), until.into()],
        )
        .await?;
    row.map(|row| {
        Ok(WriteVisit {
            run: RunId::new(row.text("run_id")?),
            state: row.parsed("state", RunState::parse)?,
            next_version: row.int("version")?,
        })
    })
    .transpose()
}

/// Newest first.
pub async fn list(reader: Reader<'_>, run: &RunId) -> Result<Vec<RunTransition>, StoreError> {
    let history = of_runs(reader, std::slice::from_ref(run)).await?;
    Ok(history.into_iter().map(|(_, visit)| visit).collect())
}

/// The same of several runs.
pub async fn of_runs(
    reader: Reader<'_>,
    runs: &[RunId],
) -> Result<Vec<(RunId, RunTransition)>, StoreError> {
    let rows = reader
        .among(
            "SELECT run_id, version, state, at, username, note, has_logs FROM run_transition
             WHERE run_id IN",
            vec![],
            runs.iter().map(RunId::as_str),
            "ORDER BY run_id, version DESC",
        )
        .await?;
    rows.iter()
        .map(|row| Ok((RunId::new(row.text("run_id")?), from_row(row)?)))
        .collect()
}

/// The newest visit to `state`, or the one of that `version`.
pub async fn find(
    reader: Reader<'_>,
    run: &RunId,
    state: RunState,
    version: Option<i64>,
) -> Result<Option<RunTransition>, StoreError> {
    let history = list(reader, run).await?;
    Ok(history.into_iter().find(|transition| {
        transition.state == state && version.is_none_or(|version| version == transition.version)
    }))
}

fn from_row(row: &Row) -> Result<RunTransition, StoreError> {
    Ok(RunTransition {
        version: row.int("version")?,
        state: row.parsed("state", RunState::parse)?,
        at: row.int("at")?,
        username: row.opt_text("username")?,
        note: row.opt_text("note")?,
        has_logs: row.flag("has_logs")?,
    })
}
