//! The clouds this installation speaks to. A new one is a line here.

use std::sync::Arc;

use gantry_core::credentials::cloud::Cloud;

use crate::aws::{Aws, AwsSettings};
use crate::provider::CloudProvider;

#[derive(Clone)]
pub struct Registry {
    providers: Vec<Arc<dyn CloudProvider>>,
}

impl Registry {
    /// Asks nothing of any cloud yet: identities are looked up when first needed.
    pub fn new(aws: AwsSettings) -> Self {
        Self::of(vec![Arc::new(Aws::new(aws))])
    }

    pub fn of(providers: Vec<Arc<dyn CloudProvider>>) -> Self {
        Self { providers }
    }

    pub fn get(&self, cloud: Cloud) -> Option<&dyn CloudProvider> {
        self.providers
            .iter()
            .find(|provider| provider.cloud() == cloud)
            .map(AsRef::as_ref)
    }
}
