//! Runs that wait for a worker, in the order in which they go.

use std::collections::HashMap;

use gantry_core::ids::{RunId, SpaceId, WorkerPoolId};

use crate::run::{CLAIMABLE, CLASS};
use crate::search::{After, Key, Select};
use crate::{Reader, StoreError};

/// A run that waits, and its place among all of its queue, from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queued {
    pub run: RunId,
    pub position: i64,
    /// The part of the order that comes before the ID.
    class: i64,
}

/// Whose queue, and which page of it.
#[derive(Clone, Debug)]
pub struct Search {
    /// `None`: that of the stacks without a pool.
    pub pool: Option<WorkerPoolId>,
    /// Only runs of stacks in these spaces; `None` means any. The others have their place all the
    /// same.
    pub spaces: Option<Vec<SpaceId>>,
    pub descending: bool,
    pub after: Option<After>,
    pub limit: i64,
}

/// The runs of one page.
pub async fn search(reader: Reader<'_>, search: &Search) -> Result<Vec<Queued>, StoreError> {
    let mut select = Select::from(format!(
        "SELECT id, class, place FROM (
             SELECT run.id AS id, stack.space_id AS space_id, {CLASS} AS class,
                    ROW_NUMBER() OVER (ORDER BY {CLASS}, run.id) AS place
             FROM run JOIN stack ON stack.id = run.stack_id WHERE {CLAIMABLE} AND "
    ));
    let of_pool = match &search.pool {
        Some(pool) => format!("stack.worker_pool_id = {}", select.bind(pool.as_str())),
        None => "stack.worker_pool_id IS NULL".to_owned(),
    };
    select.append(&of_pool);
    select.append(") AS queue");
    if let Some(spaces) = &search.spaces {
        let list = select.bind_list(spaces.iter().map(|space| space.as_str()));
        select.and_must(&format!("space_id IN ({list})"));
    }
    let after = search.after.as_ref();
    let rows = select
        .page(reader, "class", search.descending, after, search.limit)
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Queued {
                run: RunId::new(row.text("id")?),
                position: row.int("place")?,
                class: row.int("class")?,
            })
        })
        .collect()
}

/// The place right behind `queued`.
pub fn place_of(queued: &Queued) -> After {
    After {
        key: Key::Number(queued.class),
        id: queued.run.as_str().to_owned(),
    }
}

/// The places of those among `runs` that wait for a worker, each in its own queue, from 1.
pub async fn positions(
    reader: Reader<'_>,
    runs: &[RunId],
) -> Result<HashMap<RunId, i64>, StoreError> {
    let select = format!(
        "SELECT id, place FROM (
             SELECT run.id AS id, ROW_NUMBER() OVER (
                 PARTITION BY stack.worker_pool_id ORDER BY {CLASS}, run.id) AS place
             FROM run JOIN stack ON stack.id = run.stack_id WHERE {CLAIMABLE}) AS queue
         WHERE id IN"
    );
    let ids = runs.iter().map(RunId::as_str);
    let rows = reader.among(&select, vec![], ids, "").await?;
    rows.iter()
        .map(|row| Ok((RunId::new(row.text("id")?), row.int("place")?)))
        .collect()
}
