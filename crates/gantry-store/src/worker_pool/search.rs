//! Which worker pools somebody is looking for.

use gantry_core::worker_pool::WorkerPool;

use super::{COLUMNS, from_row};
use crate::search::{After, Select, holds_text, one_of};
use crate::{Reader, StoreError};

pub use crate::search::OrderBy;

/// One condition. The values within one are alternatives; all texts are compared exactly.
#[derive(Clone, Debug)]
pub enum Condition {
    Label(Vec<String>),
    Name(Vec<String>),
    Space(Vec<String>),
}

/// A term is looked for in name, ID, description or labels.
pub type Search = crate::search::Search<Condition>;

pub type Predicate = crate::search::Predicate<Condition>;

/// The pools of one page.
pub async fn search(reader: Reader<'_>, search: &Search) -> Result<Vec<WorkerPool>, StoreError> {
    let mut select = Select::from(COLUMNS);
    select.in_spaces(search.spaces.as_deref());
    for predicate in &search.predicates {
        let condition = match &predicate.condition {
            Condition::Label(labels) => holds_text(&mut select, "labels", labels),
            Condition::Name(values) => one_of(&mut select, "name", values),
            Condition::Space(values) => one_of(&mut select, "space_id", values),
        };
        select.and(&condition, predicate.exclude);
    }
    select.and_terms(&["name", "id", "description", "labels"], &search.terms);
    let rows = select.page_of(reader, search).await?;
    rows.iter().map(from_row).collect()
}

/// The place right behind `pool` in that order.
pub fn place_of(pool: &WorkerPool, order: OrderBy) -> After {
    order.place(pool.created_at, &pool.name, pool.id.as_str())
}
