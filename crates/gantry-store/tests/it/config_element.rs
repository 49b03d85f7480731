use gantry_core::config_element::{ConfigKind, ConfigOwner};
use gantry_core::ids::StackId;
use gantry_store::config_element::{self, Amount, ConfigElement};
use gantry_store::{Store, data_key};

use crate::databases::{self, with_spaces};
use crate::stack::{insert, sample};

on_both_databases!(
    elements_come_back_by_name,
    a_second_one_of_the_same_name_replaces_the_first,
    elements_of_two_stacks_are_apart,
);

fn of_stack(stack: &str) -> ConfigOwner {
    ConfigOwner::Stack(StackId::new(stack))
}

fn element(stack: &str, name: &str, sealed: &[u8]) -> ConfigElement {
    ConfigElement {
        owner: of_stack(stack),
        name: name.into(),
        kind: ConfigKind::EnvironmentVariable,
        description: None,
        write_only: true,
        key_id: "key".into(),
        sealed: sealed.to_vec(),
        created_at: 4,
    }
}

/// Stores an element, and the data key that it names if that is not there yet.
pub async fn put(store: &Store, stack: &str, name: &str, sealed: &[u8]) {
    put_element(store, &element(stack, name, sealed)).await;
}

async fn put_element(store: &Store, element: &ConfigElement) {
    let keys = data_key::list(store.reader()).await.unwrap();
    let tx = store.begin().await.unwrap();
    if keys.is_empty() {
        databases::data_key(&tx, "key").await;
    }
    config_element::put(&tx, element).await.unwrap();
    tx.commit().await.unwrap();
}

async fn names(store: &Store, stack: &str) -> Vec<String> {
    config_element::list(store.reader(), &of_stack(stack))
        .await
        .unwrap()
        .into_iter()
        .map(|element| element.name)
        .collect()
}

async fn elements_come_back_by_name(store: &Store) {
    with_spaces(store).await;
    insert(store, &sample("one", 1)).await;
    let id = of_stack("one");
    put(store, "one", "B", b"\0\xffbb").await;
    put(store, "one", "A", b"a").await;
    assert_eq!(names(store, "one").await, ["A", "B"]);
    let found = config_element::find(store.reader(), &id, "B")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.sealed, b"\0\xffbb");
    assert!(found.write_only);
    let reader = store.reader();
    for (kind, except, elements, bytes) in [
        (ConfigKind::EnvironmentVariable, "", 2, 5),
        (ConfigKind::EnvironmentVariable, "B", 1, 1),
        (ConfigKind::FileMount, "", 0, 0),
    ] {
        let amount = config_element::amount(reader, &id, kind, except).await;
        assert_eq!(amount.unwrap(), Amount { elements, bytes });
    }
    let lower = config_element::find(reader, &id, "b").await.unwrap();
    assert!(lower.is_none());
}

async fn a_second_one_of_the_same_name_replaces_the_first(store: &Store) {
    with_spaces(store).await;
    insert(store, &sample("one", 1)).await;
    put(store, "one", "A", b"first").await;
    let second = ConfigElement {
        write_only: false,
        description: Some("why".into()),
        created_at: 9,
        ..element("one", "A", b"second")
    };
    put_element(store, &second).await;
    let found = config_element::list(store.reader(), &second.owner)
        .await
        .unwrap();
    assert_eq!(format!("{found:?}"), format!("{:?}", [second]));
}

async fn elements_of_two_stacks_are_apart(store: &Store) {
    with_spaces(store).await;
    insert(store, &sample("one", 1)).await;
    insert(store, &sample("two", 2)).await;
    put(store, "one", "A", b"1").await;
    put(store, "two", "A", b"2").await;
    let tx = store.begin().await.unwrap();
    let one = of_stack("one");
    assert!(config_element::delete(&tx, &one, "A").await.unwrap());
    assert!(!config_element::delete(&tx, &one, "A").await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(names(store, "one").await, Vec::<String>::new());
    assert_eq!(names(store, "two").await, ["A"]);
}
