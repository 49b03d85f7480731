use gantry_app::OpError;
use gantry_app::space::SpaceDraft;
use gantry_app::worker_pool::PoolQueue;
use gantry_core::authz::Role;
use gantry_core::run::RunKind;

use super::in_space;
use crate::world::World;

on_both_databases!(
    a_stack_gets_a_pool_and_gives_it_back,
    a_pool_out_of_sight_is_refused,
    nothing_moves_where_a_stack_would_lose_its_pool,
    a_pool_with_stacks_is_not_deleted,
    an_own_worker_leaves_stacks_with_a_pool_alone,
    the_queue_of_a_pool_keeps_places_of_what_is_not_seen,
);

async fn a_stack_gets_a_pool_and_gives_it_back(world: &World) {
    let (app, admin) = (&world.app, &world.admin);
    let pool = world.pool("builders").await;
    let stack = world.stack_on("Infra", &pool).await;
    let read = world.read_stack(&stack).await;
    assert_eq!(read.settings.worker_pool, Some(pool));
    let changed = app.stack_update(admin, &stack, world.draft("Infra")).await;
    assert_eq!(changed.unwrap().settings.worker_pool, None);
    let read = world.read_stack(&stack).await;
    assert_eq!(read.settings.worker_pool, None);
    let mut draft = world.draft("Infra");
    draft.worker_pool = Some("01NOBODY".into());
    let refused = app.stack_update(admin, &stack, draft.clone()).await;
    let text = refused.unwrap_err().to_string();
    assert!(
        text.contains("workerPool `01NOBODY`: there is no such"),
        "{text}"
    );
    draft.name = "Other".into();
    let made = app.stack_create(admin, draft, None, false, None).await;
    assert!(matches!(made, Err(OpError::Invalid(_))));
}

async fn a_pool_out_of_sight_is_refused(world: &World) {
    let beside = world.space("Beside", "root", true).await;
    let pool = world
        .pool_of(in_space("builders", beside.as_str()))
        .await
        .id;
    let mut draft = world.draft("Infra");
    draft.worker_pool = Some(pool.to_string());
    let made = world
        .app
        .stack_create(&world.admin, draft.clone(), None, false, None);
    let text = made.await.unwrap_err().to_string();
    assert!(
        text.contains("is not visible from the space `legacy`"),
        "{text}"
    );
    // Who doesn't see it either doesn't hear of it.
    let (admin, _) = world.key(&[("legacy", Role::Admin)]).await;
    let made = world.app.stack_create(&admin, draft, None, false, None);
    let text = made.await.unwrap_err().to_string();
    assert!(text.contains("there is no such worker pool"), "{text}");
    assert!(!text.contains("builders"), "{text}");
}

async fn nothing_moves_where_a_stack_would_lose_its_pool(world: &World) {
    let (app, admin) = (&world.app, &world.admin);
    let above = world.space("Above", "root", true).await;
    let below = world.space("Below", above.as_str(), true).await;
    let pool = world.pool_of(in_space("builders", above.as_str())).await.id;
    let mut draft = world.draft("Infra");
    draft.space = Some(below.to_string());
    draft.worker_pool = Some(pool.to_string());
    let stack = world.stack_of(draft.clone()).await;

    draft.space = Some("root".into());
    let moved = app.stack_update(admin, &stack, draft.clone()).await;
    let text = moved.unwrap_err().to_string();
    assert!(
        text.contains("the worker pool \"builders\" lives in the space"),
        "{text}"
    );
    let moved = app.worker_pool_update(admin, &pool, in_space("builders", "legacy"));
    let text = moved.await.unwrap_err().to_string();
    assert!(text.contains("the stack infra would not see it"), "{text}");
    let blind = SpaceDraft {
        name: "Below".into(),
        description: String::new(),
        inherit_entities: false,
        parent: above.to_string(),
        labels: vec![],
    };
    let text = app.space_update(admin, &below, &blind).await.unwrap_err();
    let text = text.to_string();
    assert!(text.contains("the worker pool \"builders\""), "{text}");

    // Stack and pool may go separate ways at once.
    draft.worker_pool = None;
    let moved = app.stack_update(admin, &stack, draft).await.unwrap();
    assert_eq!(moved.settings.space.as_str(), "root");
    let moved = app.worker_pool_update(admin, &pool, in_space("builders", "legacy"));
    moved.await.unwrap();
}

async fn a_pool_with_stacks_is_not_deleted(world: &World) {
    let (app, admin) = (&world.app, &world.admin);
    let pool = world.pool("builders").await;
    for n in 0..12 {
        world.stack_on(&format!("Stack {n:02}"), &pool).await;
    }
    let refused = app.worker_pool_delete(admin, &pool).await;
    let text = refused.unwrap_err().to_string();
    assert!(text.contains("the stacks stack-00, stack-01,"), "{text}");
    assert!(text.contains("and 2 more"), "{text}");
    assert!(app.worker_pool(admin, &pool).await.unwrap().is_some());
}

async fn an_own_worker_leaves_stacks_with_a_pool_alone(world: &World) {
    let pool = world.pool("builders").await;
    let stack = world.stack_on("Infra", &pool).await;
    let worker = world.worker().await;
    let run = world.trigger(&stack, RunKind::Tracked).await;
    assert!(worker.claim().await.is_none());
    let said = world.app.waiting_for(std::slice::from_ref(&run)).await;
    let said = said.unwrap().remove(&run).unwrap();
    assert!(
        said.starts_with("no worker of the pool `builders` is there"),
        "{said}"
    );
    // It follows the stack's pool of this moment.
    let draft = world.draft("Infra");
    let changed = world.app.stack_update(&world.admin, &stack, draft).await;
    changed.unwrap();
    assert_eq!(worker.claim().await.unwrap().run, run);
}

async fn the_queue_of_a_pool_keeps_places_of_what_is_not_seen(world: &World) {
    let (app, admin) = (&world.app, &world.admin);
    let pool = world.pool_of(in_space("builders", "root")).await.id;
    let mut draft = world.draft("Hidden");
    draft.space = Some("root".into());
    draft.worker_pool = Some(pool.to_string());
    let hidden = world.stack_of(draft).await;
    let seen = world.stack_on("Seen", &pool).await;
    let first = world.trigger(&hidden, RunKind::Tracked).await;
    let look = world.trigger(&seen, RunKind::Proposed).await;
    let work = world.trigger(&seen, RunKind::Tracked).await;

    let queue = PoolQueue::Private(pool.clone());
    let page = async |subject, first: Option<i64>, after: Option<String>| {
        let wanted = gantry_app::search::Search {
            first,
            after,
            ..Default::default()
        };
        app.schedulable_runs(subject, &queue, &wanted)
            .await
            .unwrap()
    };
    let places = |page: &gantry_app::search::Page<gantry_app::worker_pool::SchedulableRun>| {
        let of = page
            .items
            .iter()
            .map(|item| (item.run.id.clone(), item.position));
        of.collect::<Vec<_>>()
    };
    // What only looks comes last.
    let all = [(first.clone(), 1), (work.clone(), 2), (look.clone(), 3)];
    assert_eq!(places(&page(admin, None, None).await), all);
    let (reader, _) = world.key(&[("legacy", Role::Reader)]).await;
    assert_eq!(places(&page(&reader, None, None).await), all[1..]);
    let one = page(&reader, Some(1), None).await;
    assert!(one.has_next);
    let two = page(&reader, Some(1), Some(one.end_cursor)).await;
    assert_eq!(places(&two), all[2..]);
    assert!(!two.has_next);

    app.run_prioritize_set(admin, &seen, &look, true)
        .await
        .unwrap();
    let front = [(look, 1), (first, 2), (work.clone(), 3)];
    assert_eq!(places(&page(admin, None, None).await), front);
    let said = app.waiting_for(std::slice::from_ref(&work)).await.unwrap();
    assert!(said[&work].ends_with("; 2 runs go before it"), "{said:?}");
    let any = gantry_app::search::Search::default();
    let public = app.schedulable_runs(admin, &PoolQueue::Public, &any);
    assert!(public.await.unwrap().items.is_empty());
}
