//! The history of a run: one row for each visit to a state.

use gantry_core::ids::RunId;
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

/// Says what happened in a state that stays.
pub async fn set_note(
    tx: &Tx,
    run: &RunId,
    version: i64,
    username: Option<&str>,
    note: &str,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE run_transition SET username = $3, note = $4 WHERE run_id = $1 AND version = $2",
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

/// Newest first.
pub async fn list(reader: Reader<'_>, run: &RunId) -> Result<Vec<RunTransition>, StoreError> {
    let rows = reader
        .all(
            "SELECT version, state, at, username, note, has_logs FROM run_transition
             WHERE run_id = $1 ORDER BY version DESC",
            vec![run.as_str().into()],
        )
        .await?;
    rows.iter().map(from_row).collect()
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
