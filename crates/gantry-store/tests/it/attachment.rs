use gantry_core::credentials::attachment::{Attachment, Serves};
use gantry_core::credentials::cloud::Cloud;
use gantry_core::ids::{AttachmentId, IntegrationId, StackId};
use gantry_store::{Store, StoreError, attachment, cloud_integration, stack as stacks};

use crate::cloud_integration as integrations;
use crate::databases::with_spaces;
use crate::stack;

on_both_databases!(
    attachments_come_back_with_their_integration,
    a_slot_is_taken_once,
    an_attached_integration_stays,
    a_deleted_stack_takes_its_attachments_along,
    of_two_that_write_at_once_one_is_refused,
);

/// Two stacks, `one` and `two`, and three integrations, `a`, `b` and `c`.
pub async fn with_all(store: &Store) {
    with_spaces(store).await;
    for id in ["one", "two"] {
        stack::insert(store, &stack::sample(id, 1)).await;
    }
    for id in ["a", "b", "c"] {
        integrations::insert(store, &integrations::sample(id, &format!("name {id}"))).await;
    }
}

pub fn attached(id: &str, integration: &str, stack: &str, serves: Serves) -> Attachment {
    Attachment {
        id: AttachmentId::new(id),
        integration: IntegrationId::new(integration),
        integration_name: format!("name {integration}"),
        stack: StackId::new(stack),
        serves,
    }
}

pub async fn insert(store: &Store, attachment: &Attachment, now: i64) -> Result<(), StoreError> {
    let tx = store.begin().await?;
    attachment::insert(&tx, Cloud::Aws, attachment, now).await?;
    tx.commit().await
}

async fn attachments_come_back_with_their_integration(store: &Store) {
    with_all(store).await;
    let write = attached("w", "b", "one", Serves::Write);
    let read = attached("r", "a", "one", Serves::Read);
    let both = attached("x", "a", "two", Serves::Both);
    insert(store, &write, 1).await.unwrap();
    insert(store, &read, 2).await.unwrap();
    insert(store, &both, 3).await.unwrap();

    let reader = store.reader();
    let of_stack = attachment::of_stack(reader, Cloud::Aws, &StackId::new("one")).await;
    let of_stack = of_stack.unwrap();
    let found: Vec<_> = of_stack.iter().map(|a| a.attachment.clone()).collect();
    assert_eq!(found, [write.clone(), read.clone()]);
    assert_eq!(of_stack[0].integration, integrations::sample("b", "name b"));
    let of_integration = attachment::of_integration(reader, Cloud::Aws, &read.integration).await;
    assert_eq!(of_integration.unwrap(), [read.clone(), both]);
    let elsewhere = attachment::of_stack(reader, Cloud::Azure, &StackId::new("one")).await;
    assert_eq!(elsewhere.unwrap(), []);

    let tx = store.begin().await.unwrap();
    assert!(attachment::delete(&tx, &write.id).await.unwrap());
    assert!(!attachment::delete(&tx, &write.id).await.unwrap());
    attachment::update(&tx, &read.id, Serves::Both)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let found = attachment::find(reader, Cloud::Aws, &read.id)
        .await
        .unwrap();
    assert_eq!(found.unwrap().attachment.serves, Serves::Both);
    let gone = attachment::find(reader, Cloud::Aws, &write.id).await;
    assert_eq!(gone.unwrap(), None);
}

async fn a_slot_is_taken_once(store: &Store) {
    with_all(store).await;
    insert(store, &attached("r", "a", "one", Serves::Read), 1)
        .await
        .unwrap();
    for second in [
        attached("n", "b", "one", Serves::Read),
        attached("n", "b", "one", Serves::Both),
        attached("n", "a", "one", Serves::Write),
    ] {
        let refused = insert(store, &second, 2).await;
        assert!(
            matches!(refused, Err(StoreError::Duplicate(_))),
            "{second:?}: {refused:?}"
        );
    }
    insert(store, &attached("w", "b", "one", Serves::Write), 2)
        .await
        .unwrap();
    let tx = store.begin().await.unwrap();
    let refused = attachment::update(&tx, &AttachmentId::new("w"), Serves::Both).await;
    assert!(matches!(refused, Err(StoreError::Duplicate(_))));
}

async fn an_attached_integration_stays(store: &Store) {
    with_all(store).await;
    insert(store, &attached("r", "a", "one", Serves::Read), 1)
        .await
        .unwrap();
    let tx = store.begin().await.unwrap();
    let refused = cloud_integration::delete(&tx, &IntegrationId::new("a")).await;
    assert!(
        matches!(refused, Err(StoreError::Referenced)),
        "{refused:?}"
    );
    drop(tx);
    let missing = attached("n", "gone", "one", Serves::Write);
    let refused = insert(store, &missing, 1).await;
    assert!(
        matches!(refused, Err(StoreError::Referenced)),
        "{refused:?}"
    );
}

async fn a_deleted_stack_takes_its_attachments_along(store: &Store) {
    with_all(store).await;
    insert(store, &attached("r", "a", "one", Serves::Read), 1)
        .await
        .unwrap();
    let tx = store.begin().await.unwrap();
    stacks::delete(&tx, &StackId::new("one")).await.unwrap();
    tx.commit().await.unwrap();
    let integration = IntegrationId::new("a");
    let left = attachment::of_integration(store.reader(), Cloud::Aws, &integration).await;
    assert_eq!(left.unwrap(), []);
}

async fn of_two_that_write_at_once_one_is_refused(store: &Store) {
    with_all(store).await;
    let (a, b) = (
        attached("x", "a", "one", Serves::Read),
        attached("y", "b", "one", Serves::Read),
    );
    let outcomes = tokio::join!(insert(store, &a, 1), insert(store, &b, 1));
    let refused = [outcomes.0, outcomes.1].into_iter().filter(Result::is_err);
    assert_eq!(refused.count(), 1);
}
