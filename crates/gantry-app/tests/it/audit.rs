//! The audit trail: one event for each thing done, none for what was refused.

use gantry_app::api_key::ApiKeyDraft;
use gantry_app::audit::Period;
use gantry_app::search::{Constraint, Order, Predicate, Search};
use gantry_app::{OpError, Subject};
use gantry_core::audit::AuditEvent;

use gantry_core::run::RunKind;
use serde_json::json;

use crate::world::{NOW, World, outsider, person};

on_both_databases!(
    each_deed_leaves_one_event_and_a_refusal_none,
    a_forced_unlock_says_whose_lock_it_was,
    events_are_found_by_predicates_periods_and_pages,
    the_trail_is_for_administrators,
    a_deleted_stack_keeps_its_events,
);

async fn each_deed_leaves_one_event_and_a_refusal_none(world: &World) {
    let (app, admin) = (&world.app, &world.admin);
    let id = world.stack("Infra").await;
    let run = world.trigger(&id, RunKind::Tracked).await;
    app.run_prioritize_set(admin, &id, &run, true)
        .await
        .unwrap();
    app.run_confirm(admin, &id, &run).await.unwrap_err();
    app.run_cancel(admin, &id, &run).await.unwrap();
    app.stack_lock(admin, &id, Some("mine".into()))
        .await
        .unwrap();
    let ada = person("Ada", "01ADA");
    app.stack_lock(&ada, &id, None).await.unwrap_err();
    app.stack_unlock(admin, &id).await.unwrap();
    // There is nothing to unlock any more.
    app.stack_unlock(admin, &id).await.unwrap();
    app.stack_set_disabled(admin, &id, true).await.unwrap();
    let mut draft = world.draft("Infra");
    draft.labels = vec!["new".into()];
    draft.autodeploy = true;
    app.stack_update(admin, &id, draft).await.unwrap();
    let key = app
        .api_key_create(admin, ApiKeyDraft::admin("ci"))
        .await
        .unwrap();
    app.api_key_delete(admin, &key.key.id).await.unwrap();

    let events = all(world, admin).await;
    let actions: Vec<&str> = events.iter().map(|event| event.action.as_str()).collect();
    assert_eq!(
        actions,
        [
            "stack.create",
            "run.trigger",
            "run.prioritize",
            "run.cancel",
            "stack.lock",
            "stack.unlock",
            "stack.disable",
            "stack.update",
            "api_key.create",
            "api_key.delete",
        ]
    );
    for event in &events {
        assert_eq!((event.actor.name.as_str(), event.at), ("admin", NOW));
        let of_stack = !event.action.starts_with("api_key");
        assert_eq!(event.stack.is_some(), of_stack, "{}", event.action);
        assert_eq!(event.space.is_some(), of_stack, "{}", event.action);
    }
    assert_eq!(events[3].run.as_ref(), Some(&run));
    assert_eq!(events[3].details["stateBefore"], "READY");
    assert_eq!(events[4].details["note"], "mine");
    assert_eq!(
        events[7].details["changed"],
        json!(["labels", "autodeploy"])
    );
}

async fn a_forced_unlock_says_whose_lock_it_was(world: &World) {
    let id = world.stack("Infra").await;
    let ada = person("Ada", "01ADA");
    let note = Some("until Monday".to_owned());
    world.app.stack_lock(&ada, &id, note).await.unwrap();
    world.app.stack_unlock(&world.admin, &id).await.unwrap();
    let events = all(world, &world.admin).await;
    let unlock = events.last().unwrap();
    assert_eq!(unlock.action, "stack.unlock");
    assert_eq!(unlock.actor.name, "admin");
    assert_eq!(unlock.details["forced"], true);
    assert_eq!(unlock.details["holderName"], "Ada");
    assert_eq!(unlock.details["note"], "until Monday");
}

async fn events_are_found_by_predicates_periods_and_pages(world: &World) {
    let (app, admin) = (&world.app, &world.admin);
    let first = world.stack("First").await;
    let second = world.stack("Second").await;
    for _ in 0..3 {
        world.clock.advance(1000);
        app.stack_lock(admin, &first, None).await.unwrap();
    }
    app.stack_lock(admin, &second, None).await.unwrap();

    let of = |field: &str, value: &str, exclude: bool| Predicate {
        field: field.into(),
        constraint: Constraint::Strings(vec![value.into()]),
        exclude,
    };
    let search = |predicates: Vec<Predicate>| Search {
        predicates,
        ..Search::default()
    };
    let count = async |period: Period, search: Search| {
        let page = app.audit_search(admin, period, &search).await.unwrap();
        page.items.len()
    };
    let any = Period::default();
    assert_eq!(
        count(any, search(vec![of("stack", "first", false)])).await,
        4
    );
    assert_eq!(
        count(any, search(vec![of("stack", "first", true)])).await,
        2
    );
    assert_eq!(
        count(any, search(vec![of("action", "stack.lock", false)])).await,
        4
    );
    assert_eq!(
        count(any, search(vec![of("actor", "admin", false)])).await,
        6
    );
    assert_eq!(
        count(any, search(vec![of("actor", "nobody", false)])).await,
        0
    );
    let period = Period {
        from: Some(NOW / 1000 + 1),
        until: Some(NOW / 1000 + 3),
    };
    assert_eq!(count(period, search(vec![])).await, 2);

    // Page by page, oldest first: every event once, in order.
    let mut seen = vec![];
    let mut after = None;
    loop {
        let wanted = Search {
            first: Some(4),
            after: after.take(),
            order: Some(Order {
                field: "at".into(),
                descending: false,
            }),
            ..Search::default()
        };
        let page = app.audit_search(admin, any, &wanted).await.unwrap();
        seen.extend(page.items);
        if !page.has_next {
            break;
        }
        after = Some(page.end_cursor);
    }
    assert_eq!(seen.len(), 6);
    assert!(seen.is_sorted_by_key(|event| (event.at, event.id.clone())));

    let refused = app
        .audit_search(admin, any, &search(vec![of("colour", "red", false)]))
        .await;
    assert!(refused.unwrap_err().to_string().contains("colour"));
}

async fn the_trail_is_for_administrators(world: &World) {
    world.stack("Infra").await;
    let nobody = outsider();
    let refused = world
        .app
        .audit_search(&nobody, Period::default(), &Search::default())
        .await;
    assert!(matches!(refused, Err(OpError::Forbidden(_))));
}

async fn a_deleted_stack_keeps_its_events(world: &World) {
    let id = world.stack("Infra").await;
    world
        .app
        .stack_delete(&world.admin, &id, false)
        .await
        .unwrap();
    world.app.settle().await;
    let events = all(world, &world.admin).await;
    let actions: Vec<&str> = events.iter().map(|event| event.action.as_str()).collect();
    assert_eq!(actions, ["stack.create", "stack.delete", "stack.gone"]);
    assert_eq!(events[2].actor.name, "gantry");
}

/// Every event, oldest first.
async fn all(world: &World, subject: &Subject) -> Vec<AuditEvent> {
    let page = world
        .app
        .audit_search(subject, Period::default(), &Search::default())
        .await
        .unwrap();
    let mut events = page.items;
    events.reverse();
    events
}
