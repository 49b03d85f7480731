use gantry_app::OpError;
use gantry_core::caller::Caller;
use gantry_core::ids::{WorkerId, WorkerPoolId};
use gantry_core::protocol::{Claim, Claimed};
use gantry_core::run::{RunKind, RunState};
use rcgen::KeyPair;

use super::request;
use crate::world::{Worker, World, refusal};

on_both_databases!(
    a_worker_takes_runs_of_its_pool_alone,
    a_run_is_applied_by_the_pool_that_its_stack_has_then,
    a_drained_worker_finishes_what_it_has_and_takes_nothing,
    a_cycled_worker_goes_when_it_has_finished,
    whoever_has_fewer_runs_goes_first,
    a_wake_up_reaches_a_worker_that_can_use_it,
    what_waits_says_why,
    a_reset_leaves_no_run_to_those_who_wait_with_the_old_certificate,
    a_pool_whose_worker_has_a_run_stays,
    a_worker_that_is_not_heard_of_is_not_there,
);

impl World {
    async fn private(&self, pool: &WorkerPoolId) -> Worker {
        Worker::hello_as(self.app.clone(), Caller::Private(pool.clone()), None).await
    }

    async fn said(&self, run: &gantry_core::ids::RunId) -> String {
        let said = self.app.waiting_for(std::slice::from_ref(run)).await;
        said.unwrap().remove(run).unwrap_or_default()
    }
}

async fn answer(worker: &Worker, wait_ms: u64) -> Option<Claimed> {
    let claim = Claim {
        worker: worker.id.clone(),
        wait_ms,
        holding: None,
    };
    let answer = worker.app.run_claim(&worker.caller, &claim).await;
    answer.unwrap()
}

async fn a_worker_takes_runs_of_its_pool_alone(world: &World) {
    let (here, there) = (world.pool("here").await, world.pool("there").await);
    let private = world.private(&here).await;
    let shared = world.worker().await;
    let elsewhere = world.stack_on("Elsewhere", &there).await;
    let stack = world.stack_on("Infra", &here).await;
    let free = world.stack("Free").await;
    world.trigger(&elsewhere, RunKind::Tracked).await;
    let of_nobody = world.trigger(&free, RunKind::Tracked).await;
    assert!(private.claim().await.is_none());
    let of_pool = world.trigger(&stack, RunKind::Tracked).await;
    assert_eq!(shared.claim().await.unwrap().run, of_nobody);
    assert!(shared.claim().await.is_none());
    assert_eq!(private.claim().await.unwrap().run, of_pool);
    assert!(private.claim().await.is_none());
}

async fn a_run_is_applied_by_the_pool_that_its_stack_has_then(world: &World) {
    let (here, there) = (world.pool("here").await, world.pool("there").await);
    let (one, two) = (world.private(&here).await, world.private(&there).await);
    let stack = world.stack_on("Infra", &here).await;
    let run = world.trigger(&stack, RunKind::Tracked).await;
    let job = one.claim().await.unwrap();
    one.plan(&job).await;
    one.release(&job, None).await;
    assert_eq!(world.state(&stack, &run).await, RunState::Unconfirmed);
    let mut draft = world.draft("Infra");
    draft.worker_pool = Some(there.to_string());
    let changed = world.app.stack_update(&world.admin, &stack, draft).await;
    changed.unwrap();
    let confirmed = world.app.run_confirm(&world.admin, &stack, &run).await;
    confirmed.unwrap();
    assert!(one.claim().await.is_none());
    assert_eq!(two.claim().await.unwrap().run, run);
}

async fn a_drained_worker_finishes_what_it_has_and_takes_nothing(world: &World) {
    let (app, admin) = (&world.app, &world.admin);
    let pool = world.pool("builders").await;
    let worker = world.private(&pool).await;
    let (one, two) = (
        world.stack_on("One", &pool).await,
        world.stack_on("Two", &pool).await,
    );
    world.trigger(&one, RunKind::Tracked).await;
    let job = worker.claim().await.unwrap();
    let drained = app.worker_drain_set(admin, &pool, &worker.id, true).await;
    let drained = drained.unwrap();
    assert!(drained.drained && drained.busy);
    let waits = world.trigger(&two, RunKind::Tracked).await;
    assert!(worker.claim().await.is_none());
    let said = world.said(&waits).await;
    assert_eq!(said, "every worker of the pool `builders` is drained");
    worker.plan(&job).await;
    worker.release(&job, None).await;
    let workers = app.pool_workers(std::slice::from_ref(&pool)).await.unwrap();
    assert!(workers[0].drained && !workers[0].busy);

    // A claim that waits hears of it.
    let (answer, ()) = tokio::join!(worker.claim_within(20_000), async {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        let on = app.worker_drain_set(admin, &pool, &worker.id, false).await;
        assert!(!on.unwrap().drained);
    });
    assert_eq!(answer.unwrap().run, waits);
    let nobody = WorkerId::new("01NOBODY");
    let missing = app.worker_drain_set(admin, &pool, &nobody, true).await;
    assert!(matches!(missing, Err(OpError::Missing { .. })));
    // Of another pool.
    let other = world.pool("other").await;
    let missing = app.worker_drain_set(admin, &other, &worker.id, true).await;
    assert!(matches!(missing, Err(OpError::Missing { .. })));
}

async fn a_cycled_worker_goes_when_it_has_finished(world: &World) {
    let (app, admin) = (&world.app, &world.admin);
    let pool = world.pool("builders").await;
    let (busy, idle) = (world.private(&pool).await, world.private(&pool).await);
    let other = world.private(&world.pool("other").await).await;
    let stack = world.stack_on("Infra", &pool).await;
    world.trigger(&stack, RunKind::Tracked).await;
    let job = busy.claim().await.unwrap();
    let (gone, ()) = tokio::join!(answer(&idle, 20_000), async {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        app.worker_pool_cycle(admin, &pool).await.unwrap();
    });
    assert!(matches!(gone, Some(Claimed::Go)));
    // An answer that was lost is given again.
    assert!(matches!(answer(&idle, 0).await, Some(Claimed::Go)));
    let proposed = world.trigger(&stack, RunKind::Proposed).await;
    assert!(answer(&busy, 0).await.is_none());
    let undrain = app.worker_drain_set(admin, &pool, &busy.id, false).await;
    assert!(matches!(undrain, Err(OpError::Conflict(_))));
    busy.plan(&job).await;
    busy.release(&job, None).await;
    assert!(matches!(answer(&busy, 0).await, Some(Claimed::Go)));
    assert!(answer(&other, 0).await.is_none());
    let workers = app.pool_workers(std::slice::from_ref(&pool)).await.unwrap();
    assert!(workers.is_empty(), "{workers:?}");
    // Whoever comes afterwards works.
    let new = world.private(&pool).await;
    assert_eq!(new.claim().await.unwrap().run, proposed);
}

async fn whoever_has_fewer_runs_goes_first(world: &World) {
    let mut stacks = vec![];
    for n in 0..4 {
        stacks.push(world.stack(&format!("Stack {n}")).await);
    }
    let (one, two) = (world.worker().await, world.worker().await);
    world.trigger(&stacks[0], RunKind::Tracked).await;
    one.claim().await.unwrap();
    // It has waited for longer, and has a run.
    let first = async { one.claim_within(20_000).await };
    let second = async {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        two.claim_within(20_000).await
    };
    let trigger = async {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        let for_idle = world.trigger(&stacks[1], RunKind::Tracked).await;
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        (for_idle, world.trigger(&stacks[2], RunKind::Tracked).await)
    };
    let (of_one, of_two, (for_idle, next)) = tokio::join!(first, second, trigger);
    assert_eq!(of_two.unwrap().run, for_idle);
    assert_eq!(of_one.unwrap().run, next);
}

async fn a_wake_up_reaches_a_worker_that_can_use_it(world: &World) {
    let pool = world.pool("builders").await;
    let stack = world.stack_on("Infra", &pool).await;
    let (private, drained) = (world.private(&pool).await, world.private(&pool).await);
    let shared = world.worker().await;
    let began = std::time::Instant::now();
    let drain = async {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        let app = &world.app;
        let set = app.worker_drain_set(&world.admin, &pool, &drained.id, true);
        set.await.unwrap();
        world.trigger(&stack, RunKind::Tracked).await
    };
    let early = async { drained.claim_within(3_000).await };
    let late = async {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        private.claim_within(20_000).await
    };
    let (of_shared, of_drained, of_private, run) =
        tokio::join!(shared.claim_within(1_000), early, late, drain);
    assert!(of_shared.is_none() && of_drained.is_none());
    assert_eq!(of_private.unwrap().run, run);
    assert!(began.elapsed().as_secs() < 10, "nobody was woken");
}

async fn what_waits_says_why(world: &World) {
    let pool = world.pool("builders").await;
    let mut runs = vec![];
    for n in 0..4 {
        let stack = world.stack_on(&format!("Stack {n}"), &pool).await;
        runs.push(world.trigger(&stack, RunKind::Tracked).await);
    }
    let said = world.said(&runs[1]).await;
    assert!(
        said.starts_with("no worker of the pool `builders` is there"),
        "{said}"
    );
    assert!(said.ends_with("; one run goes before it"), "{said}");
    let worker = world.private(&pool).await;
    worker.claim().await.unwrap();
    let said = world.said(&runs[1]).await;
    assert_eq!(
        said,
        "a worker of the pool `builders`, which is at work on one run; it is the next"
    );
    let said = world.said(&runs[3]).await;
    assert!(said.ends_with("; 2 runs go before it"), "{said}");
    let loads = world
        .app
        .worker_pool_loads(std::slice::from_ref(&pool))
        .await;
    let load = loads.unwrap()[&pool];
    assert_eq!((load.pending_runs, load.busy_workers), (3, 1));
    assert_eq!((load.workers, load.drained_workers), (1, 0));
}

async fn a_reset_leaves_no_run_to_those_who_wait_with_the_old_certificate(world: &World) {
    let pool = world.pool("builders").await;
    let stack = world.stack_on("Infra", &pool).await;
    let old = world.private(&pool).await;
    let later = async {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        let request = request(&KeyPair::generate().unwrap());
        let reset = world.app.worker_pool_reset(&world.admin, &pool, &request);
        reset.await.unwrap();
        world.trigger(&stack, RunKind::Tracked).await
    };
    let (nothing, run) = tokio::join!(old.claim_within(2_000), later);
    assert!(nothing.is_none());
    let new = world.private(&pool).await;
    assert_eq!(new.claim().await.unwrap().run, run);
}

async fn a_pool_whose_worker_has_a_run_stays(world: &World) {
    let (app, admin) = (&world.app, &world.admin);
    let pool = world.pool("builders").await;
    let worker = world.private(&pool).await;
    let stack = world.stack_on("Infra", &pool).await;
    let run = world.trigger(&stack, RunKind::Tracked).await;
    let job = worker.claim().await.unwrap();
    let changed = app.stack_update(admin, &stack, world.draft("Infra")).await;
    changed.unwrap();
    let refused = app.worker_pool_delete(admin, &pool).await;
    let text = refused.unwrap_err().to_string();
    assert!(
        text.contains(&format!("still at work on run {run}")),
        "{text}"
    );
    worker.plan(&job).await;
    worker.release(&job, None).await;
    assert!(
        app.worker_pool_delete(admin, &pool)
            .await
            .unwrap()
            .is_some()
    );
    // Its workers went with it.
    let claim = Claim {
        worker: worker.id.clone(),
        wait_ms: 0,
        holding: None,
    };
    refusal(app.run_claim(&worker.caller, &claim).await);
}

async fn a_worker_that_is_not_heard_of_is_not_there(world: &World) {
    let pool = world.pool("builders").await;
    let worker = world.private(&pool).await;
    let there = async || {
        let workers = world.app.pool_workers(std::slice::from_ref(&pool)).await;
        workers.unwrap().len()
    };
    assert_eq!(there().await, 1);
    world.clock.advance(91_000);
    assert_eq!(there().await, 0);
    let stack = world.stack_on("Infra", &pool).await;
    world.trigger(&stack, RunKind::Tracked).await;
    worker.claim().await.unwrap();
    // With a run it is there until the lease ends.
    assert_eq!(there().await, 1);
    world.clock.advance(91_000);
    assert_eq!(there().await, 1);
}
