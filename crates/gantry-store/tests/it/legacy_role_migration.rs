use gantry_core::credentials::attachment::Serves;
use gantry_core::credentials::migration::{Migration, ReplacedBy};
use gantry_core::ids::{AttachmentId, IntegrationId, StackId};
use gantry_store::{Store, legacy_role_migration, stack as stacks};

use crate::cloud_integration;
use crate::databases::with_spaces;
use crate::stack;

on_both_databases!(the_newest_is_kept_until_it_is_forgotten);

async fn the_newest_is_kept_until_it_is_forgotten(store: &Store) {
    with_spaces(store).await;
    let id = StackId::new("one");
    stack::insert(store, &stack::sample("one", 1)).await;
    stack::insert(store, &stack::sample("two", 1)).await;
    let replaced = |before, serves| ReplacedBy {
        integration: IntegrationId::new("a"),
        made: true,
        attachment: AttachmentId::new("b"),
        before,
        serves,
    };
    let mut migration = Migration {
        stack: id.clone(),
        role: cloud_integration::sample("a", "a").role,
        role_created_at: 1,
        replaced_by: None,
        migrated_at: 2,
        migrated_by: "maria".into(),
    };
    for replaced_by in [
        None,
        Some(replaced(None, Serves::Write)),
        Some(replaced(Some(Serves::Read), Serves::Both)),
    ] {
        migration.replaced_by = replaced_by;
        migration.migrated_at += 1;
        let tx = store.begin().await.unwrap();
        legacy_role_migration::put(&tx, &migration).await.unwrap();
        tx.commit().await.unwrap();
        let found = legacy_role_migration::find(store.reader(), &id).await;
        assert_eq!(found.unwrap().as_ref(), Some(&migration));
    }
    let both = [id.clone(), StackId::new("two")];
    let found = legacy_role_migration::of_stacks(store.reader(), &both).await;
    assert_eq!(found.unwrap(), [migration.clone()]);

    let tx = store.begin().await.unwrap();
    legacy_role_migration::forget(&tx, &id).await.unwrap();
    let found = legacy_role_migration::find(tx.reader(), &id).await.unwrap();
    assert_eq!(found, None);
    legacy_role_migration::put(&tx, &migration).await.unwrap();
    stacks::delete(&tx, &id).await.unwrap();
    let found = legacy_role_migration::find(tx.reader(), &id).await.unwrap();
    assert_eq!(found, None, "it goes with its stack");
    tx.commit().await.unwrap();
}
