use gantry_app::context::ContextInput;
use gantry_app::run::{Override, Overrides, TriggerRun};
use gantry_core::hooks::Hooks;
use gantry_core::protocol::{Next, PhaseOutcome, PhaseStart, WireSecret};
use gantry_core::run::RunKind;

use super::{file, named, variable};
use crate::world::World;

on_both_databases!(
    a_phase_gets_the_strongest_of_each_name,
    hooks_of_contexts_surround_the_stacks_own,
    credentials_in_a_context_are_the_users_own,
    a_secret_in_a_context_keeps_a_lost_workers_lock,
    files_that_are_in_each_others_way_fail_the_phase,
    a_run_has_hooks_project_root_and_version_of_its_own,
    what_a_run_can_not_have_of_its_own_is_refused,
);

fn value(start: &PhaseStart, name: &str) -> Option<String> {
    // Later ones win.
    let found = start.env.iter().rev().find(|v| v.name == name);
    found.map(|variable| variable.value.expose().to_owned())
}

async fn a_phase_gets_the_strongest_of_each_name(world: &World) {
    let stack = world.stack("Infra").await;
    let auto = ContextInput {
        labels: vec!["autoattach:*".into()],
        ..named("Auto")
    };
    let auto = world.context(auto).await;
    let (low, high) = (
        world.context(named("Low")).await,
        world.context(named("High")).await,
    );
    world.attach_context(&low, &stack, 0).await;
    world.attach_context(&high, &stack, 1).await;
    for (context, names) in [
        (&auto, &["A", "B", "C", "D", "E"][..]),
        (&high, &["B", "C", "D", "E"]),
        (&low, &["C", "D", "E"]),
    ] {
        for name in names {
            world
                .set_in_context(context, variable(name, context.as_str(), false))
                .await;
        }
        world
            .set_in_context(context, file("shared", "aGk=", *context == low))
            .await;
    }
    for name in ["D", "E"] {
        world
            .set_on_stack(&stack, variable(name, "stack", true))
            .await;
    }
    world.set_on_stack(&stack, file("own", "b3du", false)).await;
    let wanted = TriggerRun {
        kind: Some(RunKind::Proposed),
        overrides: vec![Override {
            name: "E".into(),
            value: WireSecret::new("override"),
        }]
        .into(),
        ..TriggerRun::default()
    };
    world
        .app
        .run_trigger(&world.admin, &stack, wanted)
        .await
        .unwrap();
    let worker = world.worker().await;
    let job = worker.claim().await.unwrap();
    let start = worker.prepare(&job).await;
    for (name, expected) in [
        ("A", "auto"),
        ("B", "high"),
        ("C", "low"),
        ("D", "stack"),
        ("E", "override"),
    ] {
        assert_eq!(value(&start, name).as_deref(), Some(expected), "{name}");
    }
    // A value that nobody gets is not sent at all.
    let sent = start.env.iter().filter(|v| v.name == "D").count();
    assert_eq!(sent, 1);
    let files: Vec<_> = start
        .files
        .iter()
        .map(|file| (file.path.as_str(), file.content.expose(), file.masked))
        .collect();
    assert_eq!(files, [("own", "b3du", false), ("shared", "aGk=", true)]);
    assert!(!format!("{start:?}").contains("aGk="));

    // The next phase gets what is set then.
    world
        .set_in_context(&low, variable("C", "later", false))
        .await;
    let plan = worker.go_on(&job, &start, PhaseOutcome::Succeeded).await;
    assert_eq!(value(&plan, "C").as_deref(), Some("later"));
    assert_eq!(plan.files.len(), 2);

    // So do the hooks at the very end.
    let next = worker
        .try_finish(&job, &plan, PhaseOutcome::NoChanges)
        .await;
    let Next::Release {
        ended: true,
        env,
        files,
    } = next.unwrap()
    else {
        panic!("it goes on");
    };
    let last = env.iter().rev().find(|variable| variable.name == "E");
    assert_eq!(last.unwrap().value.expose(), "override");
    assert_eq!(files.len(), 2);
}

async fn hooks_of_contexts_surround_the_stacks_own(world: &World) {
    let hooks = |mark: &str| Hooks {
        before_init: vec![format!("{mark} before init")],
        after_init: vec![format!("{mark} after init")],
        before_plan: vec![format!("{mark} before plan")],
        after_plan: vec![format!("{mark} after plan")],
        after_run: vec![format!("{mark} after run")],
        ..Hooks::default()
    };
    let mut draft = world.draft("Infra");
    draft.hooks = hooks("stack");
    let stack = world.stack_of(draft).await;
    for (name, priority) in [("one", 5), ("two", 0)] {
        let input = ContextInput {
            hooks: hooks(name),
            ..named(name)
        };
        let context = world.context(input).await;
        world.attach_context(&context, &stack, priority).await;
    }
    world.trigger(&stack, RunKind::Proposed).await;
    let worker = world.worker().await;
    let job = worker.claim().await.unwrap();
    assert_eq!(
        job.after_run,
        ["one after run", "two after run", "stack after run"]
    );
    let init = worker.prepare(&job).await;
    let before = ["two before init", "one before init", "stack before init"];
    assert_eq!(init.before, before);
    let after = ["one after init", "two after init", "stack after init"];
    assert_eq!(init.after, after);
    let plan = worker.go_on(&job, &init, PhaseOutcome::Succeeded).await;
    assert_eq!(plan.before[0], "two before plan");
    assert_eq!(plan.after[2], "stack after plan");
    // For an initialisation that has to be repeated.
    assert_eq!(
        (plan.init_before, plan.init_after),
        (
            before.map(str::to_owned).to_vec(),
            after.map(str::to_owned).to_vec()
        )
    );
}

async fn credentials_in_a_context_are_the_users_own(world: &World) {
    let stack = world.stack("Infra").await;
    world.attach(&stack, "reader", true, false).await;
    let context = world.context(named("Keys")).await;
    world
        .set_in_context(&context, variable("AWS_PROFILE", "mine", false))
        .await;
    let explained = async || {
        let stack = world.read_stack(&stack).await;
        let preview = world.app.credentials_preview(&stack).await.unwrap();
        preview[0].explanation.clone()
    };
    assert!(!explained().await.contains("AWS_PROFILE"));
    world.attach_context(&context, &stack, 0).await;
    let sentence = explained().await;
    assert!(sentence.contains("AWS_PROFILE"), "{sentence}");

    world.trigger(&stack, RunKind::Proposed).await;
    let worker = world.worker().await;
    let job = worker.claim().await.unwrap();
    let start = worker.prepare(&job).await;
    assert!(start.credentials.is_empty());
    assert!(
        start
            .notices
            .iter()
            .any(|notice| notice.contains("AWS_PROFILE")),
        "{:?}",
        start.notices
    );
}

async fn a_secret_in_a_context_keeps_a_lost_workers_lock(world: &World) {
    for (name, element) in [
        ("Variable", variable("TOKEN", "hush", true)),
        ("File", file("kubeconfig", "aGk=", true)),
    ] {
        let stack = world.stack(name).await;
        let context = world.context(named(name)).await;
        world.set_in_context(&context, element).await;
        world.attach_context(&context, &stack, 0).await;
        let task = world
            .app
            .task_create(&world.admin, &stack, "true", true, None);
        let run = task.await.unwrap().id;
        let worker = world.worker().await;
        let job = worker.claim().await.unwrap();
        worker.prepare(&job).await;
        assert!(world.run(&stack, &run).await.user_secrets, "{name}");
    }
}

async fn files_that_are_in_each_others_way_fail_the_phase(world: &World) {
    let stack = world.stack("Infra").await;
    let context = world.context(named("Files")).await;
    world
        .set_in_context(&context, file("a/b", "aGk=", false))
        .await;
    world.set_on_stack(&stack, file("a", "aGk=", false)).await;
    world.attach_context(&context, &stack, 0).await;
    let run = world.trigger(&stack, RunKind::Proposed).await;
    let worker = world.worker().await;
    let job = worker.claim().await.unwrap();
    let next = worker.try_prepare(&job, crate::world::HEAD).await.unwrap();
    assert!(matches!(next, Next::Release { ended: true, .. }));
    let note = world.note(&stack, &run).await;
    assert!(note.contains("\"a\" and \"a/b\""), "{note}");
}

async fn a_run_has_hooks_project_root_and_version_of_its_own(world: &World) {
    let mut draft = world.draft("Infra");
    draft.hooks = Hooks {
        before_plan: vec!["stack before".into()],
        after_plan: vec!["stack after".into()],
        ..Hooks::default()
    };
    let stack = world.stack_of(draft).await;
    let shared = ContextInput {
        hooks: Hooks {
            before_plan: vec!["context before".into()],
            ..Hooks::default()
        },
        ..named("Shared")
    };
    let shared = world.context(shared).await;
    world.attach_context(&shared, &stack, 0).await;
    let wanted = TriggerRun {
        kind: Some(RunKind::Proposed),
        overrides: Overrides {
            hooks: Hooks {
                before_plan: vec!["run before".into()],
                after_run: vec!["run end".into()],
                ..Hooks::default()
            },
            project_root: Some("live/prod".into()),
            tool_version: Some("1.10.5".into()),
            ..Overrides::default()
        },
        ..TriggerRun::default()
    };
    let run = world.app.run_trigger(&world.admin, &stack, wanted).await;
    let run = run.unwrap().id;
    let worker = world.worker().await;
    let job = worker.claim().await.unwrap();
    assert_eq!(job.source.project_root, "live/prod");
    assert_eq!(job.tool.version.as_deref(), Some("1.10.5"));
    assert_eq!(job.after_run, ["run end"]);
    let init = worker.prepare(&job).await;
    let root = value(&init, "TF_VAR_spacelift_project_root");
    assert_eq!(root.as_deref(), Some("live/prod"));
    let plan = worker.go_on(&job, &init, PhaseOutcome::Succeeded).await;
    // In place of the stack's, not of the contexts'.
    assert_eq!(plan.before, ["context before", "run before"]);
    assert_eq!(plan.after, ["stack after"]);
    let failed = PhaseOutcome::Failed {
        reason: "as it happens".into(),
    };
    worker.let_go(&job, &plan, failed).await;

    // A retry has the same, another run has not.
    let again = world.app.run_retry(&world.admin, &stack, &run).await;
    again.unwrap();
    let job = worker.claim().await.unwrap();
    assert_eq!(job.source.project_root, "live/prod");
    worker.release(&job, Some("enough")).await;
    world.trigger(&stack, RunKind::Proposed).await;
    let job = worker.claim().await.unwrap();
    assert_eq!(
        (job.source.project_root.as_str(), job.tool.version),
        ("", None)
    );
    assert!(job.after_run.is_empty());
}

async fn what_a_run_can_not_have_of_its_own_is_refused(world: &World) {
    let stack = world.stack("Infra").await;
    for (overrides, part) in [
        (
            Overrides {
                project_root: Some("../elsewhere".into()),
                ..Overrides::default()
            },
            "runtimeConfig.projectRoot `../elsewhere` leads out of the repository",
        ),
        (
            Overrides {
                tool_version: Some("newest".into()),
                ..Overrides::default()
            },
            "runtimeConfig.version `newest`",
        ),
        (
            Overrides {
                hooks: Hooks {
                    before_init: vec!["a\0b".into()],
                    ..Hooks::default()
                },
                ..Overrides::default()
            },
            "beforeInit: a command contains a zero byte",
        ),
    ] {
        let wanted = TriggerRun {
            overrides,
            ..TriggerRun::default()
        };
        let refused = world.app.run_trigger(&world.admin, &stack, wanted).await;
        let refused = refused.unwrap_err().to_string();
        assert!(refused.contains(part), "{refused}");
    }
}
