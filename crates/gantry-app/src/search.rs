//! Searching a list, page by page: what every noun's search has in common (contract §3.4).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gantry_core::ids::SpaceId;
use gantry_core::quoted::Quoted;
use gantry_store::search::{self, After, Key, OrderBy};
use serde::{Deserialize, Serialize};

use crate::OpError;

/// The largest page, and the one that clients ask for when they walk through a list.
pub const PAGE: i64 = 50;
const MOST_PREDICATES: usize = 50;
const MOST_VALUES: usize = 200;
const MOST_TERMS: usize = 10;

/// A question as a client puts it.
#[derive(Clone, Debug, Default)]
pub struct Search {
    pub first: Option<i64>,
    /// The `end_cursor` of the page before.
    pub after: Option<String>,
    pub text: Option<String>,
    pub predicates: Vec<Predicate>,
    pub order: Option<Order>,
}

#[derive(Clone, Debug)]
pub struct Predicate {
    pub field: String,
    pub constraint: Constraint,
    pub exclude: bool,
}

/// The values of one predicate are alternatives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Constraint {
    Booleans(Vec<bool>),
    Enums(Vec<String>),
    Strings(Vec<String>),
}

#[derive(Clone, Debug)]
pub struct Order {
    pub field: String,
    pub descending: bool,
}

/// A part of an answer.
#[derive(Clone, Debug)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// What to ask for next; empty when the page is.
    pub end_cursor: String,
    pub has_next: bool,
    pub has_previous: bool,
}

impl<T> Page<T> {
    /// The page out of what was read for it: `read` has one item more than `limit` when another page
    /// follows.
    pub(crate) fn cut(
        mut read: Vec<T>,
        limit: i64,
        order: &str,
        has_previous: bool,
        place_of: impl FnOnce(&T) -> After,
    ) -> Self {
        let has_next = read.len() as i64 > limit;
        read.truncate(limit as usize);
        let last = read.last().map(place_of);
        Page {
            end_cursor: last.map(|place| cursor(order, place)).unwrap_or_default(),
            items: read,
            has_next,
            has_previous,
        }
    }
}

/// What the store is asked for a page, and what it takes to cut the page out of the answer.
pub(crate) struct Asked<C, O> {
    pub question: search::Search<C, O>,
    order: String,
    limit: i64,
    has_previous: bool,
}

impl<C, O> Asked<C, O> {
    pub fn page<T>(self, read: Vec<T>, place_of: impl FnOnce(&T) -> After) -> Page<T> {
        Page::cut(read, self.limit, &self.order, self.has_previous, place_of)
    }
}

impl Search {
    /// The question to the store about one kind of things. `name` is that of the order, which a
    /// cursor belongs to.
    pub(crate) fn ask<C, O>(
        &self,
        name: String,
        (order, descending): (O, bool),
        spaces: Option<Vec<SpaceId>>,
        condition: impl Fn(&Predicate) -> Result<C, OpError>,
    ) -> Result<Asked<C, O>, OpError> {
        let after = place(&name, self.after.as_deref())?;
        let limit = self.limit()?;
        let mut predicates = Vec::with_capacity(self.predicates.len());
        for predicate in &self.predicates {
            predicates.push(search::Predicate {
                condition: condition(predicate)?,
                exclude: predicate.exclude,
            });
        }
        Ok(Asked {
            order: name,
            limit,
            has_previous: after.is_some(),
            question: search::Search {
                spaces,
                predicates,
                terms: self.terms(),
                order,
                descending,
                after,
                limit: limit + 1,
            },
        })
    }

    /// The order of a list that knows `createdAt` and `name`, and whether it is the descending one.
    pub(crate) fn order_by(
        &self,
        things: &str,
        otherwise: (OrderBy, bool),
    ) -> Result<(OrderBy, bool), OpError> {
        let Some(order) = &self.order else {
            return Ok(otherwise);
        };
        let by = match order.field.as_str() {
            "createdAt" => OrderBy::CreatedAt,
            "name" => OrderBy::Name,
            other => {
                return Err(OpError::invalid(format!(
                    "orderBy: {things} can't be ordered by {}; `createdAt` and `name` are possible",
                    Quoted(other)
                )));
            }
        };
        Ok((by, order.descending))
    }

    pub(crate) fn limit(&self) -> Result<i64, OpError> {
        match self.first {
            None => Ok(PAGE),
            Some(first) if first < 1 => Err(OpError::invalid(format!(
                "first: a page has at least 1 item, not {first}"
            ))),
            Some(first) => Ok(first.min(PAGE)),
        }
    }

    pub(crate) fn terms(&self) -> Vec<String> {
        let text = self.text.as_deref().unwrap_or_default();
        text.split_whitespace()
            .take(MOST_TERMS)
            .map(str::to_owned)
            .collect()
    }

    pub(crate) fn check_size(&self) -> Result<(), OpError> {
        let values: usize = self.predicates.iter().map(Predicate::len).sum();
        if self.predicates.len() > MOST_PREDICATES || values > MOST_VALUES {
            return Err(OpError::invalid(format!(
                "predicates: there are {} with {values} values, and {MOST_PREDICATES} with \
                 {MOST_VALUES} are allowed: ask for less at a time",
                self.predicates.len()
            )));
        }
        Ok(())
    }
}

impl Predicate {
    fn len(&self) -> usize {
        match &self.constraint {
            Constraint::Booleans(values) => values.len(),
            Constraint::Enums(values) | Constraint::Strings(values) => values.len(),
        }
    }

    pub(crate) fn booleans(&self) -> Result<Vec<bool>, OpError> {
        match &self.constraint {
            Constraint::Booleans(values) => Ok(values.clone()),
            _ => Err(self.other("booleanEquals")),
        }
    }

    /// Texts; a client that takes the field for an enumeration means the same.
    pub(crate) fn strings(&self) -> Result<Vec<String>, OpError> {
        match &self.constraint {
            Constraint::Strings(values) | Constraint::Enums(values) => Ok(values.clone()),
            Constraint::Booleans(_) => Err(self.other("stringMatches")),
        }
    }

    pub(crate) fn enums(&self) -> Result<Vec<String>, OpError> {
        match &self.constraint {
            Constraint::Enums(values) | Constraint::Strings(values) => Ok(values.clone()),
            Constraint::Booleans(_) => Err(self.other("enumEquals")),
        }
    }

    fn other(&self, wanted: &str) -> OpError {
        OpError::invalid(format!(
            "predicates: the field {} is compared with `{wanted}`",
            Quoted(&self.field)
        ))
    }
}

/// What a cursor says, opaque to clients: the order that it belongs to, and the last item's place.
#[derive(Serialize, Deserialize)]
struct Cursor {
    order: String,
    id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    number: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

fn cursor(order: &str, place: After) -> String {
    let (number, text) = match place.key {
        Key::Number(number) => (Some(number), None),
        Key::Text(text) => (None, Some(text)),
    };
    let cursor = Cursor {
        order: order.to_owned(),
        id: place.id,
        number,
        text,
    };
    let json = serde_json::to_vec(&cursor).expect("plain data turns into JSON");
    URL_SAFE_NO_PAD.encode(json)
}

/// Reads a cursor of the same order. Clients write "from the start" as null or the empty string.
pub(crate) fn place(order: &str, cursor: Option<&str>) -> Result<Option<After>, OpError> {
    let Some(text) = cursor.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let read = URL_SAFE_NO_PAD
        .decode(text)
        .ok()
        .and_then(|json| serde_json::from_slice::<Cursor>(&json).ok())
        .filter(|cursor| cursor.order == order)
        .and_then(|cursor| {
            let key = match (cursor.number, cursor.text) {
                (Some(number), None) => Key::Number(number),
                (None, Some(text)) => Key::Text(text),
                _ => return None,
            };
            Some(After { key, id: cursor.id })
        });
    read.map(Some).ok_or_else(|| {
        OpError::invalid(format!(
            "after: {} is not the `endCursor` of a page of this search in this order; begin again \
             without it",
            Quoted(text)
        ))
    })
}
