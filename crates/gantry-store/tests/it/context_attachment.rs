use gantry_core::ids::{ContextAttachmentId, ContextId, StackId};
use gantry_store::{Store, StoreError, context_attachment};

use crate::context::{attach, insert, sample};
use crate::databases::with_spaces;
use crate::stack;

on_both_databases!(
    an_attachment_is_found_from_both_sides,
    a_stack_has_a_context_once,
    a_deleted_stack_takes_its_attachments_along,
);

async fn scene(store: &Store) {
    with_spaces(store).await;
    for (id, at) in [("s", 1), ("t", 2)] {
        stack::insert(store, &stack::sample(id, at)).await;
    }
    for id in ["one", "two"] {
        insert(store, &sample(id, 3)).await;
    }
    for (context, id, priority) in [("one", "t", 1), ("one", "s", 2), ("two", "s", 3)] {
        attach(store, context, id, priority).await;
    }
}

async fn an_attachment_is_found_from_both_sides(store: &Store) {
    scene(store).await;
    let reader = store.reader();
    let (one, s) = (ContextId::new("one"), StackId::new("s"));
    let found = context_attachment::find_between(reader, &one, &s).await;
    let found = found.unwrap().unwrap();
    assert_eq!((found.id.as_str(), found.priority), ("one-s", 2));
    assert_eq!(found.stack_space.as_str(), "legacy");
    let same = context_attachment::find(reader, &found.id).await.unwrap();
    assert_eq!(same, Some(found));
    let of = |ids: &[&str]| ids.iter().map(|id| ContextId::new(*id)).collect::<Vec<_>>();
    for (contexts, expected) in [
        (&["one"][..], &["one-s", "one-t"][..]),
        (&["one", "two"], &["one-s", "two-s", "one-t"]),
        (&[], &[]),
    ] {
        let found = context_attachment::of_contexts(reader, &of(contexts)).await;
        let ids: Vec<String> = found
            .unwrap()
            .into_iter()
            .map(|attachment| attachment.id.into_string())
            .collect();
        assert_eq!(ids, expected);
    }
    let stacks = context_attachment::labelled_stacks(reader).await.unwrap();
    let ids: Vec<&str> = stacks.iter().map(|stack| stack.id.as_str()).collect();
    assert_eq!(ids, ["s", "t"]);

    let id = ContextAttachmentId::new("one-s");
    let tx = store.begin().await.unwrap();
    assert!(context_attachment::delete(&tx, &id).await.unwrap());
    assert!(!context_attachment::delete(&tx, &id).await.unwrap());
    tx.commit().await.unwrap();
    let gone = context_attachment::find(reader, &id).await.unwrap();
    assert_eq!(gone, None);
}

async fn a_stack_has_a_context_once(store: &Store) {
    scene(store).await;
    let again = async |context: &str, stack: &str| {
        let tx = store.begin().await.unwrap();
        let id = ContextAttachmentId::new("another");
        let (context, stack) = (ContextId::new(context), StackId::new(stack));
        let tried = context_attachment::insert(&tx, &id, &context, &stack, 0, 1).await;
        tx.rollback().await.unwrap();
        tried
    };
    let twice = again("one", "s").await;
    assert!(matches!(twice, Err(StoreError::Duplicate(_))), "{twice:?}");
    let gone = again("gone", "s").await;
    assert!(matches!(gone, Err(StoreError::Referenced)), "{gone:?}");
}

async fn a_deleted_stack_takes_its_attachments_along(store: &Store) {
    scene(store).await;
    let tx = store.begin().await.unwrap();
    gantry_store::stack::delete(&tx, &StackId::new("s"))
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let contexts = [ContextId::new("one"), ContextId::new("two")];
    let left = context_attachment::of_contexts(store.reader(), &contexts).await;
    assert_eq!(left.unwrap().len(), 1);
}
