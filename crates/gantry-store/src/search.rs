//! Pages of a list: predicates that are combined with AND, and a keyset instead of an offset, so
//! that a page costs the same wherever it is and nothing is shown twice when rows are added.
//!
//! A noun's own file says which columns there are; text from outside is only ever bound.

use crate::{Reader, Row, StoreError, Value};

/// A select that grows. Placeholders are numbered as values arrive.
pub(crate) struct Select {
    sql: String,
    values: Vec<Value>,
    joint: &'static str,
}

/// The place in a list behind which a page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct After {
    pub key: Key,
    pub id: String,
}

/// What a list is ordered by, before the ID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    Number(i64),
    Text(String),
}

impl Select {
    /// `columns` is a whole `SELECT … FROM …`.
    pub fn from(columns: impl Into<String>) -> Self {
        Select {
            sql: columns.into(),
            values: vec![],
            joint: " WHERE ",
        }
    }

    /// Goes on with `columns`, where they hold a value.
    pub fn append(&mut self, sql: &str) {
        self.sql.push_str(sql);
    }

    /// The placeholder of one more value.
    pub fn bind(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len())
    }

    /// A list of placeholders for `IN`. An empty list matches nothing.
    pub fn bind_list<T: Into<Value>>(&mut self, values: impl IntoIterator<Item = T>) -> String {
        let places: Vec<String> = values.into_iter().map(|value| self.bind(value)).collect();
        if places.is_empty() {
            "NULL".to_owned()
        } else {
            places.join(", ")
        }
    }

    /// A condition that the database may answer from an index.
    pub fn and_must(&mut self, condition: &str) {
        self.sql.push_str(self.joint);
        self.joint = " AND ";
        self.sql.push_str(condition);
    }

    /// A predicate of the user's. NULL counts as false here, or a negation would lose rows.
    pub fn and(&mut self, condition: &str, exclude: bool) {
        let not = if exclude { "NOT " } else { "" };
        self.and_must(&format!("{not}COALESCE(({condition}), FALSE)"));
    }

    /// Runs the select for everything. `end` is what comes behind the conditions.
    pub async fn all(mut self, reader: Reader<'_>, end: &str) -> Result<Vec<Row>, StoreError> {
        self.sql.push(' ');
        self.sql.push_str(end);
        reader.all_built(self.sql, self.values).await
    }

    /// Runs the select for one page.
    pub async fn page(
        mut self,
        reader: Reader<'_>,
        key_column: &'static str,
        descending: bool,
        after: Option<&After>,
        limit: i64,
    ) -> Result<Vec<Row>, StoreError> {
        let (direction, beyond) = if descending {
            ("DESC", "<")
        } else {
            ("ASC", ">")
        };
        if let Some(after) = after {
            let key = match &after.key {
                Key::Number(number) => self.bind(*number),
                Key::Text(text) => self.bind(text),
            };
            let id = self.bind(&after.id);
            self.and_must(&format!("({key_column}, id) {beyond} ({key}, {id})"));
        }
        let limit = self.bind(limit);
        self.sql.push_str(&format!(
            " ORDER BY {key_column} {direction}, id {direction} LIMIT {limit}"
        ));
        reader.all_built(self.sql, self.values).await
    }
}

/// Whether an expression is one of `values`.
pub(crate) fn one_of(select: &mut Select, expression: &str, values: &[String]) -> String {
    let list = select.bind_list(values);
    format!("{expression} IN ({list})")
}

/// Whether one of `texts` stands in a JSON column, as a whole string.
pub(crate) fn holds_text(select: &mut Select, column: &str, texts: &[String]) -> String {
    let quoted = texts
        .iter()
        .map(|text| serde_json::Value::from(text.as_str()).to_string());
    inside(select, column, quoted)
}

/// Whether one of `pieces` of JSON stands in a JSON column. A quote inside a JSON string has a
/// backslash before it, so a whole quoted string can't be found in the middle of another one.
/// REPLACE tells upper from lower case on both databases, which LIKE does not.
pub(crate) fn inside(
    select: &mut Select,
    column: &str,
    pieces: impl IntoIterator<Item = String>,
) -> String {
    let any: Vec<String> = pieces
        .into_iter()
        .map(|piece| {
            let place = select.bind(Value::Text(piece));
            format!("REPLACE({column}, {place}, '') <> {column}")
        })
        .collect();
    if any.is_empty() {
        "FALSE".to_owned()
    } else {
        any.join(" OR ")
    }
}

/// A pattern for `LIKE … ESCAPE '\'` that finds `text` anywhere.
pub(crate) fn anywhere(text: &str) -> String {
    let mut pattern = String::from("%");
    for character in text.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}
