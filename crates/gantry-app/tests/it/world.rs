//! An installation without processes: the operations, a database, a directory of objects, a clock
//! that stands still, and a cloud that says what it is told to.

mod cloud;
mod worker;

use std::path::PathBuf;
use std::sync::Arc;

use gantry_app::api_key::ApiKeyDraft;
use gantry_app::space::SpaceDraft;
use gantry_app::stack::{SourceDraft, StackDraft, VendorDraft};
use gantry_app::{
    App, Clock, MasterKey, MasterKeySource, Objects, ObjectsLocation, OpError, Settings, Subject,
    Who,
};
use gantry_cloud::registry::Registry;
use gantry_core::api_key::SpaceAccess;
use gantry_core::authz::Role;
use gantry_core::credentials::cloud::Cloud as CloudKind;
use gantry_core::hooks::Hooks;
use gantry_core::ids::{ApiKeyId, IntegrationId, RunId, SpaceId, StackId};
use gantry_core::run::{Run, RunKind, RunState};
use gantry_core::stack::Stack;
use gantry_store::{Connect, Store};
use gantry_testkit::postgres::{Database, Postgres};
use tempfile::TempDir;

pub use cloud::Cloud;
pub use worker::{HEAD, Worker, refusal, started};

/// Base64 of 32 bytes.
pub const MASTER_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

pub const NOW: i64 = 1_800_000_000_000;

pub struct World {
    pub app: Arc<App>,
    pub clock: Clock,
    pub cloud: Cloud,
    pub admin: Subject,
    connect: Connect,
    folder: TempDir,
    postgres: Option<Database<'static>>,
}

impl World {
    pub async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let connect = Connect::Sqlite(folder.path().join("gantry.db"));
        Self::open(folder, connect, None).await
    }

    /// On SQLite, with everything below this directory.
    pub async fn sqlite_below(directory: &std::path::Path) -> Self {
        let folder = tempfile::tempdir_in(directory).unwrap();
        let connect = Connect::Sqlite(folder.path().join("gantry.db"));
        Self::open(folder, connect, None).await
    }

    pub async fn postgres() -> Self {
        let database = Postgres::shared().database().unwrap();
        let connect = Connect::Postgres(database.url());
        Self::open(tempfile::tempdir().unwrap(), connect, Some(database)).await
    }

    async fn open(folder: TempDir, connect: Connect, postgres: Option<Database<'static>>) -> Self {
        std::fs::create_dir_all(folder.path().join("repositories/infra")).unwrap();
        let clock = Clock::fixed(NOW);
        let cloud = Cloud::default();
        World {
            app: app(&folder, &connect, &clock, &cloud).await,
            clock,
            cloud,
            admin: person("admin", "01ADMIN"),
            connect,
            folder,
            postgres,
        }
    }

    /// Another server on the same data, after this one died.
    pub async fn restarted(&self) -> Arc<App> {
        app(&self.folder, &self.connect, &self.clock, &self.cloud).await
    }

    /// The same on a machine whose clock is off by so much.
    pub async fn restarted_at(&self, millis: i64) -> Arc<App> {
        let clock = Clock::fixed(self.clock.now() + millis);
        app(&self.folder, &self.connect, &clock, &self.cloud).await
    }

    /// Further servers on the same data, each of which hears what the others tell.
    pub async fn servers(&self, count: usize) -> Vec<Arc<App>> {
        let mut servers = Vec::new();
        for _ in 0..count {
            let server = self.restarted().await;
            tokio::spawn(server.clone().hear_others());
            servers.push(server);
        }
        servers
    }

    /// What a server says that has the database, and objects of its own.
    pub async fn with_other_objects(&self) -> OpError {
        let other = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(other.path().join("repositories")).unwrap();
        self.refused_in(&other).await
    }

    /// What a server says that can't be started on this data.
    pub async fn cannot_restart(&self) -> OpError {
        self.refused_in(&self.folder).await
    }

    async fn refused_in(&self, folder: &TempDir) -> OpError {
        let master = MasterKey::parse(MASTER_KEY).unwrap();
        let (clock, cloud) = (&self.clock, &self.cloud);
        let opened = open(folder, &self.connect, (&master).into(), clock, cloud);
        opened.await.err().expect("it opens")
    }

    /// A statement past everybody, on PostgreSQL.
    pub fn sql(&self, statement: &str) -> String {
        let database = self.postgres.as_ref().expect("this world is on PostgreSQL");
        database.run_sql(statement).unwrap()
    }

    /// Another server on the same data, with a master key of its own.
    pub async fn opened_with(
        &self,
        master: impl Into<MasterKeySource>,
    ) -> Result<Arc<App>, OpError> {
        open(
            &self.folder,
            &self.connect,
            master.into(),
            &self.clock,
            &self.cloud,
        )
        .await
    }

    /// Another look into the same database.
    pub async fn store(&self) -> Store {
        Store::open(&self.connect).await.unwrap()
    }

    pub fn connect(&self) -> &Connect {
        &self.connect
    }

    /// A server of the same settings in another place.
    pub async fn open_in(
        &self,
        fresh: &Fresh,
        store: Store,
        master: &MasterKeySource,
    ) -> Result<Arc<App>, OpError> {
        let (folder, master) = (&fresh.folder, master.clone());
        open_store(folder, store, master, &self.clock, &self.cloud).await
    }

    /// A database of the same kind, with nothing in it.
    pub fn fresh(&self) -> Fresh {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("repositories/infra")).unwrap();
        let (connect, postgres) = match &self.connect {
            Connect::Sqlite(_) => (Connect::Sqlite(folder.path().join("gantry.db")), None),
            Connect::Postgres(_) => {
                let database = Postgres::shared().database().unwrap();
                (Connect::Postgres(database.url()), Some(database))
            }
        };
        Fresh {
            connect,
            folder,
            _postgres: postgres,
        }
    }

    pub fn objects(&self) -> PathBuf {
        self.folder.path().join("objects")
    }

    pub fn draft(&self, name: &str) -> StackDraft {
        let repository = self.folder.path().join("repositories/infra");
        StackDraft {
            name: name.into(),
            description: None,
            space: None,
            labels: vec![],
            administrative: false,
            protect_from_deletion: false,
            autodeploy: false,
            autoretry: false,
            github_action_deploy: false,
            local_preview_enabled: false,
            well_known_secret_masking: false,
            sensitive_output_upload: false,
            runner_image: None,
            worker_pool: None,
            vendor: VendorDraft::DEFAULT,
            hooks: Hooks::default(),
            source: SourceDraft {
                provider: Some("GIT".into()),
                vcs_integration: None,
                namespace: None,
                repository: "infra".into(),
                repository_url: Some(repository.to_str().unwrap().into()),
                branch: "main".into(),
                project_root: None,
                project_globs: vec![],
                sparse_paths: vec![],
            },
        }
    }

    pub async fn stack(&self, name: &str) -> StackId {
        self.stack_of(self.draft(name)).await
    }

    pub async fn stack_of(&self, draft: StackDraft) -> StackId {
        let made = self.app.stack_create(&self.admin, draft, None, false, None);
        made.await.unwrap().id
    }

    /// One whose state is kept here.
    pub async fn managed_stack(&self, name: &str) -> StackId {
        self.managed_stack_of(self.draft(name)).await
    }

    pub async fn managed_stack_of(&self, draft: StackDraft) -> StackId {
        let made = self.app.stack_create(&self.admin, draft, None, true, None);
        made.await.unwrap().id
    }

    pub async fn read_stack(&self, id: &StackId) -> Stack {
        self.app.stack(&self.admin, id).await.unwrap().unwrap()
    }

    pub async fn space(&self, name: &str, parent: &str, inherits: bool) -> SpaceId {
        let draft = SpaceDraft {
            name: name.into(),
            description: String::new(),
            inherit_entities: inherits,
            parent: parent.into(),
            labels: vec![],
        };
        let made = self.app.space_create(&self.admin, &draft);
        made.await.unwrap().id
    }

    /// A new key with these roles, as it comes in with a request.
    pub async fn key(&self, roles: &[(&str, Role)]) -> (Subject, ApiKeyId) {
        let access = roles.iter().map(|(space, role)| SpaceAccess {
            space: SpaceId::new(*space),
            role: *role,
        });
        let draft = ApiKeyDraft {
            name: "a key".into(),
            access: access.collect(),
            ..ApiKeyDraft::default()
        };
        let made = self.app.api_key_create(&self.admin, draft).await.unwrap();
        let exchanged = self.app.exchange_api_key(&made.key.id, &made.secret);
        (exchanged.await.unwrap().subject, made.key.id)
    }

    /// A new integration of the double.
    pub async fn integration(&self, name: &str, space: &str) -> IntegrationId {
        let input = gantry_app::cloud_integration::IntegrationInput {
            name: name.into(),
            space: Some(space.into()),
            role: gantry_app::role::RoleInput {
                role_arn: format!("arn:aws:iam::111122223333:role/{name}"),
                duration_seconds: Some(900),
                ..Default::default()
            },
            ..Default::default()
        };
        let made = self
            .app
            .integration_create(&self.admin, CloudKind::Aws, &input);
        made.await.unwrap().id
    }

    /// Attaches a new integration of the double.
    pub async fn attach(&self, stack: &StackId, name: &str, read: bool, write: bool) {
        let id = self.integration(name, "legacy").await;
        self.app
            .integration_attach(&self.admin, CloudKind::Aws, &id, stack, (read, write))
            .await
            .unwrap();
    }

    pub async fn worker(&self) -> Worker {
        Worker::hello(self.app.clone(), None).await
    }

    pub async fn trigger(&self, stack: &StackId, kind: RunKind) -> RunId {
        let wanted = gantry_app::run::TriggerRun {
            kind: Some(kind),
            ..Default::default()
        };
        let run = self.app.run_trigger(&self.admin, stack, wanted);
        run.await.unwrap().id
    }

    pub async fn run(&self, stack: &StackId, id: &RunId) -> Run {
        self.app.run(&self.admin, stack, id).await.unwrap().unwrap()
    }

    pub async fn state(&self, stack: &StackId, id: &RunId) -> RunState {
        self.run(stack, id).await.state
    }

    /// Every state the run was in, oldest first.
    pub async fn states(&self, stack: &StackId, id: &RunId) -> String {
        let run = self.run(stack, id).await;
        let mut history = self.app.run_history(&run).await.unwrap();
        history.reverse();
        let names: Vec<&str> = history.iter().map(|visit| visit.state.as_str()).collect();
        names.join(" ")
    }

    /// What the history says about the newest state.
    pub async fn note(&self, stack: &StackId, id: &RunId) -> String {
        let run = self.run(stack, id).await;
        let history = self.app.run_history(&run).await.unwrap();
        history[0].note.clone().unwrap_or_default()
    }
}

/// A database that nobody has opened yet.
pub struct Fresh {
    pub connect: Connect,
    folder: TempDir,
    _postgres: Option<Database<'static>>,
}

impl Fresh {
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    pub async fn store(&self) -> Store {
        Store::open(&self.connect).await.unwrap()
    }
}

pub fn person(name: &str, id: &str) -> Subject {
    Subject::new(
        Who::ApiKey {
            id: ApiKeyId::new(id),
            admin: true,
        },
        name,
    )
}

/// A key without any role.
pub fn outsider() -> Subject {
    let id = ApiKeyId::new("01OUT");
    Subject::new(Who::ApiKey { id, admin: false }, "outsider")
}

async fn app(folder: &TempDir, connect: &Connect, clock: &Clock, cloud: &Cloud) -> Arc<App> {
    let master = MasterKey::parse(MASTER_KEY).unwrap();
    let opened = open(folder, connect, (&master).into(), clock, cloud);
    opened.await.unwrap()
}

async fn open(
    folder: &TempDir,
    connect: &Connect,
    master: MasterKeySource,
    clock: &Clock,
    cloud: &Cloud,
) -> Result<Arc<App>, OpError> {
    let store = Store::open(connect).await?;
    open_store(folder, store, master, clock, cloud).await
}

async fn open_store(
    folder: &TempDir,
    store: Store,
    master: MasterKeySource,
    clock: &Clock,
    cloud: &Cloud,
) -> Result<Arc<App>, OpError> {
    let objects = ObjectsLocation::Directory(folder.path().join("objects"));
    let settings = Settings {
        git: Some(gantry_git::Settings::new(folder.path().join("git"))),
        local_repository_roots: vec![folder.path().join("repositories")],
        worker_gateway_url: Some("https://gantry.example.com:7879".into()),
        ..Settings::default()
    };
    App::open(
        store,
        Objects::open(&objects).unwrap(),
        master,
        Some("acme"),
        settings,
        clock.clone(),
        Registry::of(vec![Arc::new(cloud.clone())]),
    )
    .await
}

/// Turns `async fn body(world: &World)` into one test per database.
macro_rules! on_both_databases {
    ($($body:ident),+ $(,)?) => {$(
        mod $body {
            #[tokio::test]
            async fn sqlite() {
                let world = $crate::world::World::sqlite().await;
                super::$body(&world).await;
                world.app.close().await;
            }

            #[tokio::test]
            async fn postgres() {
                let world = $crate::world::World::postgres().await;
                super::$body(&world).await;
                world.app.close().await;
            }
        }
    )+};
}
