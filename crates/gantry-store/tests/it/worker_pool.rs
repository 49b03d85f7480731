use gantry_core::caller::Caller;
use gantry_core::ids::{RunId, SpaceId, StackId, WorkerId, WorkerPoolId};
use gantry_core::run::{RunKind, RunState};
use gantry_core::worker_pool::{PoolLoad, WorkerPool};
use gantry_store::worker::of_pool;
use gantry_store::worker::standing::{self, Duty};
use gantry_store::worker_pool::queue::{self, Search, place_of};
use gantry_store::worker_pool::{self, load};
use gantry_store::{Store, StoreError, run, stack, worker};

use crate::databases::with_spaces;
use crate::run::{a_run, insert as insert_run};
use crate::stack::sample;

on_both_databases!(
    a_pool_is_stored_changed_and_deleted,
    a_stack_keeps_its_pool_from_being_deleted,
    workers_are_told_what_to_do,
    the_queue_of_a_pool_comes_page_by_page,
);

fn pool(id: &str) -> WorkerPool {
    WorkerPool {
        id: WorkerPoolId::new(id),
        name: format!("Pool {id}"),
        description: None,
        labels: vec!["a".into()],
        space: SpaceId::new("legacy"),
        drift_detection_run_limit: Some(-1),
        config: format!("config of {id}"),
        created_at: 7,
        updated_at: 7,
    }
}

async fn insert(store: &Store, pool: &WorkerPool) {
    let tx = store.begin().await.unwrap();
    let print = format!("fingerprint of {}", pool.id);
    worker_pool::insert(&tx, pool, &print).await.unwrap();
    tx.commit().await.unwrap();
}

async fn stack_on(store: &Store, id: &str, pool: Option<&WorkerPool>) {
    let mut stack = sample(id, 1);
    stack.settings.worker_pool = pool.map(|pool| pool.id.clone());
    crate::stack::insert(store, &stack).await;
}

async fn hello(store: &Store, id: &str, pool: &WorkerPool) -> WorkerId {
    let id = WorkerId::new(id);
    let caller = Caller::Private(pool.id.clone());
    let arrival = worker::Arrival {
        id: &id,
        caller: &caller,
        sandbox: "none",
        slots: 2,
        metadata: "{\"host\":\"rack-3\"}",
    };
    let tx = store.begin().await.unwrap();
    worker::insert(&tx, &arrival, 100).await.unwrap();
    tx.commit().await.unwrap();
    id
}

async fn a_pool_is_stored_changed_and_deleted(store: &Store) {
    with_spaces(store).await;
    let mut one = pool("01A");
    insert(store, &one).await;
    let found = worker_pool::find(store.reader(), &one.id).await.unwrap();
    assert_eq!(found.as_ref(), Some(&one));
    let tx = store.begin().await.unwrap();
    let mut same_name = pool("01B");
    same_name.name = one.name.clone();
    let twice = worker_pool::insert(&tx, &same_name, "another").await;
    assert!(matches!(twice, Err(StoreError::Duplicate(_))), "{twice:?}");
    drop(tx);

    one.name = "Renamed".into();
    one.drift_detection_run_limit = None;
    one.updated_at = 8;
    let tx = store.begin().await.unwrap();
    worker_pool::update(&tx, &one).await.unwrap();
    one.config = "another".into();
    worker_pool::reset(&tx, &one, "another print")
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let found = worker_pool::find_all(store.reader(), std::slice::from_ref(&one.id)).await;
    assert_eq!(found.unwrap(), [one.clone()]);
    for (print, expected) in [
        ("another print", Some(one.id.clone())),
        ("fingerprint of 01A", None),
    ] {
        let known = worker::pool_with_certificate(store.reader(), print).await;
        assert_eq!(known.unwrap(), expected);
    }

    let id = hello(store, "01W", &one).await;
    let tx = store.begin().await.unwrap();
    worker_pool::delete(&tx, &one.id).await.unwrap();
    tx.commit().await.unwrap();
    let gone = worker_pool::find(store.reader(), &one.id).await.unwrap();
    assert_eq!(gone, None);
    assert_eq!(standing::of(store.reader(), &id).await.unwrap(), None);
}

async fn a_stack_keeps_its_pool_from_being_deleted(store: &Store) {
    with_spaces(store).await;
    let one = pool("01A");
    insert(store, &one).await;
    stack_on(store, "infra", Some(&one)).await;
    let found = stack::find(store.reader(), &StackId::new("infra")).await;
    let settings = found.unwrap().unwrap().settings;
    assert_eq!(settings.worker_pool, Some(one.id.clone()));
    let stacks = worker_pool::stacks(store.reader(), &one.id).await.unwrap();
    assert_eq!(stacks, [(StackId::new("infra"), SpaceId::new("legacy"))]);
    let tx = store.begin().await.unwrap();
    let refused = worker_pool::delete(&tx, &one.id).await;
    assert!(
        matches!(refused, Err(StoreError::Referenced)),
        "{refused:?}"
    );
}

async fn workers_are_told_what_to_do(store: &Store) {
    with_spaces(store).await;
    let (one, two) = (pool("01A"), pool("01B"));
    insert(store, &one).await;
    insert(store, &two).await;
    stack_on(store, "infra", Some(&one)).await;
    let (busy, idle) = (
        hello(store, "01W", &one).await,
        hello(store, "01X", &one).await,
    );
    hello(store, "01Y", &two).await;
    insert_run(
        store,
        &a_run("01R", "infra", RunKind::Tracked, RunState::Planning),
    )
    .await;
    let tx = store.begin().await.unwrap();
    run::set_lease(&tx, &RunId::new("01R"), &busy, 1, 500)
        .await
        .unwrap();
    assert!(of_pool::set_drained(&tx, &idle, true).await.unwrap());
    tx.commit().await.unwrap();

    let list = async |since| {
        let pools = [one.id.clone()];
        let found = of_pool::list(store.reader(), &pools, since).await.unwrap();
        let told = found
            .into_iter()
            .map(|worker| (worker.id.into_string(), worker.busy, worker.drained));
        told.collect::<Vec<_>>()
    };
    let both = [
        ("01W".to_owned(), true, false),
        ("01X".to_owned(), false, true),
    ];
    assert_eq!(list(99).await, both);
    // Not heard of since: the one with a run is there all the same.
    assert_eq!(list(100).await, both[..1]);
    let ids = [one.id.clone(), two.id.clone()];
    let loads = load::of_pools(store.reader(), &ids, 99).await.unwrap();
    let expected = PoolLoad {
        pending_runs: 0,
        busy_workers: 1,
        drained_workers: 1,
        workers: 2,
    };
    assert_eq!(loads[&one.id], expected);
    assert_eq!(loads[&two.id].workers, 1);

    let tx = store.begin().await.unwrap();
    assert_eq!(of_pool::cycle(&tx, &one.id).await.unwrap(), 2);
    assert_eq!(of_pool::cycle(&tx, &one.id).await.unwrap(), 0);
    assert!(!of_pool::set_drained(&tx, &idle, false).await.unwrap());
    worker::set_gone(&tx, &idle, 200).await.unwrap();
    tx.commit().await.unwrap();
    for (id, runs) in [(&busy, 1), (&idle, 0)] {
        let found = standing::of(store.reader(), id).await.unwrap().unwrap();
        assert_eq!((found.duty, found.runs), (Duty::Go, runs));
        assert_eq!(found.pool.as_ref(), Some(&one.id));
    }
    let other = standing::of(store.reader(), &WorkerId::new("01Y")).await;
    assert_eq!(other.unwrap().unwrap().duty, Duty::Take);
    let held = worker_pool::held_runs(store.reader(), &one.id).await;
    assert_eq!(held.unwrap(), [RunId::new("01R")]);
}

async fn the_queue_of_a_pool_comes_page_by_page(store: &Store) {
    with_spaces(store).await;
    let one = pool("01A");
    insert(store, &one).await;
    for (id, of) in [("one", Some(&one)), ("two", Some(&one)), ("free", None)] {
        stack_on(store, id, of).await;
    }
    let mut first = a_run("01E", "two", RunKind::Proposed, RunState::Ready);
    first.prioritized = true;
    for run in [
        a_run("01A", "one", RunKind::Proposed, RunState::Ready),
        a_run("01B", "one", RunKind::Tracked, RunState::Ready),
        a_run("01C", "free", RunKind::Tracked, RunState::Ready),
        a_run("01D", "two", RunKind::Tracked, RunState::Confirmed),
        a_run("01F", "two", RunKind::Tracked, RunState::Queued),
        first,
    ] {
        insert_run(store, &run).await;
    }
    let mut wanted = Search {
        pool: Some(one.id.clone()),
        spaces: None,
        descending: false,
        after: None,
        limit: 3,
    };
    let page = async |wanted: &Search| queue::search(store.reader(), wanted).await.unwrap();
    let told = |found: &[queue::Queued]| {
        let told = found.iter().map(|q| format!("{} {}", q.run, q.position));
        told.collect::<Vec<_>>().join(", ")
    };
    let found = page(&wanted).await;
    assert_eq!(told(&found), "01E 1, 01B 2, 01D 3");
    wanted.after = Some(place_of(found.last().unwrap()));
    assert_eq!(told(&page(&wanted).await), "01A 4");
    (wanted.descending, wanted.after) = (true, None);
    assert_eq!(told(&page(&wanted).await), "01A 4, 01D 3, 01B 2");
    wanted.spaces = Some(vec![SpaceId::new("root")]);
    assert_eq!(told(&page(&wanted).await), "");
    (wanted.pool, wanted.spaces) = (None, None);
    assert_eq!(told(&page(&wanted).await), "01C 1");

    let asked = ["01A", "01C", "01F"].map(RunId::new);
    let places = queue::positions(store.reader(), &asked).await.unwrap();
    assert_eq!(places.get(&asked[0]), Some(&4));
    assert_eq!(places.get(&asked[1]), Some(&1));
    assert_eq!(places.get(&asked[2]), None);
    let claimable = run::claimable(store.reader(), Some(&one.id), 2).await;
    let ids: Vec<_> = claimable.unwrap().into_iter().map(|(id, _)| id).collect();
    assert_eq!(ids, ["01E", "01B"].map(RunId::new));
    let loads = load::of_pools(store.reader(), std::slice::from_ref(&one.id), 0).await;
    assert_eq!(loads.unwrap()[&one.id].pending_runs, 4);
}
