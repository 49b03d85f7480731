//! The input and the page that every search shares.

use async_graphql::{Enum, InputObject, Result, SimpleObject};
use gantry_app::OpError;
use gantry_app::search::{Constraint, Order, Page, Predicate, Search};

use crate::error;

#[derive(InputObject)]
pub struct SearchInput {
    /// At most 50.
    first: Option<i64>,
    /// The `endCursor` of the page before.
    after: Option<String>,
    full_text_search: Option<String>,
    /// All of them must hold.
    predicates: Option<Vec<SearchPredicate>>,
    order_by: Option<SearchOrder>,
}

#[derive(InputObject)]
struct SearchPredicate {
    field: String,
    constraint: SearchConstraint,
    exclude: Option<bool>,
}

/// One member is given; its values are alternatives.
#[derive(InputObject)]
struct SearchConstraint {
    boolean_equals: Option<Vec<bool>>,
    enum_equals: Option<Vec<String>>,
    string_matches: Option<Vec<String>>,
}

#[derive(InputObject)]
struct SearchOrder {
    field: String,
    direction: SearchDirection,
}

#[derive(Clone, Copy, PartialEq, Eq, Enum)]
enum SearchDirection {
    Asc,
    Desc,
}

#[derive(SimpleObject)]
pub struct PageInfo {
    end_cursor: String,
    has_next_page: bool,
    has_previous_page: bool,
}

impl SearchInput {
    pub fn decode(self) -> Result<Search> {
        let mut predicates = vec![];
        for predicate in self.predicates.unwrap_or_default() {
            predicates.push(predicate.decode().map_err(error::graphql)?);
        }
        Ok(Search {
            first: self.first,
            after: self.after,
            text: self.full_text_search,
            predicates,
            order: self.order_by.map(|order| Order {
                field: order.field,
                descending: order.direction == SearchDirection::Desc,
            }),
        })
    }
}

impl SearchPredicate {
    fn decode(self) -> std::result::Result<Predicate, OpError> {
        let SearchConstraint {
            boolean_equals,
            enum_equals,
            string_matches,
        } = self.constraint;
        let constraint = match (boolean_equals, enum_equals, string_matches) {
            (Some(values), None, None) => Constraint::Booleans(values),
            (None, Some(values), None) => Constraint::Enums(values),
            (None, None, Some(values)) => Constraint::Strings(values),
            _ => {
                return Err(OpError::invalid(format!(
                    "predicates: the constraint of `{}` needs exactly one of `booleanEquals`, \
                     `enumEquals` and `stringMatches`",
                    self.field
                )));
            }
        };
        Ok(Predicate {
            field: self.field,
            constraint,
            exclude: self.exclude.unwrap_or(false),
        })
    }
}

impl<T> From<&Page<T>> for PageInfo {
    fn from(page: &Page<T>) -> Self {
        PageInfo {
            end_cursor: page.end_cursor.clone(),
            has_next_page: page.has_next,
            has_previous_page: page.has_previous,
        }
    }
}
