//! What a version looks like as a row.

use gantry_core::ids::{RunId, StackId, StateVersionId};
use gantry_core::run::Phase;
use gantry_core::state::{Counted, Origin, StateDelta, StateVersion};

use crate::{Row, StoreError, Value};

pub(super) const COLUMNS: &str = "SELECT id, stack_id, serial, lineage, tool_version, bytes, digest, \
     object, key_id, origin, run_id, phase, rollback_of, author, author_id, created_at, delta \
     FROM state_version";

/// Run, phase, and the version that was rolled back to.
pub(super) fn origin_values(origin: &Origin) -> (Value, Value, Value) {
    match origin {
        Origin::Run { run, phase } => (run.as_str().into(), phase.as_str().into(), Value::NullText),
        Origin::Import => (Value::NullText, Value::NullText, Value::NullText),
        Origin::Rollback { of } => (Value::NullText, Value::NullText, of.as_str().into()),
    }
}

/// NULL while nobody has looked; the JSON `null` when there was nothing to be read.
pub(super) fn counted_value(counted: Counted) -> Value {
    match counted {
        Counted::NotYet => Value::NullText,
        Counted::Unreadable => Value::json(&None::<StateDelta>),
        Counted::As(delta) => Value::json(&delta),
    }
}

pub(super) fn from_row(row: &Row) -> Result<StateVersion, StoreError> {
    let counted = match row.opt_text("delta")? {
        None => Counted::NotYet,
        Some(_) => row
            .json("delta")
            .map(|delta: Option<StateDelta>| delta.map_or(Counted::Unreadable, Counted::As))?,
    };
    Ok(StateVersion {
        id: StateVersionId::new(row.text("id")?),
        stack: StackId::new(row.text("stack_id")?),
        serial: row.int("serial")?,
        lineage: row.text("lineage")?,
        tool_version: row.opt_text("tool_version")?,
        bytes: row.int("bytes")?,
        digest: row.text("digest")?,
        object: row.text("object")?,
        key_id: row.text("key_id")?,
        origin: origin(row)?,
        author: row.text("author")?,
        author_id: row.text("author_id")?,
        created_at: row.int("created_at")?,
        counted,
    })
}

fn origin(row: &Row) -> Result<Origin, StoreError> {
    let origin = row.text("origin")?;
    Ok(match origin.as_str() {
        "run" => Origin::Run {
            run: RunId::new(row.text("run_id")?),
            phase: row.parsed("phase", Phase::parse)?,
        },
        "import" => Origin::Import,
        "rollback" => Origin::Rollback {
            of: StateVersionId::new(row.text("rollback_of")?),
        },
        _ => {
            return Err(StoreError::Column {
                column: "origin".into(),
                value: origin,
            });
        }
    })
}
