//! Clients of STS, one for each region in use, with the server's own identity.
//!
//! Making a client and its first connection costs far more than a request, so both are kept. All
//! clients share one identity and one pool of connections.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::identity::IdentityCache;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_sts::Client;
use aws_sdk_sts::config::{Credentials, Region as SdkRegion};
use gantry_core::credentials::role::{Region, RoleArn};
use secrecy::ExposeSecret;
use tokio::sync::OnceCell;

use super::{AwsSettings, BaseIdentity};

const DEFAULT_REGION: &str = "us-east-1";

pub(super) struct Connections {
    settings: AwsSettings,
    base: OnceCell<SdkConfig>,
    clients: Mutex<HashMap<String, Client>>,
}

impl Connections {
    pub(super) fn new(mut settings: AwsSettings) -> Self {
        settings.sts_endpoint = settings
            .sts_endpoint
            .or_else(|| std::env::var("AWS_ENDPOINT_URL_STS").ok());
        Self {
            settings,
            base: OnceCell::new(),
            clients: Mutex::default(),
        }
    }

    /// The client for a role: of its configured region, else of its ARN's partition.
    pub(super) async fn for_role(&self, arn: &RoleArn, region: Option<&Region>) -> Client {
        match region {
            Some(region) => self.client(region.as_str()).await,
            None => self.client(region_of_partition(arn.partition())).await,
        }
    }

    /// The client for questions about the server itself: of the region it runs in, where it says.
    pub(super) async fn for_server(&self) -> Client {
        let base = self.base().await;
        let region = base
            .region()
            .map_or(DEFAULT_REGION, |region| region.as_ref())
            .to_owned();
        self.client(&region).await
    }

    async fn client(&self, region: &str) -> Client {
        let base = self.base().await;
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(region) {
            return client.clone();
        }
        let mut config =
            aws_sdk_sts::config::Builder::from(base).region(SdkRegion::new(region.to_owned()));
        // Set even when there is none: the SDK would else follow its general variable.
        config.set_endpoint_url(self.settings.sts_endpoint.clone());
        let client = Client::from_conf(config.build());
        clients.insert(region.to_owned(), client.clone());
        client
    }

    async fn base(&self) -> &SdkConfig {
        self.base.get_or_init(|| load_base(&self.settings)).await
    }
}

async fn load_base(settings: &AwsSettings) -> SdkConfig {
    // Not the SDK's own chain for the region: it would end by asking the metadata service, which
    // takes seconds where there is none.
    let region = RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new())
        .or_else(ProfileFileRegionProvider::new());
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(settings.timeouts.connect)
        .operation_attempt_timeout(settings.timeouts.attempt)
        .build();
    let loader = aws_config::defaults(BehaviorVersion::latest())
        .region(region)
        .timeout_config(timeouts)
        .retry_config(RetryConfig::standard().with_max_attempts(3))
        .identity_cache(IdentityCache::lazy().build());
    match &settings.base_identity {
        BaseIdentity::DefaultChain => loader.load().await,
        BaseIdentity::Keys {
            access_key_id,
            secret_access_key,
            session_token,
        } => {
            let keys = Credentials::new(
                access_key_id,
                secret_access_key.expose_secret(),
                session_token
                    .as_ref()
                    .map(|token| token.expose_secret().to_owned()),
                None,
                "configured keys",
            );
            loader.credentials_provider(keys).load().await
        }
    }
}

/// The region whose STS serves a partition; AWS has no endpoint for a whole partition.
fn region_of_partition(partition: Option<&str>) -> &'static str {
    match partition {
        Some("aws-cn") => "cn-north-1",
        Some("aws-us-gov") => "us-gov-west-1",
        Some("aws-iso") => "us-iso-east-1",
        Some("aws-iso-b") => "us-isob-east-1",
        Some("aws-eusc") => "eusc-de-east-1",
        _ => DEFAULT_REGION,
    }
}

#[cfg(test)]
mod tests;
