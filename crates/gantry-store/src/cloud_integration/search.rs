//! Which integrations somebody is looking for, of whatever cloud.

use gantry_core::credentials::cloud::Cloud;
use gantry_core::credentials::integration::Integration;
use gantry_core::ids::SpaceId;

use super::from_row;
use crate::search::{After, Key, Select, anywhere, holds_text, one_of};
use crate::{Reader, Row, StoreError};

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

#[derive(Clone, Debug)]
pub struct Predicate {
    pub condition: Condition,
    /// Whether the integrations that match are the ones to leave out.
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
    /// Only integrations of these spaces; `None` means any.
    pub spaces: Option<Vec<SpaceId>>,
    pub predicates: Vec<Predicate>,
    /// Each of these somewhere in name, ID, role or labels, whatever the case.
    pub terms: Vec<String>,
    pub order: OrderBy,
    pub descending: bool,
    pub after: Option<After>,
    pub limit: i64,
}

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
    for term in &search.terms {
        let place = select.bind(anywhere(term));
        let columns = ["name", "id", "config", "labels"];
        let any: Vec<String> = columns
            .iter()
            .map(|column| format!("LOWER({column}) LIKE LOWER({place}) ESCAPE '\\'"))
            .collect();
        select.and(&any.join(" OR "), false);
    }
    if let Some(spaces) = &search.spaces {
        select.each_of("space_id", spaces.iter().map(SpaceId::as_str));
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
    rows.iter().map(found).collect()
}

/// The place right behind `found` in that order.
pub fn place_of(found: &Found, order: OrderBy) -> After {
    After {
        key: match order {
            OrderBy::CreatedAt => Key::Number(found.created_at),
            OrderBy::Name => Key::Text(found.integration.name.clone()),
        },
        id: found.integration.id.as_str().to_owned(),
    }
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
