//! The same installation, with a real AWS provider before an AWS double that enforces trust
//! policies.

use std::sync::Arc;

use gantry_app::cloud_integration::IntegrationInput;
use gantry_app::role::RoleInput;
use gantry_app::{App, Clock, MasterKey, Objects, ObjectsLocation, OpError, Settings};
use gantry_cloud::aws::{AwsSettings, BaseIdentity};
use gantry_cloud::registry::Registry;
use gantry_core::credentials::cloud::Cloud;
use gantry_core::credentials::integration::Integration;
use gantry_core::credentials::select::Attached;
use gantry_core::ids::StackId;
use gantry_testkit::ministack::{Ministack, Server};
use gantry_testkit::trust;
use tokio::sync::OnceCell;

use crate::world::{MASTER_KEY, World};

pub const AWS: Cloud = Cloud::Aws;

/// Environment variable: `postgres` runs these tests there instead of on SQLite.
const DATABASE: &str = "GANTRY_TEST_DATABASE";

pub struct Aws {
    pub world: World,
    pub server: &'static Server,
}

impl Aws {
    pub async fn start() -> Self {
        Self::through(&Ministack::shared().endpoint()).await
    }

    /// STS is reached under another address, such as a proxy's.
    pub async fn through(sts: &str) -> Self {
        let server = server().await;
        let mut world = match std::env::var(DATABASE) {
            Ok(name) if name == "postgres" => World::postgres().await,
            _ => World::sqlite().await,
        };
        let settings = AwsSettings {
            sts_endpoint: Some(sts.to_owned()),
            base_identity: BaseIdentity::Keys {
                access_key_id: server.keys.access_key_id.clone(),
                secret_access_key: server.keys.secret_access_key.clone().into(),
                session_token: None,
            },
            ..AwsSettings::default()
        };
        world.app = App::open(
            world.store().await,
            Objects::open(&ObjectsLocation::Directory(world.objects())).unwrap(),
            &MasterKey::parse(MASTER_KEY).unwrap(),
            None,
            Settings {
                local_repository_roots: world.app.settings().local_repository_roots.clone(),
                git: world.app.settings().git.clone(),
                ..Settings::default()
            },
            Clock::system(),
            Registry::new(settings),
        )
        .await
        .unwrap();
        Aws { world, server }
    }

    pub fn app(&self) -> &Arc<App> {
        &self.world.app
    }

    /// A role that trusts the server with exactly these external IDs. Names are those of the whole
    /// test binary.
    pub async fn role(&self, name: &str, external_ids: &[&str]) -> String {
        let policy = trust::requires(&self.server.arn, external_ids);
        let made = Ministack::shared().create_role(name, &policy).await;
        made.unwrap()
    }

    /// A role that trusts the server, with whatever external ID or none.
    pub async fn open_role(&self, name: &str) -> String {
        let policy = trust::open(&self.server.arn);
        let made = Ministack::shared().create_role(name, &policy).await;
        made.unwrap()
    }

    pub async fn trust(&self, role: &str, external_ids: &[&str]) {
        let policy = trust::requires(&self.server.arn, external_ids);
        Ministack::shared()
            .change_trust(role, &policy)
            .await
            .unwrap();
    }

    pub async fn integration(&self, name: &str, role_arn: &str) -> Integration {
        self.create(&input(name, role_arn)).await.unwrap()
    }

    pub async fn create(&self, input: &IntegrationInput) -> Result<Integration, OpError> {
        let admin = &self.world.admin;
        self.app().integration_create(admin, AWS, input).await
    }

    pub async fn update(
        &self,
        integration: &Integration,
        input: IntegrationInput,
    ) -> Result<Integration, OpError> {
        let (admin, id) = (&self.world.admin, &integration.id);
        self.app().integration_update(admin, AWS, id, &input).await
    }

    pub async fn attach(
        &self,
        integration: &Integration,
        stack: &StackId,
        read: bool,
        write: bool,
    ) -> Result<Attached, OpError> {
        let (admin, id) = (&self.world.admin, &integration.id);
        self.app()
            .integration_attach(admin, AWS, id, stack, (read, write))
            .await
    }

    /// An integration whose role trusts it for these stacks, with read and write.
    pub async fn trusted_integration(&self, name: &str, stacks: &[&StackId]) -> Integration {
        let arn = self.role(name, &["nobody-yet"]).await;
        let integration = self.integration(name, &arn).await;
        let ids = external_ids(&integration, stacks);
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        self.trust(name, &ids).await;
        integration
    }
}

/// Of both accesses.
pub fn external_ids(integration: &Integration, stacks: &[&StackId]) -> Vec<String> {
    let id = &integration.id;
    stacks
        .iter()
        .flat_map(|stack| ["read", "write"].map(|access| format!("acme@{id}@{stack}@{access}")))
        .collect()
}

pub fn input(name: &str, role_arn: &str) -> IntegrationInput {
    IntegrationInput {
        name: name.into(),
        role: RoleInput {
            role_arn: role_arn.into(),
            ..RoleInput::default()
        },
        ..IntegrationInput::default()
    }
}

/// The sentence of a refusal.
pub fn refusal<T: std::fmt::Debug>(answer: Result<T, OpError>) -> String {
    answer.expect_err("a refusal").to_string()
}

async fn server() -> &'static Server {
    static SERVER: OnceCell<Server> = OnceCell::const_new();
    SERVER
        .get_or_init(|| async {
            let made = Ministack::shared().create_server_user("gantry").await;
            made.unwrap()
        })
        .await
}
