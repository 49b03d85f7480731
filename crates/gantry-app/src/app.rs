use std::sync::Arc;

use gantry_cloud::registry::Registry;
use gantry_core::account::Subdomain;
use gantry_core::ids::SpaceId;
use gantry_core::protocol::Limits;
use gantry_core::space::{LEGACY, ROOT, Space};
use gantry_store::{Dialect, Store, account, data_key, space};
use tokio_util::task::TaskTracker;

use crate::attachment::Slots;
use crate::keyring::{CHECKSUMS, SIGNING};
use crate::news::Newsroom;
use crate::sign_on::{SignOn, SignOnSettings};
use crate::trust_statement::Unanswered;
use crate::worker_authority::WorkerAuthority;
use crate::{Clock, Keyring, MasterKeySource, Objects, OpError, Wake};

/// What the operator decides about the whole installation, as far as operations need to know it.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Base URL that clients reach us under: no trailing slash, no `/graphql`.
    pub public_url: String,
    /// `https://host:port` under which workers elsewhere reach the gateway; without one they can't.
    pub worker_gateway_url: Option<String>,
    /// Directories below which a repository may be a local path.
    pub local_repository_roots: Vec<std::path::PathBuf>,
    /// Where git keeps its mirrors, and how it reaches the network; its local roots are those
    /// above. Without it nothing that looks into a repository can be done.
    pub git: Option<gantry_git::Settings>,
    /// Where the tools' versions are asked for.
    pub tools: gantry_tools::Settings,
    /// Tools that the operator has installed, as `<engine>/<version>`.
    pub tools_dir: Option<std::path::PathBuf>,
    /// `…/{namespace}/{repository}`: resolves a stack without a source block of its own.
    pub repository_template: Option<String>,
    /// What each phase of a run may take.
    pub limits: Limits,
    /// How long a worker's lease lasts without a heartbeat, in seconds.
    pub lease: u64,
    /// Without one people log in by API key.
    pub sign_on: Option<SignOnSettings>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            public_url: "http://127.0.0.1:7878".into(),
            worker_gateway_url: None,
            local_repository_roots: vec![],
            git: None,
            tools: gantry_tools::Settings::default(),
            tools_dir: None,
            repository_template: None,
            limits: Limits {
                time: 70 * 60,
                silence: 7 * 60,
                grace: 60,
                ..Limits::MODEST
            },
            lease: 30,
            sign_on: None,
        }
    }
}

/// The operations and what they work on. One per server, shared by every request.
pub struct App {
    pub(crate) store: Store,
    pub(crate) objects: Objects,
    pub(crate) keys: Keyring,
    pub(crate) authority: tokio::sync::OnceCell<WorkerAuthority>,
    pub(crate) signing: zeroize::Zeroizing<[u8; 32]>,
    /// What the keys of keyed checksums are made from.
    pub(crate) checksums: zeroize::Zeroizing<[u8; 32]>,
    pub(crate) git: Option<gantry_git::Git>,
    pub(crate) releases: gantry_tools::Releases,
    pub(crate) account: Subdomain,
    pub(crate) settings: Settings,
    pub(crate) wake: Wake,
    pub(crate) news: Arc<Newsroom>,
    pub(crate) clock: Clock,
    pub(crate) metrics: crate::metrics::Metrics,
    pub(crate) last_look: crate::health::LastLook,
    /// Who wants to know of runs that ended.
    pub(crate) ended: std::sync::OnceLock<tokio::sync::mpsc::Sender<gantry_core::ids::RunId>>,
    pub(crate) runs: crate::run::Memory,
    pub(crate) clouds: Registry,
    pub(crate) slots: Slots,
    pub(crate) unanswered: Unanswered,
    pub(crate) sign_on: Option<SignOn>,
    /// What goes on after its answer was given; waited for before the database is closed.
    pub(crate) afterwards: TaskTracker,
}

impl App {
    /// Opens an installation. The first start needs `subdomain`; a later one may repeat it, and is
    /// refused with another: it stands in every trust policy.
    pub async fn open(
        store: Store,
        objects: Objects,
        master: impl Into<MasterKeySource>,
        subdomain: Option<&str>,
        settings: Settings,
        clock: Clock,
        clouds: Registry,
    ) -> Result<Arc<Self>, OpError> {
        let keys = Keyring::open(&store, &master.into(), clock.now()).await?;
        let account = open_account(&store, subdomain, clock.now()).await?;
        objects.expect_to_belong_to(&store).await?;
        let git = settings
            .git
            .clone()
            .map(|git| {
                gantry_git::Git::open(gantry_git::Settings {
                    local_roots: settings.local_repository_roots.clone(),
                    ..git
                })
            })
            .transpose()
            .map_err(|error| OpError::invalid(error.to_string()))?;
        let sign_on = settings.sign_on.clone().map(SignOn::new);
        let others = store.dialect() == Dialect::Postgres;
        let app = Arc::new(App {
            store,
            objects,
            signing: keys.secret(SIGNING)?,
            checksums: keys.secret(CHECKSUMS)?,
            keys,
            authority: tokio::sync::OnceCell::new(),
            git,
            releases: gantry_tools::Releases::new(settings.tools.clone()),
            account,
            settings,
            wake: Wake::default(),
            news: Arc::new(Newsroom::new(others)),
            clock,
            metrics: crate::metrics::Metrics::default(),
            last_look: crate::health::LastLook::default(),
            ended: std::sync::OnceLock::new(),
            runs: crate::run::Memory::default(),
            clouds,
            slots: Slots::default(),
            unanswered: Unanswered::default(),
            sign_on,
            afterwards: TaskTracker::new(),
        });
        app.set_clock().await?;
        Ok(app)
    }

    pub fn account(&self) -> &Subdomain {
        &self.account
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Takes the data keys as they are now; answers how many there are.
    pub async fn reload_keys(&self) -> Result<usize, OpError> {
        self.keys.reload(&self.store).await
    }

    /// The authority of workers, made when it is first needed.
    pub async fn worker_authority(&self) -> Result<&WorkerAuthority, OpError> {
        self.authority
            .get_or_try_init(|| WorkerAuthority::open(&self.store, &self.keys, self.clock.now()))
            .await
    }

    /// How many statements were run outside of transactions ([`Store::reads`]).
    pub fn reads(&self) -> u64 {
        self.store.reads()
    }

    /// This server is about to end: it gives no run to a worker any more. Everything else goes on.
    pub fn give_no_runs(&self) {
        self.wake.end();
    }

    /// Waits until this server is about to end.
    pub async fn ending(&self) {
        self.wake.ended().await;
    }

    /// Waits until everything that an answer left to do is done.
    pub async fn settle(&self) {
        self.afterwards.close();
        self.afterwards.wait().await;
    }

    pub async fn close(&self) {
        self.settle().await;
        self.store.close().await;
    }
}

async fn open_account(store: &Store, wanted: Option<&str>, now: i64) -> Result<Subdomain, OpError> {
    let wanted = wanted
        .map(Subdomain::parse)
        .transpose()
        .map_err(|error| OpError::invalid(error.to_string()))?;
    let stored = account::subdomain(store.reader()).await?;
    match (stored, wanted) {
        (Some(stored), Some(wanted)) if stored != wanted.as_str() => {
            Err(OpError::invalid(format!(
                "this installation's account is `{stored}` and can't become `{wanted}`: the \
                 subdomain stands in every trust policy. Take the setting out, or use another \
                 database"
            )))
        }
        (Some(stored), _) => {
            Subdomain::parse(&stored).map_err(|error| OpError::invalid(error.to_string()))
        }
        (None, Some(wanted)) => {
            create_account(store, &wanted, now).await?;
            Ok(wanted)
        }
        (None, None) => Err(OpError::invalid(
            "the first start needs the account's subdomain (--account, GANTRY_ACCOUNT or `account` \
             in the configuration file): it begins every external ID and can't be changed later",
        )),
    }
}

async fn create_account(store: &Store, subdomain: &Subdomain, now: i64) -> Result<(), OpError> {
    let tx = store.begin().await?;
    data_key::lock(&tx).await?;
    if let Some(stored) = account::subdomain(tx.reader()).await? {
        // Of servers that start together another one was the first.
        return match stored == subdomain.as_str() {
            true => Ok(()),
            false => Err(OpError::invalid(format!(
                "this installation's account is `{stored}` and not `{subdomain}`: another server \
                 has just begun it"
            ))),
        };
    }
    account::create(&tx, subdomain.as_str(), now).await?;
    let root = Space {
        id: SpaceId::new(ROOT),
        name: ROOT.into(),
        description: "Contains everything in the account".into(),
        parent: None,
        inherit_entities: false,
        labels: vec![],
    };
    let legacy = Space {
        id: SpaceId::new(LEGACY),
        name: LEGACY.into(),
        description: "Where things live that name no space".into(),
        parent: Some(root.id.clone()),
        inherit_entities: true,
        labels: vec![],
    };
    space::insert(&tx, &root, now).await?;
    space::insert(&tx, &legacy, now).await?;
    tx.commit().await?;
    Ok(())
}
