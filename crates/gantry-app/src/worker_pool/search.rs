use gantry_core::quoted::Quoted;
use gantry_core::worker_pool::WorkerPool;
use gantry_store::worker_pool::search::{self, Condition, OrderBy, place_of};

use crate::search::{Page, Predicate, Search};
use crate::{App, OpError, Subject};

impl App {
    /// Every worker pool that the subject sees, by name.
    pub async fn worker_pools(&self, subject: &Subject) -> Result<Vec<WorkerPool>, OpError> {
        let search = search::Search {
            spaces: subject.visible_shared_spaces(),
            predicates: vec![],
            terms: vec![],
            order: OrderBy::Name,
            descending: false,
            after: None,
            limit: i64::MAX,
        };
        Ok(search::search(self.store.reader(), &search).await?)
    }

    /// One page of the pools that the subject sees and that fit; newest first unless asked
    /// otherwise.
    pub async fn worker_pool_search(
        &self,
        subject: &Subject,
        wanted: &Search,
    ) -> Result<Page<WorkerPool>, OpError> {
        wanted.check_size()?;
        let (order, descending) = wanted.order_by("worker pools", (OrderBy::CreatedAt, true))?;
        let asked = wanted.ask(
            format!("worker pool {order:?} {descending}"),
            (order, descending),
            subject.visible_shared_spaces(),
            condition,
        )?;
        let read = search::search(self.store.reader(), &asked.question).await?;
        Ok(asked.page(read, |pool| place_of(pool, order)))
    }
}

fn condition(predicate: &Predicate) -> Result<Condition, OpError> {
    Ok(match predicate.field.as_str() {
        "label" | "labels" => Condition::Label(predicate.strings()?),
        "name" => Condition::Name(predicate.strings()?),
        "space" => Condition::Space(predicate.strings()?),
        other => {
            return Err(OpError::invalid(format!(
                "predicates: worker pools can't be searched by {}; possible are `label`, `name` and \
                 `space`",
                Quoted(other)
            )));
        }
    })
}
