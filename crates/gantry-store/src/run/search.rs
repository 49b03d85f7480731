//! Which runs somebody is looking for, across stacks.

use gantry_core::run::{Run, RunKind, RunState};

use super::row::{COLUMNS, from_row};
use crate::search::{After, Key, Select, inside, one_of};
use crate::{Reader, StoreError};

/// One condition. The values within one are alternatives; all texts are compared exactly.
#[derive(Clone, Debug)]
pub enum Condition {
    Branch(Vec<String>),
    /// The hash of the commit that the run is pinned to.
    Commit(Vec<String>),
    /// Whether it has come to its end.
    Finished(Vec<bool>),
    Kind(Vec<RunKind>),
    Space(Vec<String>),
    Stack(Vec<String>),
    State(Vec<RunState>),
    /// The name, or the identifier, of whoever triggered it.
    TriggeredBy(Vec<String>),
}

/// Runs are ordered by their time, which their IDs say. A term is looked for in ID, title, command,
/// stack or branch.
pub type Search = crate::search::Search<Condition, ()>;

pub type Predicate = crate::search::Predicate<Condition>;

/// The runs of one page.
pub async fn search(reader: Reader<'_>, search: &Search) -> Result<Vec<Run>, StoreError> {
    let mut select = Select::from(COLUMNS);
    for Predicate { condition, exclude } in &search.predicates {
        match condition {
            // What an index serves, one value at a time and in the order of the IDs.
            Condition::Stack(values) if !exclude => select.each_of("stack_id", values),
            Condition::State(states) if !exclude => {
                let conditions = states.iter().map(|state| of_state(&mut select, *state));
                let conditions = conditions.collect();
                select.each(conditions);
            }
            Condition::Space(values) if !exclude => select.each_of("space_id", values),
            _ => {
                let condition = text(&mut select, condition);
                select.and(&condition, *exclude);
            }
        }
    }
    select.and_terms(
        &["id", "title", "command", "stack_id", "branch"],
        &search.terms,
    );
    select.in_spaces(search.spaces.as_deref());
    let rows = select
        .page_by_id(
            reader,
            search.descending,
            search.after.as_ref(),
            search.limit,
        )
        .await?;
    rows.iter().map(from_row).collect()
}

/// The place right behind `run`.
pub fn place_of(run: &Run) -> After {
    After {
        key: Key::Number(run.created_at),
        id: run.id.as_str().to_owned(),
    }
}

fn text(select: &mut Select, condition: &Condition) -> String {
    match condition {
        Condition::Branch(values) => one_of(select, "branch", values),
        Condition::Commit(hashes) => inside(
            select,
            "commit_info",
            hashes
                .iter()
                .map(|hash| format!("\"hash\":{}", serde_json::Value::from(hash.as_str()))),
        ),
        Condition::Finished(flags) => {
            let list = select.bind_list(flags.iter().copied());
            format!("CASE WHEN finished_at IS NULL THEN 0 ELSE 1 END IN ({list})")
        }
        Condition::Kind(values) => {
            let list = select.bind_list(values.iter().map(|kind| kind.as_str()));
            format!("kind IN ({list})")
        }
        Condition::Space(values) => one_of(select, "space_id", values),
        Condition::Stack(values) => one_of(select, "stack_id", values),
        Condition::State(states) => {
            let list = select.bind_list(states.iter().map(|state| state.as_str()));
            format!("state IN ({list})")
        }
        Condition::TriggeredBy(values) => {
            let name = one_of(select, "triggered_by", values);
            let id = one_of(select, "triggered_by_id", values);
            format!("{name} OR {id}")
        }
    }
}

/// As the indexes know states: those of runs that are over, and those of runs that aren't.
fn of_state(select: &mut Select, state: RunState) -> String {
    let not = if state.is_terminal() { " NOT" } else { "" };
    let place = select.bind(state.as_str());
    format!("(state = {place} AND finished_at IS{not} NULL)")
}
