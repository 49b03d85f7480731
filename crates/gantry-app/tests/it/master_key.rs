//! Changing keys while servers run. Each step is taken by itself, as if the command had been killed
//! after it, and after each of them servers start, and the ones that run go on.

use std::sync::Arc;

use gantry_app::api_key::{self, ApiKeyDraft};
use gantry_app::audit::Period;
use gantry_app::config_element::NewElement;
use gantry_app::master_key::{Progress, rewrap};
use gantry_app::search::Search;
use gantry_app::{App, MasterKey, MasterKeyFile, MasterKeySource, keyring};
use gantry_core::authz::Role;
use gantry_core::config_element::ConfigKind;
use gantry_core::ids::StackId;
use gantry_store::data_key;
use secrecy::{ExposeSecret as _, SecretString};

use crate::world::{MASTER_KEY, NOW, World};

on_both_databases!(
    a_master_key_is_changed_in_steps_that_may_each_be_the_last,
    a_server_takes_a_data_key_that_another_has_made,
    a_wrong_key_is_explained,
    two_first_starts_make_one_installation,
);

const NEW: &str = "/////////////////////////////////////////w8=";

fn key(text: &str) -> MasterKey {
    MasterKey::parse(text).unwrap()
}

async fn set(world: &World, app: &Arc<App>, stack: &StackId, name: &str, value: &str) {
    let element = NewElement {
        kind: ConfigKind::EnvironmentVariable,
        name: name.into(),
        value: SecretString::from(value),
        write_only: false,
        description: None,
    };
    app.stack_config_add(&world.admin, stack, element)
        .await
        .unwrap();
}

async fn value(world: &World, app: &Arc<App>, stack: &StackId, name: &str) -> String {
    let read = world.read_stack(stack).await;
    let element = app.stack_config_element(&world.admin, &read, name);
    element.await.unwrap().unwrap().value.unwrap()
}

/// Everything that depends on a key: a value from before, a new one, a token from before, a checksum.
struct Before {
    stack: StackId,
    token: String,
    reader: gantry_app::Subject,
    checksum: String,
}

impl Before {
    async fn of(world: &World) -> Self {
        let stack = world.stack("Infra").await;
        set(world, &world.app, &stack, "OLD", "from before").await;
        let store = world.store().await;
        let made = api_key::create(&store, ApiKeyDraft::admin("ci"), "a test", NOW);
        let made = made.await.unwrap();
        store.close().await;
        let token = world.app.exchange_api_key(&made.key.id, &made.secret);
        let token = token.await.unwrap().jwt.expose_secret().to_owned();
        let (reader, _) = world.key(&[("legacy", Role::Reader)]).await;
        let mut before = Before {
            stack,
            token,
            reader,
            checksum: String::new(),
        };
        before.checksum = before.checksum(world, &world.app).await;
        before
    }

    async fn checksum(&self, world: &World, app: &Arc<App>) -> String {
        let stack = world.read_stack(&self.stack).await;
        let element = app.stack_config_element(&self.reader, &stack, "OLD");
        element.await.unwrap().unwrap().checksum
    }

    /// `app` works as if nothing had happened, and so does the server that runs since the beginning.
    async fn holds(&self, world: &World, app: &Arc<App>, step: &str) {
        assert_eq!(
            value(world, app, &self.stack, "OLD").await,
            "from before",
            "{step}"
        );
        set(world, app, &self.stack, "NEW", step).await;
        assert_eq!(value(world, &world.app, &self.stack, "NEW").await, step);
        set(world, &world.app, &self.stack, "RUNNING", step).await;
        assert_eq!(value(world, app, &self.stack, "RUNNING").await, step);
        let subject = app.subject_of_token(&self.token).await.unwrap();
        assert!(subject.is_some(), "{step}: everybody is logged out");
        assert_eq!(self.checksum(world, app).await, self.checksum, "{step}");
    }
}

async fn a_master_key_is_changed_in_steps_that_may_each_be_the_last(world: &World) {
    let before = Before::of(world).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("master.key");
    std::fs::write(&path, MASTER_KEY).unwrap();
    let file = MasterKeyFile::new(&path);
    let source = MasterKeySource::File(path.clone());
    let store = world.store().await;
    let progress = async || Progress::of(&store, &source).await.unwrap();

    assert_eq!(progress().await, Progress::Settled);
    file.prepare(key(NEW)).unwrap();
    assert_eq!(progress().await, Progress::ToRewrap);
    let app = world.opened_with(source.clone()).await.unwrap();
    before.holds(world, &app, "prepared").await;
    app.close().await;
    // Another server still has the old file.
    let app = world.opened_with(&key(MASTER_KEY)).await.unwrap();
    before
        .holds(world, &app, "prepared, with the old file")
        .await;
    app.close().await;

    let done = rewrap(&store, &source, NOW).await.unwrap();
    assert_eq!((done.data_keys, done.to), (1, key(NEW).name()));
    assert_eq!(progress().await, Progress::ToFinish);
    let app = world.opened_with(source.clone()).await.unwrap();
    before.holds(world, &app, "wrapped").await;
    app.close().await;
    // A second call finds nothing to do.
    assert_eq!(rewrap(&store, &source, NOW).await.unwrap().data_keys, 0);

    file.finish().unwrap();
    assert_eq!(progress().await, Progress::Settled);
    let app = world.opened_with(source.clone()).await.unwrap();
    before.holds(world, &app, "finished").await;
    app.close().await;

    let all = Search::default();
    let events = world
        .app
        .audit_search(&world.admin, Period::default(), &all);
    let events = events.await.unwrap().items;
    let rotations = events
        .iter()
        .filter(|event| event.action == "master_key.rotate" && event.actor.name == "command line");
    assert_eq!(rotations.count(), 1);
    // The old key has had its day.
    let refused = world.opened_with(&key(MASTER_KEY)).await.err().unwrap();
    assert!(refused.to_string().contains(&key(NEW).name()), "{refused}");
    store.close().await;
}

async fn a_server_takes_a_data_key_that_another_has_made(world: &World) {
    let before = Before::of(world).await;
    let store = world.store().await;
    let source = (&key(MASTER_KEY)).into();
    let made = keyring::add_data_key(&store, &source, NOW).await.unwrap();
    let keys = data_key::list(store.reader()).await.unwrap();
    assert_eq!(keys.len(), 2);
    assert_eq!(keys[1].id, made, "the newest is the one that seals");
    store.close().await;

    // Knows two keys, and seals with the new one what the other has to open.
    let app = world.restarted().await;
    before.holds(world, &app, "another data key").await;
    app.close().await;
    assert_eq!(world.app.reload_keys().await.unwrap(), 2);
}

async fn a_wrong_key_is_explained(world: &World) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.key");
    std::fs::write(&path, NEW).unwrap();
    let refused = world.opened_with(MasterKeySource::File(path.clone())).await;
    let sentence = refused.err().unwrap().to_string();
    for says in [
        format!("needs the master key `{}`", key(MASTER_KEY).name()),
        format!("{} holds `{}`", path.display(), key(NEW).name()),
        "saved plans".to_owned(),
    ] {
        assert!(sentence.contains(&says), "{sentence}");
    }
    assert!(
        !sentence.contains(NEW) && !sentence.contains(MASTER_KEY),
        "{sentence}"
    );
}

async fn two_first_starts_make_one_installation(world: &World) {
    let fresh = world.fresh();
    let source: MasterKeySource = (&key(NEW)).into();
    let [one, other] = [(); 2].map(|()| fresh.store());
    let (one, other) = futures::join!(one, other);
    let (first, second) = futures::join!(
        gantry_app::Keyring::open(&one, &source, NOW),
        gantry_app::Keyring::open(&other, &source, NOW),
    );
    let (first, second) = (first.unwrap(), second.unwrap());
    let sealed = first.seal("place", b"value");
    let opened = second.open_sealed(&other, "place", &sealed.key_id, &sealed.bytes);
    assert_eq!(opened.await.unwrap().as_slice(), b"value");
    assert_eq!(data_key::list(one.reader()).await.unwrap().len(), 1);
    one.close().await;
    other.close().await;
}
