use gantry_core::credentials::attachment::Serves;
use gantry_core::credentials::cloud::Cloud;
use gantry_core::ids::{IntegrationId, SpaceId, StackId};
use gantry_core::space::{Sight, Space};
use gantry_store::space::Inhabitant;
use gantry_store::{Store, StoreError, attachment, sight, space, stack as stacks};

use crate::databases::{new_space, with_spaces};
use crate::{cloud_integration as integrations, stack};

on_both_databases!(
    spaces_come_back_as_they_were_stored,
    a_space_needs_an_existing_parent_and_an_id_of_its_own,
    siblings_have_names_of_their_own,
    whatever_lives_in_a_space_keeps_it,
    what_is_used_across_spaces_is_found,
    the_tree_is_changed_by_one_at_a_time,
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

async fn siblings_have_names_of_their_own(store: &Store) {
    let [root, legacy] = with_spaces(store).await;
    let team = new_space(store, "team", "root", true).await;
    new_space(store, "other", "root", true).await;
    let mut other = space::find(store.reader(), &SpaceId::new("other"))
        .await
        .unwrap()
        .unwrap();
    other.name = "team".into();
    let tx = store.begin().await.unwrap();
    let refused = space::update(&tx, &other).await.unwrap_err();
    assert!(matches!(refused, StoreError::Duplicate(_)), "{refused:?}");
    drop(tx);
    other.parent = Some(legacy);
    other.labels = vec!["b".into()];
    other.inherit_entities = false;
    other.description = "new".into();
    let tx = store.begin().await.unwrap();
    space::update(&tx, &other).await.unwrap();
    tx.commit().await.unwrap();
    let found = space::find(store.reader(), &other.id).await.unwrap();
    assert_eq!(found, Some(other));
    let tx = store.begin().await.unwrap();
    space::delete(&tx, &team).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(space::find(store.reader(), &team).await.unwrap(), None);
    assert!(space::find(store.reader(), &root).await.unwrap().is_some());
}

async fn whatever_lives_in_a_space_keeps_it(store: &Store) {
    let [root, legacy] = with_spaces(store).await;
    new_space(store, "team", "legacy", true).await;
    stack::insert(store, &stack::sample("infra", 1)).await;
    let mut integration = integrations::sample("a", "prod");
    integration.space = legacy.clone();
    integrations::insert(store, &integration).await;
    let inside = async |space: &SpaceId, limit: i64| {
        let inside = space::inhabitants(store.reader(), space, limit).await;
        let inside = inside.unwrap();
        let named = |Inhabitant { kind, name }| format!("{kind} {name}");
        inside.into_iter().map(named).collect::<Vec<String>>()
    };
    let all = ["integration prod", "space team", "stack infra"];
    assert_eq!(inside(&legacy, 10).await, all);
    assert_eq!(inside(&legacy, 2).await, all[..2]);
    assert_eq!(inside(&SpaceId::new("team"), 10).await, [""; 0]);
    assert_eq!(inside(&root, 10).await, ["space legacy"]);
    let tx = store.begin().await.unwrap();
    let refused = space::delete(&tx, &legacy).await;
    assert!(
        matches!(refused, Err(StoreError::Referenced)),
        "{refused:?}"
    );
}

async fn what_is_used_across_spaces_is_found(store: &Store) {
    crate::attachment::with_all(store).await;
    for (id, stack) in [("x", "one"), ("y", "two")] {
        let used = crate::attachment::attached(id, "a", stack, Serves::Both);
        crate::attachment::insert(store, &used, 1).await.unwrap();
    }
    let reader = store.reader();
    let sight = |stack: &str| Sight {
        stack: StackId::new(stack),
        from: SpaceId::new("legacy"),
        what: "the integration \"name a\"".into(),
        space: SpaceId::new("root"),
    };
    let across = sight::across_spaces(reader).await.unwrap();
    assert_eq!(across, [sight("one"), sight("two")]);
    let mut moved = stack::sample("one", 1);
    moved.settings.space = SpaceId::new("root");
    let tx = store.begin().await.unwrap();
    stacks::update_settings(&tx, &moved.id, &moved.settings, 2)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let across = sight::across_spaces(reader).await.unwrap();
    assert_eq!(across, [sight("two")]);
    let own = sight::of_stack(reader, &moved.id).await.unwrap();
    let mut expected = sight("one");
    expected.from = SpaceId::new("root");
    assert_eq!(own, [expected]);
    let of = attachment::of_integration(reader, Cloud::Aws, &IntegrationId::new("a")).await;
    assert_eq!(of.unwrap().len(), 2);
}

async fn the_tree_is_changed_by_one_at_a_time(store: &Store) {
    with_spaces(store).await;
    new_space(store, "team", "root", true).await;
    let flip = async || {
        let tx = store.begin().await.unwrap();
        space::hold_for_change(&tx).await.unwrap();
        let found = space::find(tx.reader(), &SpaceId::new("team")).await;
        let mut found = found.unwrap().unwrap();
        found.description.push('x');
        tokio::task::yield_now().await;
        space::update(&tx, &found).await.unwrap();
        tx.commit().await.unwrap();
    };
    tokio::join!(flip(), flip(), flip(), flip());
    let found = space::find(store.reader(), &SpaceId::new("team")).await;
    assert_eq!(found.unwrap().unwrap().description, "xxxx");
}
