use gantry_core::protocol::{Next, PhaseOutcome, PhaseStart, Start};
use gantry_core::run::{Phase, RunKind, RunState};

use crate::world::World;

on_both_databases!(a_tracked_run_from_trigger_to_end,);

fn variable<'a>(start: &'a PhaseStart, name: &str) -> Option<&'a str> {
    let all = start.env.iter().chain(&start.credentials);
    let named = all.filter(|variable| variable.name == name);
    named.last().map(|variable| variable.value.expose())
}

async fn a_tracked_run_from_trigger_to_end(world: &World) {
    let stack = world.stack("Infra").await;
    world.attach(&stack, "reader", true, false).await;
    world.attach(&stack, "writer", false, true).await;
    let worker = world.worker().await;
    let id = world.trigger(&stack, RunKind::Tracked).await;
    assert_eq!(world.state(&stack, &id).await, RunState::Ready);
    assert_eq!(world.read_stack(&stack).await.blocker, Some(id.clone()));

    let job = worker.claim().await.unwrap();
    assert_eq!((&job.run, job.start), (&id, Start::Fresh));
    assert_eq!(job.source.commit, None);
    let init = worker.prepare(&job).await;
    assert_eq!(init.phase, Phase::Initialize);
    assert_eq!(
        variable(&init, "TF_VAR_spacelift_run_id"),
        Some(id.as_str())
    );
    assert_eq!(
        variable(&init, "TF_VAR_spacelift_commit_sha")
            .unwrap()
            .len(),
        40
    );
    assert!(
        variable(&init, "AWS_ACCESS_KEY_ID")
            .unwrap()
            .ends_with("@infra@read")
    );
    assert_eq!(
        world.run(&stack, &id).await.title.as_deref(),
        Some("Add a bucket")
    );

    worker.log(&job, init.version, 0, "initialised\n").await;
    let plan = worker.go_on(&job, &init, PhaseOutcome::Succeeded).await;
    assert_eq!(plan.phase, Phase::Plan);
    assert!(
        variable(&plan, "AWS_ACCESS_KEY_ID")
            .unwrap()
            .ends_with("@infra@read")
    );
    worker.put_plan(&job, b"the plan").await;
    let json = br#"{"resource_changes":[{"address":"t.n","mode":"managed",
        "change":{"actions":["create"]}}]}"#;
    world
        .app
        .plan_json_put(&id, job.fence, json[..].into())
        .await
        .unwrap();
    assert!(!worker.let_go(&job, &plan, PhaseOutcome::Changes).await);
    assert_eq!(world.state(&stack, &id).await, RunState::Unconfirmed);
    assert!(worker.claim().await.is_none());

    world
        .app
        .run_confirm(&world.admin, &stack, &id)
        .await
        .unwrap();
    let again = worker.claim().await.unwrap();
    assert_eq!((&again.run, again.start), (&id, Start::Apply));
    assert!(again.fence > job.fence);
    assert_eq!(again.source.commit.as_deref(), Some(crate::world::HEAD));
    let apply = worker.prepare(&again).await;
    assert_eq!(apply.phase, Phase::Apply);
    assert!(
        variable(&apply, "AWS_ACCESS_KEY_ID")
            .unwrap()
            .ends_with("@infra@write")
    );
    let bundle = world.app.plan_get(&id, again.fence).await.unwrap();
    assert_eq!(bundle.as_slice(), b"the plan");
    assert!(worker.let_go(&again, &apply, PhaseOutcome::Succeeded).await);

    assert_eq!(
        world.states(&stack, &id).await,
        "QUEUED READY PREPARING INITIALIZING PLANNING UNCONFIRMED CONFIRMED PREPARING_APPLY \
         APPLYING FINISHED"
    );
    let run = world.run(&stack, &id).await;
    assert_eq!(run.delta.unwrap().added, 1);
    let stack = world.read_stack(&stack).await;
    assert_eq!(
        (stack.blocker, stack.state),
        (None, Some(RunState::Finished))
    );
    let asked: Vec<String> = world
        .cloud
        .asked()
        .iter()
        .map(|id| id.rsplit('@').next().unwrap().to_owned())
        .collect();
    assert_eq!(asked, ["read", "read", "write"]);
    let _ = Next::Release {
        ended: true,
        env: vec![],
    };
}
