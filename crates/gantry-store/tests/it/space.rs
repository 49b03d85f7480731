use gantry_core::ids::SpaceId;
use gantry_core::space::Space;
use gantry_store::{Store, StoreError, space};

use crate::databases::with_spaces;

on_both_databases!(
    spaces_come_back_as_they_were_stored,
    a_space_needs_an_existing_parent_and_an_id_of_its_own
);

async fn spaces_come_back_as_they_were_stored(store: &Store) {
    with_spaces(store).await;
    let spaces = space::list(store.reader()).await.unwrap();
    let ids: Vec<&str> = spaces.iter().map(|space| space.id.as_str()).collect();
    assert_eq!(ids, ["root", "legacy"]);
    let legacy = space::find(store.reader(), &SpaceId::new("legacy"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(legacy.parent, Some(SpaceId::new("root")));
    assert_eq!(legacy.labels, ["a"]);
    assert!(legacy.inherit_entities);
    let other = space::find(store.reader(), &SpaceId::new("Legacy")).await;
    assert_eq!(other.unwrap(), None);
}

async fn a_space_needs_an_existing_parent_and_an_id_of_its_own(store: &Store) {
    with_spaces(store).await;
    let mut space = Space {
        id: SpaceId::new("team"),
        name: "team".into(),
        description: String::new(),
        parent: Some(SpaceId::new("nowhere")),
        inherit_entities: false,
        labels: vec![],
    };
    let tx = store.begin().await.unwrap();
    let refused = space::insert(&tx, &space, 3).await.unwrap_err();
    assert!(matches!(refused, StoreError::Referenced), "{refused:?}");
    drop(tx);
    space.parent = Some(SpaceId::new("root"));
    space.id = SpaceId::new("legacy");
    let tx = store.begin().await.unwrap();
    let refused = space::insert(&tx, &space, 3).await.unwrap_err();
    assert!(matches!(refused, StoreError::Duplicate(_)), "{refused:?}");
}
