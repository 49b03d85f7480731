use gantry_core::config_element::{ConfigKind, ConfigOwner};
use gantry_core::context::{AttachedBy, Context};
use gantry_core::hooks::Hooks;
use gantry_core::ids::{ContextAttachmentId, ContextId, SpaceId, StackId};
use gantry_store::config_element::{self, ConfigElement};
use gantry_store::context::search::{Condition, OrderBy, Predicate, Search, place_of, search};
use gantry_store::{Store, StoreError, context, context_attachment};

use crate::databases::{data_key, with_spaces};
use crate::stack;

on_both_databases!(
    a_context_is_stored_changed_and_deleted,
    a_stack_has_what_is_attached_and_what_labels_may_attach,
    elements_of_stack_and_contexts_come_together,
    contexts_are_found_page_by_page,
);

pub fn sample(id: &str, created_at: i64) -> Context {
    Context {
        id: ContextId::new(id),
        name: id.to_uppercase(),
        description: None,
        space: SpaceId::new("legacy"),
        labels: vec![],
        hooks: Hooks::default(),
        created_at,
        updated_at: created_at,
    }
}

pub async fn insert(store: &Store, context: &Context) {
    let tx = store.begin().await.unwrap();
    context::insert(&tx, context).await.unwrap();
    tx.commit().await.unwrap();
}

pub async fn attach(store: &Store, context: &str, stack: &str, priority: i64) {
    let tx = store.begin().await.unwrap();
    context_attachment::insert(
        &tx,
        &ContextAttachmentId::new(format!("{context}-{stack}")),
        &ContextId::new(context),
        &StackId::new(stack),
        priority,
        9,
    )
    .await
    .unwrap();
    tx.commit().await.unwrap();
}

async fn a_context_is_stored_changed_and_deleted(store: &Store) {
    with_spaces(store).await;
    let mut made = Context {
        description: Some("what for".into()),
        labels: vec!["a".into(), "autoattach:x".into()],
        hooks: Hooks {
            before_plan: vec!["echo \"hello\"".into()],
            after_run: vec!["true".into()],
            ..Hooks::default()
        },
        ..sample("one", 5)
    };
    insert(store, &made).await;
    let found = context::find(store.reader(), &made.id).await.unwrap();
    assert_eq!(found.as_ref(), Some(&made));
    let tx = store.begin().await.unwrap();
    let again = context::insert(&tx, &made).await;
    assert!(matches!(again, Err(StoreError::Duplicate(_))));
    tx.rollback().await.unwrap();

    made = Context {
        name: "Other".into(),
        description: None,
        space: SpaceId::new("root"),
        labels: vec![],
        hooks: Hooks::default(),
        updated_at: 8,
        ..made
    };
    let tx = store.begin().await.unwrap();
    context::update(&tx, &made).await.unwrap();
    let found = context::find_for_update(&tx, &made.id).await.unwrap();
    assert_eq!(found.as_ref(), Some(&made));
    tx.commit().await.unwrap();

    stack::insert(store, &stack::sample("s", 1)).await;
    attach(store, "one", "s", 3).await;
    let tx = store.begin().await.unwrap();
    context::delete(&tx, &made.id).await.unwrap();
    tx.commit().await.unwrap();
    let found = context::find(store.reader(), &made.id).await.unwrap();
    assert_eq!(found, None);
    let left = context::of_stacks(store.reader(), &[&StackId::new("s")]).await;
    assert_eq!(left.unwrap(), []);
}

async fn a_stack_has_what_is_attached_and_what_labels_may_attach(store: &Store) {
    with_spaces(store).await;
    for (id, at) in [("s", 1), ("t", 2)] {
        stack::insert(store, &stack::sample(id, at)).await;
    }
    for id in ["attached", "elsewhere", "nowhere"] {
        insert(store, &sample(id, 3)).await;
    }
    let by_label = |id| Context {
        labels: vec!["autoattach:x".into()],
        ..sample(id, 4)
    };
    insert(store, &by_label("labelled")).await;
    insert(store, &by_label("both")).await;
    attach(store, "attached", "s", -2).await;
    attach(store, "both", "s", 7).await;
    attach(store, "elsewhere", "t", 0).await;
    let stack = StackId::new("s");
    let found = context::of_stacks(store.reader(), &[&stack]).await.unwrap();
    let mut shown: Vec<_> = found
        .iter()
        .map(|(stack, attached)| {
            let priority = match attached.by {
                AttachedBy::Person { priority, .. } => Some(priority),
                AttachedBy::Label => None,
            };
            let stack = stack.as_ref().map(|stack| stack.as_str());
            (attached.context.id.as_str(), stack, priority)
        })
        .collect();
    shown.sort();
    assert_eq!(
        shown,
        [
            ("attached", Some("s"), Some(-2)),
            ("both", None, None),
            ("both", Some("s"), Some(7)),
            ("labelled", None, None),
        ]
    );
}

fn element(owner: ConfigOwner, name: &str) -> ConfigElement {
    ConfigElement {
        owner,
        name: name.into(),
        kind: ConfigKind::FileMount,
        description: None,
        write_only: false,
        key_id: "key".into(),
        sealed: b"12345".to_vec(),
        created_at: 4,
    }
}

async fn elements_of_stack_and_contexts_come_together(store: &Store) {
    with_spaces(store).await;
    stack::insert(store, &stack::sample("s", 1)).await;
    for id in ["one", "two", "three"] {
        insert(store, &sample(id, 3)).await;
    }
    let own = ConfigOwner::Stack(StackId::new("s"));
    let of = |id: &str| ConfigOwner::Context(ContextId::new(id));
    let tx = store.begin().await.unwrap();
    data_key(&tx, "key").await;
    for element in [
        element(own.clone(), "b"),
        element(of("one"), "a"),
        element(of("one"), "b"),
        element(of("two"), "c"),
        element(of("three"), "d"),
        // Of the same name: replaced.
        element(of("one"), "b"),
    ] {
        config_element::put(&tx, &element).await.unwrap();
    }
    tx.commit().await.unwrap();
    let reader = store.reader();
    let (one, two) = (ContextId::new("one"), ContextId::new("two"));
    let stack = StackId::new("s");
    let together = config_element::list_together(reader, &[&stack], &[&one, &two]).await;
    let mut names: Vec<_> = together
        .unwrap()
        .into_iter()
        .map(|element| (element.name, element.owner.to_string()))
        .collect();
    names.sort();
    let expected = [
        ("a", "the context `one`"),
        ("b", "the context `one`"),
        ("b", "the stack `s`"),
        ("c", "the context `two`"),
    ];
    assert_eq!(names, expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
    let alone = config_element::list_together(reader, &[&stack], &[]).await;
    assert_eq!(alone.unwrap().len(), 1);
    let none = config_element::list_of_contexts(reader, &[]).await.unwrap();
    assert!(none.is_empty());
    let kind = ConfigKind::FileMount;
    let amount = config_element::amount(reader, &of("one"), kind, "a").await;
    assert_eq!(amount.unwrap().bytes, 5);

    let tx = store.begin().await.unwrap();
    assert!(config_element::delete(&tx, &of("one"), "b").await.unwrap());
    assert!(!config_element::delete(&tx, &of("one"), "b").await.unwrap());
    context::delete(&tx, &two).await.unwrap();
    tx.commit().await.unwrap();
    let left = config_element::list(reader, &of("one")).await.unwrap();
    assert_eq!(left.len(), 1);
    let gone = config_element::list(reader, &of("two")).await.unwrap();
    assert!(gone.is_empty());
    let own = config_element::find(reader, &own, "b").await.unwrap();
    assert!(own.is_some());
}

async fn contexts_are_found_page_by_page(store: &Store) {
    with_spaces(store).await;
    for (id, at, label, space) in [
        ("c1", 1, "prod", "legacy"),
        ("c2", 1, "dev", "root"),
        ("c3", 5, "x\"prod\"y", "legacy"),
    ] {
        let context = Context {
            labels: vec![label.into()],
            space: SpaceId::new(space),
            ..sample(id, at)
        };
        insert(store, &context).await;
    }
    let everything = Search {
        spaces: None,
        predicates: vec![],
        terms: vec![],
        order: OrderBy::CreatedAt,
        descending: true,
        after: None,
        limit: 2,
    };
    let ids = async |wanted: &Search| -> Vec<String> {
        let found = search(store.reader(), wanted).await.unwrap();
        found.into_iter().map(|c| c.id.into_string()).collect()
    };
    assert_eq!(ids(&everything).await, ["c3", "c2"]);
    let first = search(store.reader(), &everything).await.unwrap();
    let second = Search {
        after: Some(place_of(&first[1], OrderBy::CreatedAt)),
        ..everything.clone()
    };
    assert_eq!(ids(&second).await, ["c1"]);
    let only = |condition, exclude| Search {
        predicates: vec![Predicate { condition, exclude }],
        order: OrderBy::Name,
        descending: false,
        limit: 10,
        ..everything.clone()
    };
    let label = Condition::Label(vec!["prod".into()]);
    assert_eq!(ids(&only(label.clone(), false)).await, ["c1"]);
    assert_eq!(ids(&only(label, true)).await, ["c2", "c3"]);
    let space = Condition::Space(vec!["root".into()]);
    assert_eq!(ids(&only(space, false)).await, ["c2"]);
    let name = Condition::Name(vec!["C1".into(), "C3".into()]);
    assert_eq!(ids(&only(name, false)).await, ["c1", "c3"]);
    let seen = Search {
        spaces: Some(vec![SpaceId::new("root")]),
        ..everything.clone()
    };
    assert_eq!(ids(&seen).await, ["c2"]);
    let term = Search {
        terms: vec!["PROD".into()],
        ..everything
    };
    assert_eq!(ids(&term).await, ["c3", "c1"]);
}
