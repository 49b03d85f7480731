use gantry_app::Who;
use gantry_core::authz::Action;
use gantry_core::protocol::PhaseOutcome;
use gantry_core::run::RunKind;

use super::life::variable;
use crate::world::World;

on_both_databases!(a_run_token_dies_with_its_phase, a_run_token_moves_no_run,);

const TOKEN: &str = "SPACELIFT_API_TOKEN";

async fn a_run_token_dies_with_its_phase(world: &World) {
    let mut draft = world.draft("Infra");
    draft.autodeploy = true;
    draft.administrative = true;
    let stack = world.stack_of(draft).await;
    let space = world.read_stack(&stack).await.settings.space;
    let worker = world.worker().await;
    let id = world.trigger(&stack, RunKind::Tracked).await;
    let job = worker.claim().await.unwrap();
    let init = worker.prepare(&job).await;
    let token = variable(&init, TOKEN).unwrap().to_owned();
    assert!(init.env.iter().all(|v| v.name != TOKEN || v.masked));
    let whose = world.app.subject_of_token(&token).await.unwrap().unwrap();
    assert!(matches!(&whose.who, Who::Run { run, .. } if *run == id));
    assert!(whose.require(Action::See, &space).is_ok());
    assert!(whose.require(Action::Operate, &space).is_err());

    let plan = worker.go_on(&job, &init, PhaseOutcome::Succeeded).await;
    assert!(world.app.subject_of_token(&token).await.unwrap().is_none());
    worker.put_plan(&job, b"the plan").await;
    let apply = worker.go_on(&job, &plan, PhaseOutcome::Changes).await;
    let token = variable(&apply, TOKEN).unwrap().to_owned();
    let whose = world.app.subject_of_token(&token).await.unwrap().unwrap();
    assert!(whose.require(Action::Administer, &space).is_ok());
    worker.let_go(&job, &apply, PhaseOutcome::Succeeded).await;
    assert!(world.app.subject_of_token(&token).await.unwrap().is_none());
}

async fn a_run_token_moves_no_run(world: &World) {
    let mut draft = world.draft("Infra");
    draft.administrative = true;
    let stack = world.stack_of(draft).await;
    let worker = world.worker().await;
    let task = world
        .app
        .task_create(&world.admin, &stack, "true", true, None)
        .await
        .unwrap();
    let job = worker.claim().await.unwrap();
    let perform = worker.prepare(&job).await;
    let token = variable(&perform, TOKEN).unwrap();
    let whose = world.app.subject_of_token(token).await.unwrap().unwrap();
    let app = &world.app;
    let refused = [
        app.run_trigger(&whose, &stack, Default::default()).await,
        app.task_create(&whose, &stack, "true", true, None).await,
        app.run_stop(&whose, &stack, &task.id, None).await,
        app.run_confirm(&whose, &stack, &task.id).await,
        app.run_prioritize_set(&whose, &stack, &task.id, true).await,
        app.run_retry(&whose, &stack, &task.id).await,
    ];
    for answer in refused {
        let text = answer.unwrap_err().to_string();
        assert!(text.starts_with("unauthorized"), "{text}");
    }
    assert!(app.run_discard_all(&whose, &stack).await.is_err());
    assert!(app.stack_delete(&whose, &stack, true).await.is_err());
}
