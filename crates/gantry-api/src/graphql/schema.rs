use std::sync::Arc;

use async_graphql::dataloader::DataLoader;
use async_graphql::runtime::{TokioSpawner, TokioTimer};
use async_graphql::{EmptySubscription, MergedObject, SDLExportOptions, Schema};
use gantry_app::App;

use super::{
    account, api_key, attachment, audit, cloud_integration, config_element, context, legacy_role,
    login, role, run, sign_on, space, stack, state, tool_version, worker_pool,
};

#[derive(MergedObject, Default)]
pub struct Query(
    account::AccountQuery,
    sign_on::SignOnQuery,
    space::SpaceQuery,
    api_key::ApiKeyQuery,
    cloud_integration::aws::AwsIntegrationQuery,
    cloud_integration::search::CloudIntegrationQuery,
    legacy_role::migration::LegacyRoleQuery,
    stack::StackQuery,
    context::ContextQuery,
    run::RunQuery,
    run::RunSearchQuery,
    audit::AuditQuery,
    tool_version::ToolVersionQuery,
    worker_pool::WorkerPoolQuery,
);

#[derive(MergedObject, Default)]
pub struct Mutation(
    login::LoginMutation,
    sign_on::SignOnMutation,
    space::SpaceMutation,
    api_key::ApiKeyMutation,
    cloud_integration::aws::AwsIntegrationMutation,
    attachment::AttachmentMutation,
    legacy_role::LegacyRoleMutation,
    legacy_role::migration::LegacyRoleMigrationMutation,
    stack::StackMutation,
    state::StateMutation,
    config_element::ConfigElementMutation,
    context::ContextMutation,
    run::RunMutation,
    worker_pool::WorkerPoolMutation,
);

pub type ApiSchema = Schema<Query, Mutation, EmptySubscription>;

/// Limits on one document. Depth counts introspection, whose usual query is 13 deep; the largest
/// document of the known clients counts some 150 fields.
const DEPTH: usize = 20;
const COMPLEXITY: usize = 2_000;
const DIRECTIVES: usize = 50;

pub fn build(app: Arc<App>) -> ApiSchema {
    schema()
        .limit_depth(DEPTH)
        .limit_complexity(COMPLEXITY)
        .limit_directives(DIRECTIVES)
        .data(DataLoader::new(
            space::SpaceLoader(app.clone()),
            TokioSpawner::current(),
            TokioTimer::default(),
        ))
        .data(DataLoader::new(
            context::ContextStackLoader(app.clone()),
            TokioSpawner::current(),
            TokioTimer::default(),
        ))
        .data(DataLoader::new(
            role::RoleCountLoader(app.clone()),
            TokioSpawner::current(),
            TokioTimer::default(),
        ))
        .data(DataLoader::new(
            state::ContentsLoader(app.clone()),
            TokioSpawner::current(),
            TokioTimer::default(),
        ))
        .data(app)
        .finish()
}

/// The schema as text: sorted, so that a change shows as a change.
pub fn sdl() -> String {
    let options = SDLExportOptions::new()
        .sorted_fields()
        .sorted_arguments()
        .sorted_enum_items();
    schema().finish().sdl_with_options(options)
}

fn schema() -> async_graphql::SchemaBuilder<Query, Mutation, EmptySubscription> {
    Schema::build(Query::default(), Mutation::default(), EmptySubscription)
}
