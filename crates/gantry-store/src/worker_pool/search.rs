//! Which worker pools somebody is looking for.

use gantry_core::ids::SpaceId;
use gantry_core::worker_pool::WorkerPool;

use super::{COLUMNS, from_row};
use crate::search::{After, Key, Select, anywhere, holds_text, one_of};
use crate::{Reader, StoreError};

/// One condition. The values within one are alternatives; all texts are compared exactly.
#[derive(Clone, Debug)]
pub enum Condition {
    Label(Vec<String>),
    Name(Vec<String>),
    Space(Vec<String>),
}

#[derive(Clone, Debug)]
pub struct Predicate {
    pub condition: Condition,
    /// Whether the pools that match are the ones to leave out.
    pub exclude: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderBy {
    CreatedAt,
    Name,
}

/// A question, and which page of its answer.
#[derive(Clone, Debug)]
pub struct Search {
    /// Only pools of these spaces; `None` means any.
    pub spaces: Option<Vec<SpaceId>>,
    pub predicates: Vec<Predicate>,
    /// Each of these somewhere in name, ID, description or labels, whatever the case.
    pub terms: Vec<String>,
    pub order: OrderBy,
    pub descending: bool,
    pub after: Option<After>,
    pub limit: i64,
}

/// The pools of one page.
pub async fn search(reader: Reader<'_>, search: &Search) -> Result<Vec<WorkerPool>, StoreError> {
    let mut select = Select::from(COLUMNS);
    if let Some(spaces) = &search.spaces {
        select.each_of("space_id", spaces.iter().map(|space| space.as_str()));
    }
    for predicate in &search.predicates {
        let condition = match &predicate.condition {
            Condition::Label(labels) => holds_text(&mut select, "labels", labels),
            Condition::Name(values) => one_of(&mut select, "name", values),
            Condition::Space(values) => one_of(&mut select, "space_id", values),
        };
        select.and(&condition, predicate.exclude);
    }
    for term in &search.terms {
        let place = select.bind(anywhere(term));
        let columns = ["name", "id", "description", "labels"];
        let any: Vec<String> = columns
            .iter()
            .map(|column| format!("LOWER(COALESCE({column}, '')) LIKE LOWER({place}) ESCAPE '\\'"))
            .collect();
        select.and(&any.join(" OR "), false);
    }
    let key_column = match search.order {
        OrderBy::CreatedAt => "created_at",
        OrderBy::Name => "name",
    };
    let rows = select
        .page(
            reader,
            key_column,
            search.descending,
            search.after.as_ref(),
            search.limit,
        )
        .await?;
    rows.iter().map(from_row).collect()
}

/// The place right behind `pool` in that order.
pub fn place_of(pool: &WorkerPool, order: OrderBy) -> After {
    After {
        key: match order {
            OrderBy::CreatedAt => Key::Number(pool.created_at),
            OrderBy::Name => Key::Text(pool.name.clone()),
        },
        id: pool.id.as_str().to_owned(),
    }
}
