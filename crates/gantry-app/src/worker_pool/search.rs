use gantry_core::quoted::Quoted;
use gantry_core::worker_pool::WorkerPool;
use gantry_store::worker_pool::search::{self, Condition, OrderBy, place_of};

use crate::search::{Page, Predicate, Search, place};
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
        let (order, descending) = order(wanted)?;
        let order_name = format!("worker pool {order:?} {descending}");
        let after = place(&order_name, wanted.after.as_deref())?;
        let limit = wanted.limit()?;
        let mut predicates = Vec::with_capacity(wanted.predicates.len());
        for predicate in &wanted.predicates {
            predicates.push(search::Predicate {
                condition: condition(predicate)?,
                exclude: predicate.exclude,
            });
        }
        let has_previous = after.is_some();
        let search = search::Search {
            spaces: subject.visible_shared_spaces(),
            predicates,
            terms: wanted.terms(),
            order,
            descending,
            after,
            limit: limit + 1,
        };
        let read = search::search(self.store.reader(), &search).await?;
        Ok(Page::cut(read, limit, &order_name, has_previous, |pool| {
            place_of(pool, order)
        }))
    }
}

fn order(wanted: &Search) -> Result<(OrderBy, bool), OpError> {
    let Some(order) = &wanted.order else {
        return Ok((OrderBy::CreatedAt, true));
    };
    let by = match order.field.as_str() {
        "createdAt" => OrderBy::CreatedAt,
        "name" => OrderBy::Name,
        other => {
            return Err(OpError::invalid(format!(
                "orderBy: worker pools can't be ordered by {}; `createdAt` and `name` are possible",
                Quoted(other)
            )));
        }
    };
    Ok((by, order.descending))
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
