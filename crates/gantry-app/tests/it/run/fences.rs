//! Messages that come late, twice, or from somebody who has the run no longer.

use gantry_core::caller::Caller;
use gantry_core::protocol::{Next, PhaseOutcome};
use gantry_core::run::{Phase, RunKind, RunState};

use crate::world::{Worker, World, refusal, started};

on_both_databases!(
    an_older_lease_moves_nothing,
    a_repeated_message_gets_its_answer_again,
    two_workers_never_get_the_same_run,
    a_claim_wakes_up_at_once,
    a_stranger_gets_no_work,
    a_plan_that_was_not_stored_is_not_applied,
    a_plan_that_was_changed_is_not_applied,
);

async fn an_older_lease_moves_nothing(world: &World) {
    let stack = world.stack("Infra").await;
    let worker = world.worker().await;
    let id = world.trigger(&stack, RunKind::Tracked).await;
    let old = worker.claim().await.unwrap();
    let init = worker.prepare(&old).await;
    let plan = worker.go_on(&old, &init, PhaseOutcome::Succeeded).await;
    worker.put_plan(&old, b"the plan").await;
    worker.let_go(&old, &plan, PhaseOutcome::Changes).await;
    world
        .app
        .run_confirm(&world.admin, &stack, &id)
        .await
        .unwrap();
    let new = worker.claim().await.unwrap();

    let app = &world.app;
    refusal(
        worker
            .try_finish(&old, &plan, PhaseOutcome::NoChanges)
            .await,
    );
    refusal(worker.try_prepare(&old, crate::world::HEAD).await);
    refusal(
        app.plan_put(&Caller::Embedded, &id, old.fence, b"evil"[..].into())
            .await,
    );
    refusal(
        app.plan_json_put(&Caller::Embedded, &id, old.fence, b"{}"[..].into())
            .await,
    );
    refusal(
        app.errored_state_put(&Caller::Embedded, &id, old.fence, b"{}"[..].into())
            .await,
    );
    refusal(
        app.plan_get(&Caller::Embedded, &id, old.fence)
            .await
            .map(|_| ()),
    );
    let bytes = b"late"[..].into();
    refusal(
        app.run_log_append(&Caller::Embedded, &id, plan.version, old.fence, 0, bytes)
            .await,
    );
    let beat = gantry_core::protocol::Heartbeat {
        fence: old.fence,
        wait_ms: 0,
    };
    refusal(app.run_heartbeat(&Caller::Embedded, &id, &beat).await);
    assert_eq!(world.state(&stack, &id).await, RunState::PreparingApply);
    let apply = worker.prepare(&new).await;
    let bundle = app
        .plan_get(&Caller::Embedded, &id, new.fence)
        .await
        .unwrap();
    assert_eq!(bundle.as_slice(), b"the plan");
    // A plan is put in the plan phase, and a report is about the phase that is at work.
    refusal(
        app.plan_put(&Caller::Embedded, &id, new.fence, b"evil"[..].into())
            .await,
    );
    refusal(
        worker
            .try_finish(&new, &init, PhaseOutcome::Succeeded)
            .await,
    );
    assert!(worker.let_go(&new, &apply, PhaseOutcome::Succeeded).await);
}

async fn a_repeated_message_gets_its_answer_again(world: &World) {
    let stack = world.stack("Infra").await;
    let worker = world.worker().await;
    let id = world.trigger(&stack, RunKind::Tracked).await;
    let job = worker.claim().await.unwrap();
    let init = worker.prepare(&job).await;
    let again = worker.prepare(&job).await;
    assert_eq!((again.phase, again.version), (init.phase, init.version));

    let plan = worker.go_on(&job, &init, PhaseOutcome::Succeeded).await;
    let again = worker.go_on(&job, &init, PhaseOutcome::Succeeded).await;
    assert_eq!(again.phase, Phase::Plan);
    assert_eq!(again.version, plan.version);

    worker.put_plan(&job, b"the plan").await;
    for _ in 0..2 {
        let next = worker.try_finish(&job, &plan, PhaseOutcome::Changes).await;
        assert!(matches!(next.unwrap(), Next::Release { ended: false, .. }));
    }
    worker.release(&job, None).await;
    worker.release(&job, None).await;
    assert_eq!(
        world.states(&stack, &id).await,
        "QUEUED READY PREPARING INITIALIZING PLANNING UNCONFIRMED"
    );
}

async fn two_workers_never_get_the_same_run(world: &World) {
    let mut expected = Vec::new();
    for number in 0..6 {
        let stack = world.stack(&format!("Stack {number}")).await;
        expected.push(world.trigger(&stack, RunKind::Tracked).await);
    }
    let mut workers = Vec::new();
    for _ in 0..4 {
        workers.push(world.worker().await);
    }
    let claims = workers.iter().map(|worker: &Worker| async move {
        let mut claimed = Vec::new();
        while let Some(job) = worker.claim().await {
            claimed.push(job.run);
        }
        claimed
    });
    let claimed = futures::future::join_all(claims).await;
    let mut claimed: Vec<_> = claimed.into_iter().flatten().collect();
    claimed.sort();
    assert_eq!(claimed, expected);
}

async fn a_claim_wakes_up_at_once(world: &World) {
    let stack = world.stack("Infra").await;
    let worker = world.worker().await;
    let began = std::time::Instant::now();
    let (job, id) = tokio::join!(
        worker.claim_within(20_000),
        world.trigger(&stack, RunKind::Tracked)
    );
    assert_eq!(job.unwrap().run, id);
    assert!(began.elapsed().as_secs() < 10, "nobody was woken");
}

async fn a_stranger_gets_no_work(world: &World) {
    let claim = gantry_core::protocol::Claim {
        worker: gantry_core::ids::WorkerId::new("01STRANGER"),
        wait_ms: 0,
        holding: None,
    };
    let text = refusal(world.app.run_claim(&Caller::Embedded, &claim).await);
    assert!(text.contains("01STRANGER"), "{text}");
}

async fn a_plan_that_was_not_stored_is_not_applied(world: &World) {
    let mut draft = world.draft("Infra");
    draft.autodeploy = true;
    let stack = world.stack_of(draft).await;
    let worker = world.worker().await;
    let id = world.trigger(&stack, RunKind::Tracked).await;
    let job = worker.claim().await.unwrap();
    let init = started(worker.try_prepare(&job, crate::world::HEAD).await.unwrap());
    let plan = worker.go_on(&job, &init, PhaseOutcome::Succeeded).await;
    assert!(worker.let_go(&job, &plan, PhaseOutcome::Changes).await);
    assert_eq!(world.state(&stack, &id).await, RunState::Failed);
}

async fn a_plan_that_was_changed_is_not_applied(world: &World) {
    let stack = world.stack("Infra").await;
    let worker = world.worker().await;
    let id = world.trigger(&stack, RunKind::Tracked).await;
    let job = worker.claim().await.unwrap();
    worker.plan(&job).await;
    worker.release(&job, None).await;
    let confirmed = world.app.run_confirm(&world.admin, &stack, &id).await;
    confirmed.unwrap();
    let job = worker.claim().await.unwrap();
    worker.prepare(&job).await;
    let directory = world.objects().join(format!("runs/{id}"));
    let plan = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| {
            path.file_name().is_some_and(|name| {
                name.to_string_lossy().starts_with("plan-")
                    && !name.to_string_lossy().contains("json")
            })
        });
    let plan = plan.expect("the object of the plan");
    let sealed = std::fs::read(&plan).unwrap();
    let mut flipped = sealed.clone();
    *flipped.last_mut().unwrap() ^= 1;
    let get = async || {
        let answer = world.app.plan_get(&Caller::Embedded, &id, job.fence).await;
        answer.map(|bundle| bundle.to_vec())
    };
    for changed in [flipped, sealed[..8].to_vec(), vec![]] {
        std::fs::write(&plan, changed).unwrap();
        let said = refusal(get().await);
        assert!(said.contains("not as it was when it was sealed"), "{said}");
    }
    std::fs::remove_file(&plan).unwrap();
    let said = refusal(get().await);
    assert!(said.contains("is gone from the object storage"), "{said}");
    std::fs::write(&plan, sealed).unwrap();
    assert_eq!(get().await.unwrap(), b"the plan");
}
