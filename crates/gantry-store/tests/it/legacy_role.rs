use gantry_core::credentials::legacy_role::LegacyRole;
use gantry_core::credentials::role::AssumedBy;
use gantry_core::ids::StackId;
use gantry_store::{Store, legacy_role};

use crate::cloud_integration;
use crate::databases::with_spaces;
use crate::stack;

on_both_databases!(a_stack_has_at_most_one);

async fn a_stack_has_at_most_one(store: &Store) {
    with_spaces(store).await;
    stack::insert(store, &stack::sample("one", 1)).await;
    let id = StackId::new("one");
    assert_eq!(legacy_role::find(store.reader(), &id).await.unwrap(), None);
    let mut legacy = LegacyRole {
        stack: id.clone(),
        role: cloud_integration::sample("a", "a").role,
    };
    for assumed_by in [
        AssumedBy::Server,
        AssumedBy::Worker {
            custom_external_id: None,
        },
    ] {
        legacy.role.assumed_by = assumed_by;
        let tx = store.begin().await.unwrap();
        legacy_role::put(&tx, &legacy, 1).await.unwrap();
        tx.commit().await.unwrap();
        let found = legacy_role::find(store.reader(), &id).await.unwrap();
        assert_eq!(found.as_ref(), Some(&legacy));
    }
    let tx = store.begin().await.unwrap();
    assert!(legacy_role::delete(&tx, &id).await.unwrap());
    assert!(!legacy_role::delete(&tx, &id).await.unwrap());
    tx.commit().await.unwrap();
}
