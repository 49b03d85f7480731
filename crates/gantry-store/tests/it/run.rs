use gantry_core::commit::Commit;
use gantry_core::ids::{RunId, StackId, WorkerId};
use gantry_core::run::{Run, RunDelta, RunKind, RunState, RunTransition};
use gantry_store::run_log::LogPiece;
use gantry_store::{Store, run, run_log, run_transition, stack, worker};

use crate::databases::with_spaces;
use crate::stack::sample;

on_both_databases!(
    a_run_comes_back_as_it_was_stored,
    a_decision_on_an_older_version_is_not_saved,
    messages_that_come_beside_a_decision_are_not_undone,
    what_can_be_claimed_comes_in_its_order,
    leases_end_when_their_time_has_come,
    the_history_is_newest_first,
    pieces_of_a_log_come_in_order_and_once,
    a_worker_is_known_until_it_is_gone,
);

async fn on_stacks(store: &Store, names: &[&str]) {
    with_spaces(store).await;
    for name in names {
        let tx = store.begin().await.unwrap();
        stack::insert(&tx, &sample(name, 1)).await.unwrap();
        tx.commit().await.unwrap();
    }
}

pub fn a_run(id: &str, stack: &str, kind: RunKind, state: RunState) -> Run {
    Run {
        id: RunId::new(id),
        stack: StackId::new(stack),
        kind,
        state,
        version: 1,
        title: None,
        command: None,
        skip_initialization: false,
        requested_commit: None,
        commit: None,
        tool: None,
        branch: "main".into(),
        triggered_by: "ada".into(),
        triggered_by_id: "api-key/01ADA".into(),
        prioritized: false,
        metadata: None,
        worker: None,
        lease: None,
        fence: 0,
        stop_requested: false,
        write_issued: false,
        user_secrets: false,
        delta: None,
        plan_object: None,
        changes_object: None,
        created_at: 10,
        updated_at: 10,
        finished_at: None,
    }
}

pub async fn insert(store: &Store, run: &Run) {
    let tx = store.begin().await.unwrap();
    run::insert(&tx, run, None).await.unwrap();
    tx.commit().await.unwrap();
}

async fn find(store: &Store, id: &str) -> Run {
    let found = run::find(store.reader(), &RunId::new(id)).await.unwrap();
    found.unwrap()
}

async fn a_run_comes_back_as_it_was_stored(store: &Store) {
    on_stacks(store, &["one"]).await;
    let mut wanted = a_run("01A", "one", RunKind::Task, RunState::Queued);
    wanted.title = Some("a task".into());
    wanted.command = Some("terraform output".into());
    wanted.skip_initialization = true;
    wanted.requested_commit = Some("ab".repeat(20));
    wanted.prioritized = true;
    wanted.metadata = Some("{}".into());
    insert(store, &wanted).await;
    assert_eq!(
        format!("{:?}", find(store, "01A").await),
        format!("{wanted:?}")
    );

    wanted.state = RunState::Applying;
    wanted.version = 2;
    wanted.commit = Some(Commit {
        hash: "ab".repeat(20),
        message: "say \"hello\"".into(),
        author_name: "Ada".into(),
        author_login: Some("ada".into()),
        timestamp: 7,
        url: "https://example.com".into(),
    });
    wanted.stop_requested = true;
    wanted.user_secrets = true;
    wanted.updated_at = 20;
    wanted.finished_at = Some(30);
    let tx = store.begin().await.unwrap();
    assert!(run::save(&tx, &wanted, 1).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(
        format!("{:?}", find(store, "01A").await),
        format!("{wanted:?}")
    );
}

async fn a_decision_on_an_older_version_is_not_saved(store: &Store) {
    on_stacks(store, &["one"]).await;
    let mut moved = a_run("01A", "one", RunKind::Tracked, RunState::Queued);
    insert(store, &moved).await;
    moved.version = 2;
    moved.state = RunState::Ready;
    let tx = store.begin().await.unwrap();
    assert!(run::save(&tx, &moved, 1).await.unwrap());
    moved.state = RunState::Canceled;
    assert!(!run::save(&tx, &moved, 1).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(find(store, "01A").await.state, RunState::Ready);
}

async fn messages_that_come_beside_a_decision_are_not_undone(store: &Store) {
    on_stacks(store, &["one"]).await;
    let read = a_run("01A", "one", RunKind::Tracked, RunState::Planning);
    insert(store, &read).await;
    let id = &read.id;
    let worker = WorkerId::new("01W");
    let delta = RunDelta {
        added: 1,
        ..RunDelta::default()
    };
    let tx = store.begin().await.unwrap();
    run::set_lease(&tx, id, &worker, 7, 100).await.unwrap();
    assert!(run::set_plan(&tx, id, 7, "plan").await.unwrap());
    assert!(!run::set_plan(&tx, id, 6, "old").await.unwrap());
    assert!(run::set_changes(&tx, id, 7, &delta, "list").await.unwrap());
    assert!(!run::set_changes(&tx, id, 6, &delta, "old").await.unwrap());
    assert!(run::renew(&tx, id, 7, 200).await.unwrap());
    assert!(!run::renew(&tx, id, 6, 900).await.unwrap());
    assert!(run::save(&tx, &read, 1).await.unwrap());
    tx.commit().await.unwrap();
    let now = find(store, "01A").await;
    assert_eq!((now.fence, now.worker), (7, Some(worker)));
    assert_eq!(now.lease.unwrap().until, 200);
    assert_eq!(now.plan_object.as_deref(), Some("plan"));
    assert_eq!(now.changes_object.as_deref(), Some("list"));
    assert_eq!(now.delta, Some(delta));

    let tx = store.begin().await.unwrap();
    assert!(!run::end_lease(&tx, id, 6).await.unwrap());
    assert!(run::end_lease(&tx, id, 7).await.unwrap());
    assert!(!run::renew(&tx, id, 7, 900).await.unwrap());
    run::clear_plan(&tx, id).await.unwrap();
    tx.commit().await.unwrap();
    let now = find(store, "01A").await;
    assert!(now.lease.is_none() && now.plan_object.is_none());
    assert!(now.worker.is_some());
}

async fn what_can_be_claimed_comes_in_its_order(store: &Store) {
    on_stacks(store, &["one", "two", "off"]).await;
    let mut first = a_run("01E", "one", RunKind::Tracked, RunState::Ready);
    first.prioritized = true;
    for run in [
        a_run("01A", "one", RunKind::Proposed, RunState::Ready),
        a_run("01B", "one", RunKind::Tracked, RunState::Queued),
        a_run("01C", "two", RunKind::Tracked, RunState::Confirmed),
        a_run("01D", "two", RunKind::Task, RunState::ReplanRequested),
        first,
        a_run("01F", "off", RunKind::Tracked, RunState::Ready),
        a_run("01G", "off", RunKind::Destroy, RunState::Ready),
        a_run("01H", "one", RunKind::Tracked, RunState::Planning),
    ] {
        insert(store, &run).await;
    }
    let tx = store.begin().await.unwrap();
    stack::set_disabled(&tx, &StackId::new("off"), true)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let ids = |limit| async move {
        let found = run::claimable(store.reader(), None, limit).await.unwrap();
        let ids: Vec<String> = found.into_iter().map(|(id, _)| id.into_string()).collect();
        ids.join(" ")
    };
    assert_eq!(ids(9).await, "01E 01C 01D 01G 01A");
    assert_eq!(ids(2).await, "01E 01C");

    let one = StackId::new("one");
    let active = run::active(store.reader(), &one);
    let active: Vec<String> = active
        .await
        .unwrap()
        .into_iter()
        .map(|run| run.id.into_string())
        .collect();
    assert_eq!(active, ["01E", "01A", "01B", "01H"]);
    let newest = run::newest(store.reader(), std::slice::from_ref(&one)).await;
    assert_eq!(newest.unwrap(), [(one, RunId::new("01H"))]);
}

async fn leases_end_when_their_time_has_come(store: &Store) {
    on_stacks(store, &["one"]).await;
    let (ada, bob) = (WorkerId::new("01ADA"), WorkerId::new("01BOB"));
    assert_eq!(run::next_lease_end(store.reader()).await.unwrap(), None);
    for (id, worker, until) in [("01A", &ada, 100), ("01B", &bob, 50), ("01C", &ada, 200)] {
        insert(
            store,
            &a_run(id, "one", RunKind::Proposed, RunState::Planning),
        )
        .await;
        let tx = store.begin().await.unwrap();
        run::set_lease(&tx, &RunId::new(id), worker, 1, until)
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }
    assert_eq!(run::next_lease_end(store.reader()).await.unwrap(), Some(50));
    let ids = |runs: Vec<Run>| -> String {
        let ids: Vec<String> = runs.into_iter().map(|run| run.id.into_string()).collect();
        ids.join(" ")
    };
    let lapsed = |now| run::lapsed(store.reader(), now, 900);
    assert_eq!(ids(lapsed(49).await.unwrap()), "");
    assert_eq!(ids(lapsed(100).await.unwrap()), "01A 01B");
    let of_a_jump = run::lapsed(store.reader(), 49, 150).await.unwrap();
    assert_eq!(ids(of_a_jump), "01C");
    let held = run::held_by(store.reader(), &ada).await.unwrap();
    assert_eq!(ids(held), "01A 01C");
}

async fn the_history_is_newest_first(store: &Store) {
    on_stacks(store, &["one"]).await;
    let run = a_run("01A", "one", RunKind::Tracked, RunState::Planning);
    insert(store, &run).await;
    let visit = |version, state| RunTransition {
        version,
        state,
        at: version * 10,
        username: (version == 1).then(|| "ada".into()),
        note: None,
        has_logs: version > 1,
    };
    let mut visits = vec![
        visit(3, RunState::Planning),
        visit(2, RunState::Planning),
        visit(1, RunState::Queued),
    ];
    let tx = store.begin().await.unwrap();
    for visit in visits.iter().rev() {
        run_transition::insert(&tx, &run.id, visit).await.unwrap();
    }
    run_transition::set_note(&tx, &run.id, 3, Some("bob"), "enough")
        .await
        .unwrap();
    tx.commit().await.unwrap();
    visits[0].username = Some("bob".into());
    visits[0].note = Some("enough".into());
    let reader = store.reader();
    assert_eq!(run_transition::list(reader, &run.id).await.unwrap(), visits);
    let find = |version| run_transition::find(reader, &run.id, RunState::Planning, version);
    assert_eq!(find(None).await.unwrap().as_ref(), Some(&visits[0]));
    assert_eq!(find(Some(2)).await.unwrap().as_ref(), Some(&visits[1]));
    assert_eq!(find(Some(1)).await.unwrap(), None);
}

async fn pieces_of_a_log_come_in_order_and_once(store: &Store) {
    on_stacks(store, &["one"]).await;
    let run = a_run("01A", "one", RunKind::Tracked, RunState::Planning);
    insert(store, &run).await;
    let piece = |first_byte, bytes| LogPiece {
        first_byte,
        bytes,
        object: format!("at {first_byte}"),
    };
    let tx = store.begin().await.unwrap();
    for piece in [piece(5, 3), piece(0, 5), piece(5, 3)] {
        run_log::insert(&tx, &run.id, 2, &piece).await.unwrap();
    }
    tx.commit().await.unwrap();
    let reader = store.reader();
    let list = run_log::list(reader, &run.id, 2).await.unwrap();
    assert_eq!(list, [piece(0, 5), piece(5, 3)]);
    assert!(run_log::list(reader, &run.id, 3).await.unwrap().is_empty());
    // They go with their stack.
    let tx = store.begin().await.unwrap();
    assert!(stack::delete(&tx, &run.stack).await.unwrap());
    tx.commit().await.unwrap();
    assert!(run_log::list(reader, &run.id, 2).await.unwrap().is_empty());
}

async fn a_worker_is_known_until_it_is_gone(store: &Store) {
    let id = WorkerId::new("01W");
    let known = || worker::is_known(store.reader(), &id);
    assert!(!known().await.unwrap());
    for _ in 0..2 {
        let tx = store.begin().await.unwrap();
        let arrival = worker::Arrival {
            id: &id,
            caller: &gantry_core::caller::Caller::Embedded,
            sandbox: "bubblewrap",
            slots: 1,
            metadata: "{}",
        };
        worker::insert(&tx, &arrival, 1).await.unwrap();
        tx.commit().await.unwrap();
    }
    assert!(known().await.unwrap());
    let tx = store.begin().await.unwrap();
    worker::set_gone(&tx, &id, 2).await.unwrap();
    tx.commit().await.unwrap();
    assert!(!known().await.unwrap());
}
