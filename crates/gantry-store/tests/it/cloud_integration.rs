use gantry_core::credentials::cloud::Cloud;
use gantry_core::credentials::duration::SessionDuration;
use gantry_core::credentials::integration::Integration;
use gantry_core::credentials::role::{AssumedBy, Region, Role, RoleArn};
use gantry_core::ids::{IntegrationId, SpaceId};
use gantry_store::{Store, StoreError, cloud_integration};

use crate::databases::with_spaces;

on_both_databases!(
    an_integration_comes_back_as_it_was_stored,
    a_name_is_taken_once_per_cloud,
    only_those_that_may_attach_themselves_are_listed_for_it,
);

pub fn sample(id: &str, name: &str) -> Integration {
    Integration {
        id: IntegrationId::new(id),
        name: name.into(),
        space: SpaceId::new("root"),
        labels: vec![],
        autoattach_enabled: false,
        role: Role {
            arn: RoleArn::parse("arn:aws:iam::111122223333:role/reader").unwrap(),
            duration: SessionDuration::default(),
            region: None,
            assumed_by: AssumedBy::Server,
            tag_sessions: false,
        },
    }
}

pub async fn insert(store: &Store, integration: &Integration) {
    let tx = store.begin().await.unwrap();
    cloud_integration::insert(&tx, Cloud::Aws, integration, 1)
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

async fn an_integration_comes_back_as_it_was_stored(store: &Store) {
    with_spaces(store).await;
    let mut stored = sample("one", "Prod \"quoted\"");
    insert(store, &stored).await;
    let reader = store.reader();
    let found = cloud_integration::find(reader, Cloud::Aws, &stored.id).await;
    assert_eq!(found.unwrap(), Some(stored.clone()));

    stored.name = "other".into();
    stored.space = SpaceId::new("legacy");
    stored.labels = vec!["autoattach:prod".into(), "".into()];
    stored.autoattach_enabled = true;
    stored.role = Role {
        arn: RoleArn::parse("arn:aws-cn:iam::1:role/writer").unwrap(),
        duration: SessionDuration::new(43_200).unwrap(),
        region: Some(Region::parse("cn-north-1").unwrap()),
        assumed_by: AssumedBy::Worker {
            custom_external_id: Some("mine".into()),
        },
        tag_sessions: true,
    };
    let tx = store.begin().await.unwrap();
    cloud_integration::update(&tx, &stored, 2).await.unwrap();
    tx.commit().await.unwrap();
    let found = cloud_integration::find_by_name(reader, Cloud::Aws, "other").await;
    assert_eq!(found.unwrap(), Some(stored.clone()));
    let other_case = cloud_integration::find_by_name(reader, Cloud::Aws, "Other").await;
    assert_eq!(other_case.unwrap(), None);
    let other_cloud = cloud_integration::find(reader, Cloud::Azure, &stored.id).await;
    assert_eq!(other_cloud.unwrap(), None);

    let tx = store.begin().await.unwrap();
    cloud_integration::delete(&tx, &stored.id).await.unwrap();
    tx.commit().await.unwrap();
    let listed = cloud_integration::list(reader, Cloud::Aws).await.unwrap();
    assert_eq!(listed, []);
}

async fn a_name_is_taken_once_per_cloud(store: &Store) {
    with_spaces(store).await;
    insert(store, &sample("one", "prod")).await;
    insert(store, &sample("two", "staging")).await;
    let tx = store.begin().await.unwrap();
    let same = cloud_integration::insert(&tx, Cloud::Aws, &sample("three", "prod"), 1).await;
    assert!(matches!(same, Err(StoreError::Duplicate(_))), "{same:?}");
    drop(tx);
    let tx = store.begin().await.unwrap();
    let same = cloud_integration::update(&tx, &sample("two", "prod"), 1).await;
    assert!(matches!(same, Err(StoreError::Duplicate(_))), "{same:?}");
    drop(tx);
    let tx = store.begin().await.unwrap();
    cloud_integration::insert(&tx, Cloud::Azure, &sample("three", "prod"), 1)
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

async fn only_those_that_may_attach_themselves_are_listed_for_it(store: &Store) {
    with_spaces(store).await;
    let itself = Integration {
        autoattach_enabled: true,
        ..sample("two", "itself")
    };
    insert(store, &sample("one", "by hand")).await;
    insert(store, &itself).await;
    let found = cloud_integration::list_autoattach(store.reader(), Cloud::Aws).await;
    assert_eq!(found.unwrap(), [itself]);
}
