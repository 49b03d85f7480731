use gantry_core::quoted::Quoted;
use gantry_core::run::{Run, RunKind, RunState};
use gantry_store::run::search::{self, Condition, place_of};

use crate::search::{Page, Predicate, Search};
use crate::{App, OpError, Subject};

impl App {
    /// One page of the runs of all stacks that the subject sees and that fit; newest first unless
    /// asked otherwise.
    pub async fn run_search(
        &self,
        subject: &Subject,
        wanted: &Search,
    ) -> Result<Page<Run>, OpError> {
        wanted.check_size()?;
        let descending = descending(wanted)?;
        let asked = wanted.ask(
            format!("run {descending}"),
            ((), descending),
            subject.visible_spaces(),
            condition,
        )?;
        let read = search::search(self.store.reader(), &asked.question).await?;
        Ok(asked.page(read, place_of))
    }
}

fn descending(wanted: &Search) -> Result<bool, OpError> {
    match &wanted.order {
        None => Ok(true),
        Some(order) if order.field == "createdAt" => Ok(order.descending),
        Some(order) => Err(OpError::invalid(format!(
            "orderBy: runs can't be ordered by {}; `createdAt` is possible",
            Quoted(&order.field)
        ))),
    }
}

fn condition(predicate: &Predicate) -> Result<Condition, OpError> {
    Ok(match predicate.field.as_str() {
        "branch" => Condition::Branch(predicate.strings()?),
        "commit" => Condition::Commit(predicate.strings()?),
        "finished" => Condition::Finished(predicate.booleans()?),
        "space" => Condition::Space(predicate.strings()?),
        "stack" => Condition::Stack(predicate.strings()?),
        "state" => Condition::State(states(predicate)?),
        "triggeredBy" => Condition::TriggeredBy(predicate.strings()?),
        "type" => Condition::Kind(kinds(predicate)?),
        other => {
            return Err(OpError::invalid(format!(
                "predicates: runs can't be searched by {}; possible are `branch`, `commit`, \
                 `finished`, `space`, `stack`, `state`, `triggeredBy` and `type`",
                Quoted(other)
            )));
        }
    })
}

fn states(predicate: &Predicate) -> Result<Vec<RunState>, OpError> {
    let named = predicate.enums()?.into_iter();
    named
        .map(|name| {
            RunState::parse(&name).ok_or_else(|| {
                OpError::invalid(format!(
                    "predicates: {} is not a state of a run; they are written like `FINISHED`",
                    Quoted(&name)
                ))
            })
        })
        .collect()
}

fn kinds(predicate: &Predicate) -> Result<Vec<RunKind>, OpError> {
    let named = predicate.enums()?.into_iter();
    named
        .map(|name| {
            RunKind::parse(&name).ok_or_else(|| {
                OpError::invalid(format!(
                    "predicates: {} is no type of a run; `PROPOSED`, `TRACKED`, `TASK` and \
                     `DESTROY` are",
                    Quoted(&name)
                ))
            })
        })
        .collect()
}
