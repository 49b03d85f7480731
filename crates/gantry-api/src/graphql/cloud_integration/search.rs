//! One list for all clouds. What only one cloud knows stands under its name.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use gantry_app::cloud_integration::Found;
use gantry_app::search::Page;
use gantry_core::credentials::cloud::Cloud;

use super::aws::AwsIntegration;
use crate::error;
use crate::graphql::cx::{app, subject};
use crate::graphql::search::{PageInfo, SearchInput};

#[derive(Default)]
pub struct CloudIntegrationQuery;

#[Object]
impl CloudIntegrationQuery {
    /// Integrations of all clouds, by name; `orderBy` takes `createdAt` too. Predicates:
    /// `autoattachEnabled`, `cloud`, `label`, `name`, `space`, `stack`. An addition to the contract.
    async fn search_cloud_integrations(
        &self,
        ctx: &Context<'_>,
        input: SearchInput,
    ) -> Result<CloudIntegrationConnection> {
        let page = app(ctx)
            .integration_search(subject(ctx)?, &input.decode()?)
            .await;
        Ok(page.map_err(error::graphql)?.into())
    }
}

#[derive(SimpleObject)]
struct CloudIntegrationConnection {
    edges: Vec<CloudIntegrationEdge>,
    page_info: PageInfo,
}

#[derive(SimpleObject)]
struct CloudIntegrationEdge {
    node: CloudIntegration,
}

/// An integration of any cloud. An addition to the contract.
#[derive(SimpleObject)]
struct CloudIntegration {
    id: ID,
    /// `aws` or `azure`.
    cloud: &'static str,
    name: String,
    space: ID,
    labels: Vec<String>,
    autoattach_enabled: bool,
    /// Unix seconds.
    created_at: i64,
    /// Null for those of other clouds.
    aws: Option<AwsIntegration>,
}

impl From<Found> for CloudIntegration {
    fn from(found: Found) -> Self {
        let integration = found.integration;
        CloudIntegration {
            id: ID(integration.id.as_str().to_owned()),
            cloud: found.cloud.as_str(),
            name: integration.name.clone(),
            space: ID(integration.space.as_str().to_owned()),
            labels: integration.labels.clone(),
            autoattach_enabled: integration.autoattach_enabled,
            created_at: found.created_at / 1000,
            aws: (found.cloud == Cloud::Aws).then_some(AwsIntegration(integration)),
        }
    }
}

impl From<Page<Found>> for CloudIntegrationConnection {
    fn from(page: Page<Found>) -> Self {
        let page_info = PageInfo::from(&page);
        let edges = page
            .items
            .into_iter()
            .map(|found| CloudIntegrationEdge { node: found.into() });
        CloudIntegrationConnection {
            edges: edges.collect(),
            page_info,
        }
    }
}
