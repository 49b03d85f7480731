//! Which stacks somebody is looking for.

use gantry_core::ids::SpaceId;
use gantry_core::stack::Stack;

use super::row::{COLUMNS, from_row};
use crate::search::{After, Key, Select, anywhere, holds_text, inside, one_of};
use crate::{Reader, StoreError};

/// One condition. The values within one are alternatives; all texts are compared exactly.
#[derive(Clone, Debug)]
pub enum Condition {
    Administrative(Vec<bool>),
    /// By a person or by a failed run.
    Locked(Vec<bool>),
    Branch(Vec<String>),
    /// The hash of the commit that the stack is pinned to.
    Commit(Vec<String>),
    Label(Vec<String>),
    Name(Vec<String>),
    ProjectRoot(Vec<String>),
    /// `repository`, or `namespace/repository`.
    Repository(Vec<String>),
    Space(Vec<String>),
    /// Names of states, `NONE` included.
    State(Vec<String>),
    /// `terraform` or `opentofu`.
    Vendor(Vec<&'static str>),
    /// By the pool's ID.
    WorkerPool(Vec<String>),
}

#[derive(Clone, Debug)]
pub struct Predicate {
    pub condition: Condition,
    /// Whether the stacks that match are the ones to leave out.
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
    /// Only stacks of these spaces; `None` means any.
    pub spaces: Option<Vec<SpaceId>>,
    pub predicates: Vec<Predicate>,
    /// Each of these somewhere in name, ID, description, repository or labels, whatever the case.
    pub terms: Vec<String>,
    pub order: OrderBy,
    pub descending: bool,
    pub after: Option<After>,
    pub limit: i64,
}

/// The stacks of one page.
pub async fn search(reader: Reader<'_>, search: &Search) -> Result<Vec<Stack>, StoreError> {
    let mut select = Select::from(COLUMNS);
    if let Some(spaces) = &search.spaces {
        select.each_of("space_id", spaces.iter().map(|space| space.as_str()));
    }
    for predicate in &search.predicates {
        if let (Condition::State(values), false, OrderBy::CreatedAt) =
            (&predicate.condition, predicate.exclude, search.order)
        {
            select.each_of("state", values);
            continue;
        }
        let condition = text(&mut select, &predicate.condition);
        select.and(&condition, predicate.exclude);
    }
    for term in &search.terms {
        let place = select.bind(anywhere(term));
        let columns = ["name", "id", "description", "repository", "labels"];
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

/// The place right behind `stack` in that order.
pub fn place_of(stack: &Stack, order: OrderBy) -> After {
    After {
        key: match order {
            OrderBy::CreatedAt => Key::Number(stack.created_at),
            OrderBy::Name => Key::Text(stack.settings.name.clone()),
        },
        id: stack.id.as_str().to_owned(),
    }
}

fn text(select: &mut Select, condition: &Condition) -> String {
    match condition {
        Condition::Administrative(flags) => flag(select, "administrative", flags),
        Condition::Locked(flags) => flag(
            select,
            "CASE WHEN lock_holder IS NULL AND system_lock IS NULL THEN 0 ELSE 1 END",
            flags,
        ),
        Condition::Branch(values) => one_of(select, "branch", values),
        Condition::Commit(hashes) => inside(
            select,
            "tracked_commit",
            hashes.iter().map(|hash| format!("\"hash\":{}", json(hash))),
        ),
        Condition::Label(labels) => holds_text(select, "labels", labels),
        Condition::Name(values) => one_of(select, "name", values),
        Condition::ProjectRoot(values) => one_of(select, "COALESCE(project_root, '')", values),
        Condition::Repository(values) => {
            let alone = one_of(select, "repository", values);
            let full = one_of(select, "namespace || '/' || repository", values);
            format!("{alone} OR {full}")
        }
        Condition::Space(values) => one_of(select, "space_id", values),
        Condition::State(values) => one_of(select, "state", values),
        Condition::Vendor(values) => {
            let list = select.bind_list(values.iter().copied());
            format!("vendor IN ({list})")
        }
        Condition::WorkerPool(values) => one_of(select, "worker_pool_id", values),
    }
}

fn flag(select: &mut Select, expression: &str, flags: &[bool]) -> String {
    let list = select.bind_list(flags.iter().copied());
    format!("{expression} IN ({list})")
}

fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
