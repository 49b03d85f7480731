//! Which integrations somebody is looking for, of whatever cloud.

use gantry_core::credentials::cloud::Cloud;
use gantry_core::credentials::integration::Integration;

use super::from_row;
use crate::search::{After, Select, holds_text, one_of};
use crate::{Reader, Row, StoreError};

pub use crate::search::OrderBy;

const COLUMNS: &str = "SELECT id, kind, name, space_id, labels, autoattach, config, created_at \
                       FROM cloud_integration";

/// One condition. The values within one are alternatives; all texts are compared exactly.
#[derive(Clone, Debug)]
pub enum Condition {
    Autoattach(Vec<bool>),
    Cloud(Vec<Cloud>),
    Label(Vec<String>),
    Name(Vec<String>),
    Space(Vec<String>),
    /// Attached to one of these stacks.
    Stack(Vec<String>),
}

/// A term is looked for in name, ID, role or labels.
pub type Search = crate::search::Search<Condition>;

pub type Predicate = crate::search::Predicate<Condition>;

/// One that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub cloud: Cloud,
    pub integration: Integration,
    pub created_at: i64,
}

/// The integrations of one page.
pub async fn search(reader: Reader<'_>, search: &Search) -> Result<Vec<Found>, StoreError> {
    let mut select = Select::from(COLUMNS);
    for predicate in &search.predicates {
        let condition = text(&mut select, &predicate.condition);
        select.and(&condition, predicate.exclude);
    }
    select.and_terms(&["name", "id", "config", "labels"], &search.terms);
    select.in_spaces(search.spaces.as_deref());
    let rows = select.page_of(reader, search).await?;
    rows.iter().map(found).collect()
}

/// The place right behind `found` in that order.
pub fn place_of(found: &Found, order: OrderBy) -> After {
    order.place(
        found.created_at,
        &found.integration.name,
        found.integration.id.as_str(),
    )
}

fn text(select: &mut Select, condition: &Condition) -> String {
    match condition {
        Condition::Autoattach(flags) => {
            let list = select.bind_list(flags.iter().copied());
            format!("autoattach IN ({list})")
        }
        Condition::Cloud(clouds) => {
            let list = select.bind_list(clouds.iter().map(|cloud| cloud.as_str()));
            format!("kind IN ({list})")
        }
        Condition::Label(labels) => holds_text(select, "labels", labels),
        Condition::Name(values) => one_of(select, "name", values),
        Condition::Space(values) => one_of(select, "space_id", values),
        Condition::Stack(values) => {
            let attached = one_of(select, "stack_id", values);
            format!("id IN (SELECT integration_id FROM attachment WHERE {attached})")
        }
    }
}

fn found(row: &Row) -> Result<Found, StoreError> {
    Ok(Found {
        cloud: row.parsed("kind", |text| {
            Cloud::ALL.into_iter().find(|cloud| cloud.as_str() == text)
        })?,
        integration: from_row(row, "id")?,
        created_at: row.int("created_at")?,
    })
}
