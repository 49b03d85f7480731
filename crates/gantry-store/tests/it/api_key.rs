use gantry_core::api_key::{ApiKey, SpaceAccess};
use gantry_core::authz::Role;
use gantry_core::ids::{ApiKeyId, SpaceId};
use gantry_store::{Store, StoreError, api_key, api_key_access, space};

use crate::databases::{new_space, with_spaces};

on_both_databases!(
    keys_come_back_as_they_were_stored,
    a_revoked_key_has_no_secret_and_is_not_listed,
    every_key_can_be_revoked_at_once,
    roles_go_with_the_key_and_with_the_space,
);

fn key(id: &str, created_at: i64) -> ApiKey {
    ApiKey {
        id: ApiKeyId::new(id),
        name: format!("key {id}"),
        description: None,
        admin: true,
        access: vec![],
        teams: vec!["a team".into(), "\"quoted\"".into()],
        creator: "somebody".into(),
        created_at,
        last_used_at: None,
        revoked_at: None,
        expires_at: None,
    }
}

async fn insert(store: &Store, key: &ApiKey, secret: &[u8]) {
    let tx = store.begin().await.unwrap();
    api_key::insert(&tx, key, secret.to_vec()).await.unwrap();
    tx.commit().await.unwrap();
}

async fn keys_come_back_as_they_were_stored(store: &Store) {
    let mut stored = key("one", 5);
    insert(store, &stored, b"\0\xff hash").await;
    let reader = store.reader();
    assert_eq!(
        api_key::find(reader, &stored.id).await.unwrap().as_ref(),
        Some(&stored)
    );
    let hash = api_key::secret_hash(reader, &stored.id).await.unwrap();
    assert_eq!(hash.as_deref(), Some(&b"\0\xff hash"[..]));

    stored.name = "renamed".into();
    stored.description = Some("what for".into());
    stored.teams = vec![];
    stored.last_used_at = Some(9);
    let tx = store.begin().await.unwrap();
    api_key::update(&tx, &stored).await.unwrap();
    api_key::touch(&tx, &stored.id, 9).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(
        api_key::find(reader, &stored.id).await.unwrap(),
        Some(stored)
    );
}

async fn a_revoked_key_has_no_secret_and_is_not_listed(store: &Store) {
    let (one, two) = (key("one", 5), key("two", 4));
    insert(store, &one, b"1").await;
    insert(store, &two, b"2").await;
    let tx = store.begin().await.unwrap();
    assert!(api_key::revoke(&tx, &one.id, 7).await.unwrap());
    assert!(!api_key::revoke(&tx, &one.id, 8).await.unwrap());
    tx.commit().await.unwrap();
    let reader = store.reader();
    assert_eq!(api_key::list(reader).await.unwrap(), [two]);
    assert_eq!(api_key::secret_hash(reader, &one.id).await.unwrap(), None);
    let found = api_key::find(reader, &one.id).await.unwrap().unwrap();
    assert_eq!(found.revoked_at, Some(7));
}

async fn every_key_can_be_revoked_at_once(store: &Store) {
    insert(store, &key("one", 5), b"1").await;
    insert(store, &key("two", 4), b"2").await;
    let tx = store.begin().await.unwrap();
    assert_eq!(api_key::revoke_all(&tx, 7).await.unwrap(), 2);
    tx.commit().await.unwrap();
    assert_eq!(api_key::list(store.reader()).await.unwrap(), []);
}

fn given(space: &SpaceId, role: Role) -> SpaceAccess {
    SpaceAccess {
        space: space.clone(),
        role,
    }
}

async fn roles_go_with_the_key_and_with_the_space(store: &Store) {
    let [root, legacy] = with_spaces(store).await;
    let team = new_space(store, "team", "root", true).await;
    let mut one = key("one", 5);
    one.admin = false;
    one.expires_at = Some(99);
    one.access = vec![given(&legacy, Role::Writer), given(&team, Role::Admin)];
    insert(store, &one, b"1").await;
    let mut two = key("two", 6);
    two.admin = false;
    two.access = vec![given(&team, Role::Admin)];
    insert(store, &two, b"2").await;
    let reader = store.reader();
    let found = api_key::find(reader, &one.id).await.unwrap();
    assert_eq!(found.as_ref(), Some(&one));
    assert_eq!(
        api_key::list(reader).await.unwrap(),
        [one.clone(), two.clone()]
    );
    let counts = async || {
        let mut counts = api_key_access::counts(reader).await.unwrap();
        counts.sort();
        counts
    };
    assert_eq!(counts().await, [(Role::Writer, 1), (Role::Admin, 2)]);

    let tx = store.begin().await.unwrap();
    let now = [given(&root, Role::Reader)];
    api_key_access::replace(&tx, &one.id, &now).await.unwrap();
    tx.commit().await.unwrap();
    let found = api_key_access::of_key(reader, &one.id).await.unwrap();
    assert_eq!(found, now);

    let tx = store.begin().await.unwrap();
    space::delete(&tx, &team).await.unwrap();
    api_key::revoke(&tx, &one.id, 7).await.unwrap();
    tx.commit().await.unwrap();
    let left = api_key_access::of_key(reader, &two.id).await.unwrap();
    assert_eq!(left, []);
    assert_eq!(counts().await, []);

    let tx = store.begin().await.unwrap();
    let gone = [given(&team, Role::Reader)];
    let refused = api_key_access::replace(&tx, &two.id, &gone).await;
    assert!(
        matches!(refused, Err(StoreError::Referenced)),
        "{refused:?}"
    );
}
