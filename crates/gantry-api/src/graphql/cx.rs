use std::sync::Arc;

use async_graphql::Context;
use gantry_app::{App, OpError, Subject};

use crate::error;

/// What a client told about the run it is about to make, kept as it is.
#[derive(Clone, Debug, Default)]
pub struct RunMetadata(pub Option<String>);

/// The operations.
pub fn app<'a>(ctx: &Context<'a>) -> &'a Arc<App> {
    ctx.data_unchecked::<Arc<App>>()
}

/// Who asks; an error for whoever is not logged in.
pub fn subject<'a>(ctx: &Context<'a>) -> async_graphql::Result<&'a Subject> {
    viewer(ctx).ok_or_else(|| error::graphql(OpError::Anonymous))
}

/// Who asks, if anybody is logged in.
pub fn viewer<'a>(ctx: &Context<'a>) -> Option<&'a Subject> {
    ctx.data_unchecked::<Option<Subject>>().as_ref()
}

/// Run metadata of this request.
pub fn run_metadata(ctx: &Context<'_>) -> Option<String> {
    ctx.data_unchecked::<RunMetadata>().0.clone()
}
