use gantry_core::ids::SpaceId;
use gantry_core::space::Space;
use gantry_store::{Connect, Store, Tx, data_key, space};
use gantry_testkit::postgres::{Database, Postgres};
use tempfile::TempDir;

/// A new, empty and migrated database; gone with this value.
pub struct Opened {
    pub store: Store,
    pub connect: Connect,
    // Dropped after the store.
    _sqlite: Option<TempDir>,
    _postgres: Option<Database<'static>>,
}

pub async fn sqlite() -> Opened {
    let folder = tempfile::tempdir().unwrap();
    let connect = Connect::Sqlite(folder.path().join("gantry.db"));
    Opened {
        store: Store::open(&connect).await.unwrap(),
        connect,
        _sqlite: Some(folder),
        _postgres: None,
    }
}

pub async fn postgres() -> Opened {
    let database = Postgres::shared().database().unwrap();
    let connect = Connect::Postgres(database.url());
    Opened {
        store: Store::open(&connect).await.unwrap(),
        connect,
        _sqlite: None,
        _postgres: Some(database),
    }
}

/// Puts the two spaces there that every installation has.
pub async fn with_spaces(store: &Store) -> [SpaceId; 2] {
    let root = Space {
        id: SpaceId::new("root"),
        name: "root".into(),
        description: String::new(),
        parent: None,
        inherit_entities: false,
        labels: vec![],
    };
    let legacy = Space {
        id: SpaceId::new("legacy"),
        name: "legacy".into(),
        description: "the default".into(),
        parent: Some(root.id.clone()),
        inherit_entities: true,
        labels: vec!["a".into()],
    };
    let tx = store.begin().await.unwrap();
    space::insert(&tx, &root, 1).await.unwrap();
    space::insert(&tx, &legacy, 2).await.unwrap();
    tx.commit().await.unwrap();
    [root.id, legacy.id]
}

/// One more space; its ID is its name.
pub async fn new_space(store: &Store, name: &str, parent: &str, inherits: bool) -> SpaceId {
    let space = Space {
        id: SpaceId::new(name),
        name: name.into(),
        description: String::new(),
        parent: Some(SpaceId::new(parent)),
        inherit_entities: inherits,
        labels: vec![],
    };
    let tx = store.begin().await.unwrap();
    space::insert(&tx, &space, 3).await.unwrap();
    tx.commit().await.unwrap();
    space.id
}

/// Turns `async fn body(store: &Store)` into one test per database.
macro_rules! on_both_databases {
    ($($body:ident),+ $(,)?) => {$(
        mod $body {
            #[tokio::test]
            async fn sqlite() {
                let opened = $crate::databases::sqlite().await;
                super::$body(&opened.store).await;
            }

            #[tokio::test]
            async fn postgres() {
                let opened = $crate::databases::postgres().await;
                super::$body(&opened.store).await;
                opened.store.close().await;
            }
        }
    )+};
}

/// A data key, so that rows may name it.
pub async fn data_key(tx: &Tx, id: &str) {
    let key = data_key::WrappedKey {
        id: id.into(),
        wrapped: b"wrapped".to_vec(),
        master: None,
    };
    data_key::insert(tx, &key, 1).await.unwrap();
}
