use gantry_app::stack::{StackDraft, VendorDraft};
use gantry_core::caller::Caller;
use gantry_core::engine::Engine;
use gantry_core::plan::Action;
use gantry_core::protocol::{Next, PhaseOutcome, PhaseStart, Start};
use gantry_core::run::{Phase, RunKind, RunState};
use gantry_core::stack::TerraformWorkflowTool;

use crate::world::{HEAD, Worker, World, started};

on_both_databases!(
    a_tracked_run_from_trigger_to_end,
    autodeploy_applies_at_once,
    a_plan_without_changes_ends_the_run,
    a_new_plan_replaces_the_one_that_waited,
    a_task_writes_in_its_only_phase_of_its_own,
    a_destroy_run_takes_the_stack_with_it,
    a_destroy_run_that_fails_leaves_the_stack,
    credentials_that_are_refused_fail_the_phase_before_its_command,
    what_was_planned_is_what_is_applied,
    the_version_that_planned_is_the_one_that_applies,
    another_version_does_not_apply_the_plan,
    a_retry_is_a_new_run_on_the_same_commit,
    overrides_reach_their_run_and_no_other,
);

pub fn variable<'a>(start: &'a PhaseStart, name: &str) -> Option<&'a str> {
    let mut all = start.env.iter().chain(&start.credentials).rev();
    let last = all.find(|variable| variable.name == name)?;
    Some(last.value.expose())
}

/// The access of every request to the cloud so far.
fn accesses(world: &World) -> Vec<String> {
    let asked = world.cloud.asked();
    let last = |id: &String| id.rsplit('@').next().unwrap().to_owned();
    asked.iter().map(last).collect()
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
    assert_eq!(variable(&init, "TF_VAR_spacelift_commit_sha"), Some(HEAD));
    let key = variable(&init, "AWS_ACCESS_KEY_ID").unwrap();
    assert!(key.ends_with("@infra@read"), "{key}");
    let title = world.run(&stack, &id).await.title;
    assert_eq!(title.as_deref(), Some("Add a bucket"));

    let plan = worker.go_on(&job, &init, PhaseOutcome::Succeeded).await;
    assert_eq!(plan.phase, Phase::Plan);
    worker.put_plan(&job, b"the plan").await;
    let json = br#"{"resource_changes":[{"address":"t.n","mode":"managed",
        "change":{"actions":["create"]}}]}"#;
    let shown = world
        .app
        .plan_json_put(&Caller::Embedded, &id, job.fence, json[..].into());
    shown.await.unwrap();
    assert!(!worker.let_go(&job, &plan, PhaseOutcome::Changes).await);
    assert_eq!(world.state(&stack, &id).await, RunState::Unconfirmed);
    assert!(worker.claim().await.is_none());

    let confirmed = world.app.run_confirm(&world.admin, &stack, &id);
    assert_eq!(confirmed.await.unwrap().state, RunState::Confirmed);
    assert_eq!(world.note(&stack, &id).await, "confirmed by admin");
    let again = worker.claim().await.unwrap();
    assert_eq!((&again.run, again.start), (&id, Start::Apply));
    assert!(again.fence > job.fence);
    assert_eq!(again.source.commit.as_deref(), Some(HEAD));
    let apply = worker.prepare(&again).await;
    assert_eq!(apply.phase, Phase::Apply);
    let key = variable(&apply, "AWS_ACCESS_KEY_ID").unwrap();
    assert!(key.ends_with("@infra@write"), "{key}");
    let bundle = world
        .app
        .plan_get(&Caller::Embedded, &id, again.fence)
        .await
        .unwrap();
    assert_eq!(bundle.as_slice(), b"the plan");
    assert!(worker.let_go(&again, &apply, PhaseOutcome::Succeeded).await);

    assert_eq!(
        world.states(&stack, &id).await,
        "QUEUED READY PREPARING INITIALIZING PLANNING UNCONFIRMED CONFIRMED PREPARING_APPLY \
         APPLYING FINISHED"
    );
    let run = world.run(&stack, &id).await;
    let delta = run.delta.unwrap();
    assert_eq!((delta.added, delta.changed, delta.deleted), (1, 0, 0));
    let changes = world.app.run_changes(&world.admin, &stack, &id);
    let changes = changes.await.unwrap().unwrap();
    assert_eq!(changes[0].action, Action::Add);
    assert!(run.lease.is_none() && run.plan_object.is_none());
    let stack = world.read_stack(&stack).await;
    assert_eq!(
        (stack.blocker, stack.state),
        (None, Some(RunState::Finished))
    );
    assert_eq!(accesses(world), ["read", "read", "write"]);
}

async fn autodeploy_applies_at_once(world: &World) {
    let mut draft = world.draft("Infra");
    draft.autodeploy = true;
    let stack = world.stack_of(draft).await;
    world.attach(&stack, "both", true, true).await;
    let worker = world.worker().await;
    let id = world.trigger(&stack, RunKind::Tracked).await;
    let job = worker.claim().await.unwrap();
    assert!(job.autodeploy);
    let apply = started(worker.plan(&job).await);
    assert_eq!(apply.phase, Phase::Apply);
    assert_eq!(world.state(&stack, &id).await, RunState::Applying);
    // The plan's JSON may come while the plan is being applied.
    let shown = world
        .app
        .plan_json_put(&Caller::Embedded, &id, job.fence, b"{}"[..].into());
    shown.await.unwrap();
    assert!(worker.let_go(&job, &apply, PhaseOutcome::Succeeded).await);
    assert_eq!(
        world.states(&stack, &id).await,
        "QUEUED READY PREPARING INITIALIZING PLANNING APPLYING FINISHED"
    );
    assert_eq!(accesses(world), ["read", "read", "write"]);
}

async fn a_plan_without_changes_ends_the_run(world: &World) {
    let stack = world.stack("Infra").await;
    let worker = world.worker().await;
    let id = world.trigger(&stack, RunKind::Tracked).await;
    let job = worker.claim().await.unwrap();
    let init = worker.prepare(&job).await;
    let plan = worker.go_on(&job, &init, PhaseOutcome::Succeeded).await;
    assert!(worker.let_go(&job, &plan, PhaseOutcome::NoChanges).await);
    let run = world.run(&stack, &id).await;
    assert_eq!(run.state, RunState::Finished);
    assert_eq!(run.delta.unwrap().added, 0);
    assert_eq!(world.read_stack(&stack).await.blocker, None);
}

async fn a_new_plan_replaces_the_one_that_waited(world: &World) {
    let stack = world.stack("Infra").await;
    let worker = world.worker().await;
    let id = world.trigger(&stack, RunKind::Tracked).await;
    let first = worker.claim().await.unwrap();
    worker.plan(&first).await;
    worker.release(&first, None).await;
    let replanned = world.app.run_replan(&world.admin, &stack, &id);
    assert_eq!(replanned.await.unwrap().plan_object, None);
    let again = worker.claim().await.unwrap();
    assert_eq!(again.start, Start::Replan);
    assert_eq!(again.source.commit.as_deref(), Some(HEAD));
    let plan = worker.prepare(&again).await;
    assert_eq!(plan.phase, Phase::Plan);
    worker.put_plan(&again, b"another plan").await;
    assert!(!worker.let_go(&again, &plan, PhaseOutcome::Changes).await);
    world
        .app
        .run_confirm(&world.admin, &stack, &id)
        .await
        .unwrap();
    let last = worker.claim().await.unwrap();
    worker.prepare(&last).await;
    let bundle = world
        .app
        .plan_get(&Caller::Embedded, &id, last.fence)
        .await
        .unwrap();
    assert_eq!(bundle.as_slice(), b"another plan");
    assert_eq!(
        world.states(&stack, &id).await,
        "QUEUED READY PREPARING INITIALIZING PLANNING UNCONFIRMED REPLAN_REQUESTED \
         PREPARING_REPLAN PLANNING UNCONFIRMED CONFIRMED PREPARING_APPLY APPLYING"
    );
}

async fn a_task_writes_in_its_only_phase_of_its_own(world: &World) {
    let stack = world.stack("Infra").await;
    world.attach(&stack, "both", true, true).await;
    let worker = world.worker().await;
    for (skip, phases) in [(false, "INITIALIZING PERFORMING"), (true, "PERFORMING")] {
        let task = world
            .app
            .task_create(&world.admin, &stack, " terraform output ", skip, None)
            .await
            .unwrap();
        assert_eq!(task.command.as_deref(), Some("terraform output"));
        let job = worker.claim().await.unwrap();
        assert_eq!(job.command.as_deref(), Some("terraform output"));
        let mut start = worker.prepare(&job).await;
        if !skip {
            start = worker.go_on(&job, &start, PhaseOutcome::Succeeded).await;
        }
        assert_eq!(start.phase, Phase::Perform);
        let key = variable(&start, "AWS_ACCESS_KEY_ID").unwrap();
        assert!(key.ends_with("@infra@write"), "{key}");
        assert!(worker.let_go(&job, &start, PhaseOutcome::Succeeded).await);
        assert_eq!(
            world.states(&stack, &task.id).await,
            format!("QUEUED READY PREPARING {phases} FINISHED")
        );
    }
    assert_eq!(accesses(world), ["read", "write", "write"]);
}

async fn a_destroy_run_takes_the_stack_with_it(world: &World) {
    let stack = world.stack("Infra").await;
    world.attach(&stack, "both", true, true).await;
    let worker = world.worker().await;
    let deleting = world.app.stack_delete(&world.admin, &stack, true);
    let deleting = deleting.await.unwrap().unwrap();
    assert!(deleting.deleting);
    let id = deleting.blocker.unwrap();
    assert_eq!(world.run(&stack, &id).await.kind, RunKind::Destroy);
    let job = worker.claim().await.unwrap();
    assert_eq!(job.kind, RunKind::Destroy);
    let destroy = started(worker.plan(&job).await);
    assert_eq!(destroy.phase, Phase::Destroy);
    assert!(world.read_stack(&stack).await.deleting);
    assert!(worker.let_go(&job, &destroy, PhaseOutcome::Succeeded).await);
    world.app.finish_deletions().await.unwrap();
    assert!(
        world
            .app
            .stack(&world.admin, &stack)
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(accesses(world), ["read", "read", "write"]);
    worker.release(&job, None).await;
}

async fn a_destroy_run_that_fails_leaves_the_stack(world: &World) {
    let stack = world.stack("Infra").await;
    let worker = world.worker().await;
    let waiting = world.trigger(&stack, RunKind::Tracked).await;
    let first = worker.claim().await.unwrap();
    let behind = world.trigger(&stack, RunKind::Tracked).await;
    world
        .app
        .stack_delete(&world.admin, &stack, true)
        .await
        .unwrap();
    worker.release(&first, Some("no such branch")).await;
    assert_eq!(world.state(&stack, &waiting).await, RunState::Failed);
    // Older, but no destroy run: nothing else starts while the stack is on its way out.
    assert_eq!(world.state(&stack, &behind).await, RunState::Queued);
    let job = worker.claim().await.unwrap();
    assert_eq!(job.kind, RunKind::Destroy);
    let init = worker.prepare(&job).await;
    let failed = PhaseOutcome::Failed {
        reason: "exit status 1".into(),
    };
    assert!(worker.let_go(&job, &init, failed).await);
    let stack_now = world.read_stack(&stack).await;
    assert!(!stack_now.deleting);
    assert_eq!(stack_now.blocker, Some(behind));
}

async fn credentials_that_are_refused_fail_the_phase_before_its_command(world: &World) {
    let mut draft = world.draft("Infra");
    draft.autodeploy = true;
    let stack = world.stack_of(draft).await;
    world.attach(&stack, "both", true, true).await;
    world.cloud.refuse("@write");
    let worker = world.worker().await;
    let id = world.trigger(&stack, RunKind::Tracked).await;
    let job = worker.claim().await.unwrap();
    match worker.plan(&job).await {
        Next::Release { ended, .. } => assert!(ended),
        Next::Phase(start) => panic!("the {} phase was started", start.phase),
    }
    assert_eq!(
        world.states(&stack, &id).await,
        "QUEUED READY PREPARING INITIALIZING PLANNING APPLYING FAILED"
    );
    let note = world.note(&stack, &id).await;
    assert!(note.contains("the role does not trust us"), "{note}");
    // The child was never started: nothing is locked, and the next run goes.
    let stack_now = world.read_stack(&stack).await;
    assert!(stack_now.system_lock.is_none() && stack_now.blocker.is_none());
}

async fn what_was_planned_is_what_is_applied(world: &World) {
    let stack = world.stack("Infra").await;
    let worker = world.worker().await;
    let id = world.trigger(&stack, RunKind::Tracked).await;
    let first = worker.claim().await.unwrap();
    worker.plan(&first).await;
    worker.release(&first, None).await;
    world
        .app
        .run_confirm(&world.admin, &stack, &id)
        .await
        .unwrap();
    let again = worker.claim().await.unwrap();
    let moved = "ffffffffffffffffffffffffffffffffffffffff";
    match worker.try_prepare(&again, moved).await.unwrap() {
        Next::Release { ended, .. } => assert!(ended),
        Next::Phase(start) => panic!("the {} phase was started", start.phase),
    }
    let note = world.note(&stack, &id).await;
    assert!(note.contains(moved) && note.contains(HEAD), "{note}");
    assert_eq!(world.state(&stack, &id).await, RunState::Failed);
}

fn with_version(mut draft: StackDraft, version: Option<&str>, tofu: bool) -> StackDraft {
    draft.vendor = VendorDraft::Terraform {
        version: version.map(str::to_owned),
        workflow_tool: tofu.then_some(TerraformWorkflowTool::OpenTofu),
        workspace: None,
        use_smart_sanitization: None,
        external_state_access_enabled: None,
    };
    draft
}

/// A range is resolved once, by the worker that prepares the run; what becomes of the stack's
/// settings afterwards is for later runs.
async fn the_version_that_planned_is_the_one_that_applies(world: &World) {
    let draft = with_version(world.draft("Infra"), Some("~> 1.9.0"), false);
    let stack = world.stack_of(draft).await;
    let mut worker = world.worker().await;
    worker.version = "1.9.8";
    let id = world.trigger(&stack, RunKind::Tracked).await;
    let first = worker.claim().await.unwrap();
    assert_eq!(first.tool.version.as_deref(), Some("~> 1.9.0"));
    worker.plan(&first).await;
    worker.release(&first, None).await;
    let pinned = world.run(&stack, &id).await.tool.unwrap();
    assert_eq!(pinned.to_string(), "terraform 1.9.8");

    let other = with_version(world.draft("Infra"), Some("1.8.0"), true);
    let changed = world.app.stack_update(&world.admin, &stack, other);
    changed.await.unwrap();
    // Another server and another worker: what is pinned is in the database.
    let restarted = world.restarted().await;
    let confirmed = restarted.run_confirm(&world.admin, &stack, &id);
    confirmed.await.unwrap();
    let later = Worker::hello(restarted.clone(), None).await;
    let again = later.claim().await.unwrap();
    assert_eq!((&again.run, again.start), (&id, Start::Apply));
    assert_eq!(again.tool.engine, Engine::Terraform);
    assert_eq!(again.tool.version.as_deref(), Some("1.9.8"));
    restarted.settle().await;
}

async fn another_version_does_not_apply_the_plan(world: &World) {
    let draft = with_version(world.draft("Infra"), Some("~> 1.9.0"), false);
    let stack = world.stack_of(draft).await;
    let mut worker = world.worker().await;
    worker.version = "1.9.8";
    let id = world.trigger(&stack, RunKind::Tracked).await;
    let first = worker.claim().await.unwrap();
    worker.plan(&first).await;
    worker.release(&first, None).await;
    let confirmed = world.app.run_confirm(&world.admin, &stack, &id);
    confirmed.await.unwrap();
    let again = worker.claim().await.unwrap();
    worker.version = "1.9.9";
    match worker.try_prepare(&again, HEAD).await.unwrap() {
        Next::Release { ended, .. } => assert!(ended),
        Next::Phase(start) => panic!("the {} phase was started", start.phase),
    }
    assert_eq!(
        world.note(&stack, &id).await,
        "the worker has terraform 1.9.9, and the run is pinned to terraform 1.9.8"
    );
    assert_eq!(world.state(&stack, &id).await, RunState::Failed);
}

async fn a_retry_is_a_new_run_on_the_same_commit(world: &World) {
    let stack = world.stack("Infra").await;
    let worker = world.worker().await;
    let id = world.trigger(&stack, RunKind::Tracked).await;
    let retry = || world.app.run_retry(&world.admin, &stack, &id);
    let text = retry().await.unwrap_err().to_string();
    assert!(text.contains("can't be retried"), "{text}");
    let job = worker.claim().await.unwrap();
    let init = worker.prepare(&job).await;
    let failed = PhaseOutcome::Failed {
        reason: "exit status 1".into(),
    };
    worker.let_go(&job, &init, failed).await;
    assert_eq!(world.note(&stack, &id).await, "exit status 1");
    let again = retry().await.unwrap();
    assert_ne!(again.id, id);
    assert_eq!(again.requested_commit.as_deref(), Some(HEAD));
    let job = worker.claim().await.unwrap();
    assert_eq!(job.source.commit.as_deref(), Some(HEAD));
}

async fn overrides_reach_their_run_and_no_other(world: &World) {
    let stack = world.stack("Infra").await;
    let worker = world.worker().await;
    let wanted = |name: &str| gantry_app::run::TriggerRun {
        overrides: vec![gantry_app::run::Override {
            name: name.into(),
            value: gantry_core::protocol::WireSecret::new("canary-of-the-run"),
        }]
        .into(),
        ..Default::default()
    };
    for reserved in ["LD_PRELOAD", "SPACELIFT_API_TOKEN", "1X", ""] {
        let refused = world
            .app
            .run_trigger(&world.admin, &stack, wanted(reserved))
            .await;
        assert!(refused.is_err(), "{reserved}");
    }
    let triggered = world
        .app
        .run_trigger(&world.admin, &stack, wanted("TF_VAR_spacelift_run_id"));
    let id = triggered.await.unwrap().id;
    let job = worker.claim().await.unwrap();
    let init = worker.prepare(&job).await;
    assert_eq!(
        variable(&init, "TF_VAR_spacelift_run_id"),
        Some("canary-of-the-run")
    );
    worker.release(&job, Some("enough")).await;
    assert_eq!(world.state(&stack, &id).await, RunState::Failed);

    let other = world.trigger(&stack, RunKind::Tracked).await;
    let job = worker.claim().await.unwrap();
    let init = worker.prepare(&job).await;
    assert_eq!(
        variable(&init, "TF_VAR_spacelift_run_id"),
        Some(other.as_str())
    );
    let late = worker.try_prepare(&job, "0000000000000000000000000000000000000000");
    let Next::Release { ended: true, .. } = late.await.unwrap() else {
        panic!("a run changed its commit");
    };
}
