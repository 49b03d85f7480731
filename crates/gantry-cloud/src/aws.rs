//! AWS: the server assumes roles with an identity of its own.
//!
//! That identity comes from the SDK's default chain and from nowhere else; it is looked up once,
//! when first needed, and renewed by the SDK. Customers' sessions are made from the answer of
//! AssumeRole alone.

mod assume_role;
mod connection;
mod error;
mod identity;
pub mod trust;
mod verify;

use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use gantry_core::credentials::cloud::Cloud;
use gantry_core::credentials::external_id::ExternalId;
use gantry_core::credentials::grant::AssumeRequest;
use gantry_core::credentials::phase_env::PhaseEnv;
use gantry_core::credentials::trial::Trial;
use secrecy::SecretString;
use ulid::Ulid;

use crate::error::AssumeError;
use crate::provider::{CloudProvider, Identity, Patience, Verification};
use connection::Connections;

/// Everything about AWS that an installation configures.
#[derive(Clone, Debug, Default)]
pub struct AwsSettings {
    /// Where STS answers, instead of the address that region or partition say. Without it, what
    /// `AWS_ENDPOINT_URL_STS` says.
    pub sts_endpoint: Option<String>,
    /// The principal named in trust statements, where it is not the server's own identity.
    pub principal: Option<String>,
    pub base_identity: BaseIdentity,
    pub timeouts: Timeouts,
}

/// Where the server's own identity comes from.
#[derive(Clone, Debug, Default)]
pub enum BaseIdentity {
    /// Environment, profile files, web identity, container or instance, as for any AWS program.
    #[default]
    DefaultChain,
    /// These keys. For tests, which can't change the environment of their own process.
    Keys {
        access_key_id: String,
        secret_access_key: SecretString,
        session_token: Option<SecretString>,
    },
}

/// Of one attempt; the SDK makes up to three.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    pub connect: Duration,
    pub attempt: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            attempt: Duration::from_secs(10),
        }
    }
}

/// The provider. Keeps connections, and nothing of what it was answered.
pub struct Aws {
    connections: Connections,
    principal: identity::Principal,
    /// Makes the external ID that no role may accept.
    random: fn() -> Ulid,
}

impl Aws {
    pub fn new(settings: AwsSettings) -> Self {
        let principal = identity::Principal::new(settings.principal.clone());
        Self {
            connections: Connections::new(settings),
            principal,
            random: Ulid::generate,
        }
    }
}

impl CloudProvider for Aws {
    fn cloud(&self) -> Cloud {
        Cloud::Aws
    }

    fn assume<'a>(
        &'a self,
        request: &'a AssumeRequest,
    ) -> BoxFuture<'a, Result<PhaseEnv, AssumeError>> {
        assume_role::assume(&self.connections, request).boxed()
    }

    fn verify<'a>(
        &'a self,
        trials: &'a [Trial],
        patience: Patience,
    ) -> BoxFuture<'a, Vec<Verification>> {
        verify::verify(self, trials, patience).boxed()
    }

    fn identity(&self) -> BoxFuture<'_, Result<Identity, AssumeError>> {
        identity::caller(&self.connections).boxed()
    }

    fn trust_statement<'a>(
        &'a self,
        external_ids: &'a [ExternalId],
        tagged: bool,
    ) -> BoxFuture<'a, Result<String, AssumeError>> {
        async move {
            let principal = self.principal.get(&self.connections).await?;
            Ok(trust::statement(&principal, external_ids, tagged).to_string())
        }
        .boxed()
    }
}
