use gantry_store::Connect;

use super::*;
use crate::MasterKey;

const OLD: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const NEW: &str = "/////////////////////////////////////////w8=";

fn source(text: &str) -> MasterKeySource {
    MasterKeySource::Given(MasterKeys::parse(text).unwrap())
}

/// As versions left it that knew no names of master keys and derived their secrets from it.
async fn old_database(folder: &std::path::Path) -> Store {
    let store = Store::open(&Connect::Sqlite(folder.join("db")))
        .await
        .unwrap();
    let tx = store.begin().await.unwrap();
    let id = "01OLD".to_owned();
    let old = WrappedKey {
        wrapped: MasterKey::parse(OLD).unwrap().wrap(&id, &[7; 32]),
        master: None,
        id,
    };
    data_key::insert(&tx, &old, 1).await.unwrap();
    tx.commit().await.unwrap();
    store
}

#[tokio::test]
async fn an_old_database_keeps_what_it_has_derived_whichever_key_stands_first() {
    for given in [
        OLD.to_owned(),
        format!("{NEW},{OLD}"),
        format!("{OLD},{NEW}"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let store = old_database(folder.path()).await;
        let (keys, secrets) = born(&store, &source(&given), 2).await.unwrap();
        assert_eq!(*keys[0].bytes, [7; 32]);
        let old = MasterKey::parse(OLD).unwrap();
        for name in [SIGNING, CHECKSUMS] {
            assert_eq!(*secrets[name], *old.derive(name), "{given}: {name}");
        }
        let row = &data_key::list(store.reader()).await.unwrap()[0];
        assert_eq!(row.master, Some(old.name()));

        // From now on they are what they are: another master key changes nothing.
        crate::master_key::rewrap(&store, &source(&format!("{NEW},{OLD}")), 3)
            .await
            .unwrap();
        let (_, again) = born(&store, &source(NEW), 4).await.unwrap();
        for name in [SIGNING, CHECKSUMS] {
            assert_eq!(*again[name], *old.derive(name), "{given}: {name}");
        }
        store.close().await;
    }
}

#[tokio::test]
async fn a_key_that_does_not_fit_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = old_database(folder.path()).await;
    let error = born(&store, &source(NEW), 2)
        .await
        .err()
        .unwrap()
        .to_string();
    assert!(error.contains("made with another master key"), "{error}");
    assert!(
        data_key::list(store.reader()).await.unwrap()[0]
            .master
            .is_none()
    );
    store.close().await;
}
