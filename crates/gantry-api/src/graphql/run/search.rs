use async_graphql::{Context, ID, Object, Result, SimpleObject};
use gantry_app::search::Page;
use gantry_core::run;

use super::Run;
use crate::error;
use crate::graphql::cx::{app, subject};
use crate::graphql::search::{PageInfo, SearchInput};

#[derive(Default)]
pub struct RunSearchQuery;

#[Object]
impl RunSearchQuery {
    /// Runs and tasks of all stacks, newest first unless `orderBy` `createdAt` says otherwise.
    /// Predicates: `branch`, `commit`, `finished`, `space`, `stack`, `state`, `triggeredBy`, `type`.
    /// An addition to the contract.
    async fn search_runs(&self, ctx: &Context<'_>, input: SearchInput) -> Result<RunConnection> {
        let page = app(ctx).run_search(subject(ctx)?, &input.decode()?).await;
        Ok(page.map_err(error::graphql)?.into())
    }
}

#[derive(SimpleObject)]
struct RunConnection {
    edges: Vec<RunEdge>,
    page_info: PageInfo,
}

#[derive(SimpleObject)]
struct RunEdge {
    node: Run,
    stack_id: ID,
}

impl From<Page<run::Run>> for RunConnection {
    fn from(page: Page<run::Run>) -> Self {
        let page_info = PageInfo::from(&page);
        let edges = page.items.into_iter().map(|run| RunEdge {
            stack_id: ID(run.stack.as_str().to_owned()),
            node: Run::from(run),
        });
        RunConnection {
            edges: edges.collect(),
            page_info,
        }
    }
}
