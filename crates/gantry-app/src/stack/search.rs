use gantry_core::quoted::Quoted;
use gantry_core::run::RunState;
use gantry_core::stack::Stack;
use gantry_store::stack::search::{self, Condition, OrderBy, place_of};

use crate::search::{Page, Predicate, Search};
use crate::{App, OpError, Subject};

/// States of the contract that no stack of this installation is in yet, and that a search may name.
const OTHER_STATES: [&str; 4] = ["NONE", "PENDING_REVIEW", "PENDING", "SKIPPED"];
/// Vendors of the contract that this installation does not run, and that a search may name.
const OTHER_VENDORS: [&str; 5] = [
    "ansible",
    "cloudformation",
    "kubernetes",
    "pulumi",
    "terragrunt",
];

impl App {
    /// Every stack that the subject sees, newest first.
    pub async fn stacks(&self, subject: &Subject) -> Result<Vec<Stack>, OpError> {
        let search = search::Search {
            spaces: subject.visible_spaces(),
            predicates: vec![],
            terms: vec![],
            order: OrderBy::CreatedAt,
            descending: true,
            after: None,
            limit: i64::MAX,
        };
        Ok(search::search(self.store.reader(), &search).await?)
    }

    /// One page of the stacks that the subject sees and that fit; newest first unless asked
    /// otherwise.
    pub async fn stack_search(
        &self,
        subject: &Subject,
        wanted: &Search,
    ) -> Result<Page<Stack>, OpError> {
        wanted.check_size()?;
        let (order, descending) = wanted.order_by("stacks", (OrderBy::CreatedAt, true))?;
        let asked = wanted.ask(
            format!("{order:?} {descending}"),
            (order, descending),
            subject.visible_spaces(),
            condition,
        )?;
        let read = search::search(self.store.reader(), &asked.question).await?;
        Ok(asked.page(read, |stack| place_of(stack, order)))
    }
}

fn condition(predicate: &Predicate) -> Result<Condition, OpError> {
    Ok(match predicate.field.as_str() {
        "administrative" => Condition::Administrative(predicate.booleans()?),
        "locked" => Condition::Locked(predicate.booleans()?),
        "branch" => Condition::Branch(predicate.strings()?),
        "commit" => Condition::Commit(predicate.strings()?),
        "label" | "labels" => Condition::Label(predicate.strings()?),
        "name" => Condition::Name(predicate.strings()?),
        "projectRoot" => Condition::ProjectRoot(predicate.strings()?),
        "repository" => Condition::Repository(predicate.strings()?),
        "space" => Condition::Space(predicate.strings()?),
        "state" => Condition::State(states(predicate)?),
        "vendor" => Condition::Vendor(vendors(predicate)?),
        "workerPool" => Condition::WorkerPool(predicate.strings()?),
        other => {
            return Err(OpError::invalid(format!(
                "predicates: stacks can't be searched by {}; possible are `administrative`, \
                 `branch`, `commit`, `label`, `locked`, `name`, `projectRoot`, `repository`, \
                 `space`, `state`, `vendor` and `workerPool`",
                Quoted(other)
            )));
        }
    })
}

fn states(predicate: &Predicate) -> Result<Vec<String>, OpError> {
    let states = predicate.enums()?;
    for state in &states {
        if RunState::parse(state).is_none() && !OTHER_STATES.contains(&state.as_str()) {
            return Err(OpError::invalid(format!(
                "predicates: {} is not a state of a stack; they are written like `FINISHED`",
                Quoted(state)
            )));
        }
    }
    Ok(states)
}

/// Clients spell vendors in several ways; none has two that differ in case or underscores only.
fn vendors(predicate: &Predicate) -> Result<Vec<&'static str>, OpError> {
    let mut vendors = vec![];
    for value in predicate.enums()? {
        let plain = value.to_ascii_lowercase().replace('_', "");
        let plain = plain.strip_prefix("stackconfigvendor").unwrap_or(&plain);
        match plain {
            "terraform" => vendors.push("terraform"),
            "opentofu" => vendors.push("opentofu"),
            other if OTHER_VENDORS.contains(&other) => {}
            _ => {
                return Err(OpError::invalid(format!(
                    "predicates: {} is not a vendor; `TERRAFORM` and `OPENTOFU` are",
                    Quoted(&value)
                )));
            }
        }
    }
    Ok(vendors)
}
