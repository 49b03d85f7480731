//! Pages of a list: predicates that are combined with AND, and a keyset instead of an offset, so
//! that a page costs the same wherever it is and nothing is shown twice when rows are added.
//!
//! A noun's own file says which columns there are; text from outside is only ever bound.

use gantry_core::ids::SpaceId;

use crate::{Reader, Row, StoreError, Value};

/// A question about one kind of things, of which `C` are the conditions, and which page of its answer.
#[derive(Clone, Debug)]
pub struct Search<C, O = OrderBy> {
    /// Only things of these spaces; `None` means any.
    pub spaces: Option<Vec<SpaceId>>,
    pub predicates: Vec<Predicate<C>>,
    /// Each of these somewhere in the columns that a search of that kind looks at, whatever the case.
    pub terms: Vec<String>,
    pub order: O,
    pub descending: bool,
    pub after: Option<After>,
    pub limit: i64,
}

/// The values within one condition are alternatives; all texts are compared exactly.
#[derive(Clone, Debug)]
pub struct Predicate<C> {
    pub condition: C,
    /// Whether the things that match are the ones to leave out.
    pub exclude: bool,
}

/// What most lists are ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderBy {
    CreatedAt,
    Name,
}

impl OrderBy {
    /// The place right behind a thing.
    pub(crate) fn place(self, created_at: i64, name: &str, id: &str) -> After {
        After {
            key: match self {
                OrderBy::CreatedAt => Key::Number(created_at),
                OrderBy::Name => Key::Text(name.to_owned()),
            },
            id: id.to_owned(),
        }
    }

    fn column(self) -> &'static str {
        match self {
            OrderBy::CreatedAt => "created_at",
            OrderBy::Name => "name",
        }
    }
}

/// A select that grows. Placeholders are numbered as values arrive.
pub(crate) struct Select {
    sql: String,
    values: Vec<Value>,
    joint: &'static str,
    /// Conditions that are alternatives, and of which an index serves each in the order of the list.
    branches: Vec<String>,
}

/// With more alternatives than this a page is rather looked for among everything.
const MOST_BRANCHES: usize = 64;

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
            branches: vec![],
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

    /// Each of `terms` somewhere in one of `columns`, whatever the case.
    pub fn and_terms(&mut self, columns: &[&str], terms: &[String]) {
        for term in terms {
            let place = self.bind(anywhere(term));
            let any: Vec<String> = columns
                .iter()
                .map(|column| {
                    format!("LOWER(COALESCE({column}, '')) LIKE LOWER({place}) ESCAPE '\\'")
                })
                .collect();
            self.and(&any.join(" OR "), false);
        }
    }

    /// What is in one of these spaces.
    pub fn in_spaces(&mut self, spaces: Option<&[SpaceId]>) {
        if let Some(spaces) = spaces {
            self.each_of("space_id", spaces.iter().map(SpaceId::as_str));
        }
    }

    /// Runs the select for everything. `end` is what comes behind the conditions.
    pub async fn all(mut self, reader: Reader<'_>, end: &str) -> Result<Vec<Row>, StoreError> {
        self.sql.push(' ');
        self.sql.push_str(end);
        reader.all_built(self.sql, self.values).await
    }

    /// A column that is one of `values`, where an index on the column and on what the page is ordered
    /// by serves each of them: then a page costs as much as it shows, however many rows there are.
    pub fn each_of<T: Into<Value>>(&mut self, column: &str, values: impl IntoIterator<Item = T>) {
        let conditions: Vec<String> = values
            .into_iter()
            .map(|value| format!("{column} = {}", self.bind(value)))
            .collect();
        self.each(conditions);
    }

    /// The same of conditions that exclude each other.
    pub fn each(&mut self, conditions: Vec<String>) {
        if conditions.is_empty() {
            self.and_must("FALSE");
        } else if self.branches.is_empty() && conditions.len() <= MOST_BRANCHES {
            self.branches = conditions;
        } else {
            self.and_must(&format!("({})", conditions.join(" OR ")));
        }
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
        let (direction, beyond) = way(descending);
        if let Some(after) = after {
            let key = match &after.key {
                Key::Number(number) => self.bind(*number),
                Key::Text(text) => self.bind(text),
            };
            let id = self.bind(&after.id);
            self.and_must(&format!("({key_column}, id) {beyond} ({key}, {id})"));
        }
        let order = format!("{key_column} {direction}, id {direction}");
        self.ordered(reader, &order, limit).await
    }

    /// The same of things whose IDs say their order.
    pub async fn page_by_id(
        mut self,
        reader: Reader<'_>,
        descending: bool,
        after: Option<&After>,
        limit: i64,
    ) -> Result<Vec<Row>, StoreError> {
        let (direction, beyond) = way(descending);
        if let Some(after) = after {
            let id = self.bind(&after.id);
            self.and_must(&format!("id {beyond} {id}"));
        }
        self.ordered(reader, &format!("id {direction}"), limit)
            .await
    }

    /// The page that a search asks for.
    pub async fn page_of<C>(
        self,
        reader: Reader<'_>,
        search: &Search<C>,
    ) -> Result<Vec<Row>, StoreError> {
        let (column, after) = (search.order.column(), search.after.as_ref());
        self.page(reader, column, search.descending, after, search.limit)
            .await
    }

    async fn ordered(
        mut self,
        reader: Reader<'_>,
        order: &str,
        limit: i64,
    ) -> Result<Vec<Row>, StoreError> {
        let limit = self.bind(limit);
        let end = format!("ORDER BY {order} LIMIT {limit}");
        let sql = match self.branches.as_slice() {
            [] => format!("{} {end}", self.sql),
            [one] => format!("{}{}{one} {end}", self.sql, self.joint),
            // Each branch gives as much as the page may need of it, and the page is the first of all.
            branches => {
                let parts: Vec<String> = branches
                    .iter()
                    .enumerate()
                    .map(|(number, branch)| {
                        let (sql, joint) = (&self.sql, self.joint);
                        format!("SELECT * FROM ({sql}{joint}{branch} {end}) AS part_{number}")
                    })
                    .collect();
                let all = parts.join(" UNION ALL ");
                format!("SELECT * FROM ({all}) AS parts {end}")
            }
        };
        reader.all_built(sql, self.values).await
    }
}

fn way(descending: bool) -> (&'static str, &'static str) {
    match descending {
        true => ("DESC", "<"),
        false => ("ASC", ">"),
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
fn anywhere(text: &str) -> String {
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
