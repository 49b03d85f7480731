//! Which stacks somebody is looking for.

use gantry_core::stack::Stack;

use super::row::{COLUMNS, from_row};
use crate::search::{After, Select, holds_text, inside, one_of};
use crate::{Reader, StoreError};

pub use crate::search::OrderBy;

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

/// A term is looked for in name, ID, description, repository or labels.
pub type Search = crate::search::Search<Condition>;

pub type Predicate = crate::search::Predicate<Condition>;

/// The stacks of one page.
pub async fn search(reader: Reader<'_>, search: &Search) -> Result<Vec<Stack>, StoreError> {
    let mut select = Select::from(COLUMNS);
    select.in_spaces(search.spaces.as_deref());
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
    select.and_terms(
        &["name", "id", "description", "repository", "labels"],
        &search.terms,
    );
    let rows = select.page_of(reader, search).await?;
    rows.iter().map(from_row).collect()
}

/// The place right behind `stack` in that order.
pub fn place_of(stack: &Stack, order: OrderBy) -> After {
    order.place(stack.created_at, &stack.settings.name, stack.id.as_str())
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
