use gantry_core::credentials::access::Access;
use gantry_core::credentials::verification::{Verification, VerificationOutcome, VerifiedSource};
use gantry_core::ids::{IntegrationId, StackId};
use gantry_store::{Store, cloud_integration as integrations, verification};

use crate::databases::with_spaces;
use crate::{cloud_integration, stack};

on_both_databases!(the_newest_of_each_kind_is_kept);

fn record(source: VerifiedSource, access: Option<Access>, checked_at: i64) -> Verification {
    Verification {
        stack: StackId::new("one"),
        source,
        access,
        fingerprint: format!("of {checked_at}"),
        outcome: VerificationOutcome::Trusted,
        message: String::new(),
        checked_at,
    }
}

async fn the_newest_of_each_kind_is_kept(store: &Store) {
    with_spaces(store).await;
    stack::insert(store, &stack::sample("one", 1)).await;
    cloud_integration::insert(store, &cloud_integration::sample("a", "a")).await;
    let integration = IntegrationId::new("a");
    let source = VerifiedSource::Integration(integration.clone());
    let read = record(source.clone(), Some(Access::Read), 1);
    let write = record(source.clone(), Some(Access::Write), 2);
    let newer = Verification {
        outcome: VerificationOutcome::Open,
        message: "open".into(),
        ..record(source.clone(), Some(Access::Read), 3)
    };
    let legacy = record(VerifiedSource::LegacyRole, None, 4);
    let tx = store.begin().await.unwrap();
    for record in [&read, &write, &newer, &legacy] {
        verification::put(&tx, record).await.unwrap();
    }
    tx.commit().await.unwrap();

    let (reader, stack) = (store.reader(), StackId::new("one"));
    let found = verification::find(reader, &stack, &source, Some(Access::Read)).await;
    assert_eq!(found.unwrap(), Some(newer.clone()));
    let all = verification::of_stack(reader, &stack).await.unwrap();
    assert_eq!(all.len(), 3);
    assert!(all.contains(&legacy) && all.contains(&write));

    let tx = store.begin().await.unwrap();
    integrations::delete(&tx, &integration).await.unwrap();
    verification::forget(&tx, &stack, &VerifiedSource::LegacyRole)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(verification::of_stack(reader, &stack).await.unwrap(), []);
}
