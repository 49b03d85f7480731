//! Runs that wait for a worker.

use async_graphql::{Context, ID, Result, SimpleObject};
use gantry_app::worker_pool::{self, PoolQueue};

use crate::error;
use crate::graphql::cx::{app, subject};
use crate::graphql::run::Run;
use crate::graphql::search::{PageInfo, SearchInput};

#[derive(SimpleObject)]
pub struct SchedulableRunConnection {
    edges: Vec<SchedulableRunEdge>,
    page_info: PageInfo,
}

#[derive(SimpleObject)]
struct SchedulableRunEdge {
    node: SchedulableRun,
}

#[derive(SimpleObject)]
struct SchedulableRun {
    stack_id: ID,
    run: Run,
    /// From 1, the next to go.
    position: i64,
}

impl From<worker_pool::SchedulableRun> for SchedulableRun {
    fn from(found: worker_pool::SchedulableRun) -> Self {
        SchedulableRun {
            stack_id: ID(found.run.stack.as_str().to_owned()),
            position: found.position,
            run: Run::from(found.run),
        }
    }
}

pub async fn page(
    ctx: &Context<'_>,
    queue: PoolQueue,
    input: SearchInput,
) -> Result<SchedulableRunConnection> {
    let page = app(ctx)
        .schedulable_runs(subject(ctx)?, &queue, &input.decode()?)
        .await;
    let page = page.map_err(error::graphql)?;
    let page_info = PageInfo::from(&page);
    let edges = page
        .items
        .into_iter()
        .map(|found| SchedulableRunEdge { node: found.into() });
    Ok(SchedulableRunConnection {
        edges: edges.collect(),
        page_info,
    })
}
