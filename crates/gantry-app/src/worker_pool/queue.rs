//! Runs that wait for a worker of a pool, or of the installation, in the order in which they go.

use std::collections::HashMap;

use gantry_core::ids::{RunId, WorkerPoolId};
use gantry_core::quoted::Quoted;
use gantry_core::run::Run;
use gantry_store::run;
use gantry_store::worker_pool::queue::{self, place_of};

use crate::search::{Page, Search, place};
use crate::{App, OpError, Subject};

/// Whose queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PoolQueue {
    /// Of the installation's own workers.
    Public,
    Private(WorkerPoolId),
}

/// A run that waits, and its place in the queue, from 1. Those that the subject doesn't see have their
/// places too.
#[derive(Clone, Debug)]
pub struct SchedulableRun {
    pub run: Run,
    pub position: i64,
}

impl App {
    /// One page of the queue of a pool that the subject was given, as far as it sees the stacks; the
    /// next to go comes first unless asked otherwise.
    pub async fn schedulable_runs(
        &self,
        subject: &Subject,
        queue: &PoolQueue,
        wanted: &Search,
    ) -> Result<Page<SchedulableRun>, OpError> {
        let descending = descending(wanted)?;
        if let Some(predicate) = wanted.predicates.first() {
            return Err(OpError::invalid(format!(
                "predicates: runs that wait for a worker can't be searched by {}; leave them out",
                Quoted(&predicate.field)
            )));
        }
        let order_name = format!("queue {descending}");
        let after = place(&order_name, wanted.after.as_deref())?;
        let limit = wanted.limit()?;
        let has_previous = after.is_some();
        let search = queue::Search {
            pool: match queue {
                PoolQueue::Public => None,
                PoolQueue::Private(pool) => Some(pool.clone()),
            },
            spaces: subject.visible_spaces(),
            descending,
            after,
            limit: limit + 1,
        };
        let reader = self.store.reader();
        let read = queue::search(reader, &search).await?;
        let page = Page::cut(read, limit, &order_name, has_previous, place_of);
        let ids: Vec<RunId> = page.items.iter().map(|item| item.run.clone()).collect();
        let runs = run::find_all(reader, &ids).await?;
        let mut runs: HashMap<RunId, Run> =
            runs.into_iter().map(|run| (run.id.clone(), run)).collect();
        let items = page.items.into_iter().filter_map(|item| {
            Some(SchedulableRun {
                run: runs.remove(&item.run)?,
                position: item.position,
            })
        });
        Ok(Page {
            items: items.collect(),
            end_cursor: page.end_cursor,
            has_next: page.has_next,
            has_previous: page.has_previous,
        })
    }
}

fn descending(wanted: &Search) -> Result<bool, OpError> {
    match &wanted.order {
        None => Ok(false),
        Some(order) if order.field == "position" => Ok(order.descending),
        Some(order) => Err(OpError::invalid(format!(
            "orderBy: runs that wait for a worker can't be ordered by {}; `position` is possible",
            Quoted(&order.field)
        ))),
    }
}
