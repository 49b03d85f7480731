//! Credentials at the moment a phase starts: when they can't be had, and when nobody wants them.

use std::time::Duration;

use gantry_testkit::client::{IntegrationInput, StackInput};
use gantry_testkit::server::Builder;
use gantry_testkit::sts_proxy::Fault;
use gantry_testkit::trust;
use gantry_testkit::witness::Witness;

use crate::world::{ALWAYS_CHANGES, Access, World};

on_both_databases!(
    a_phase_whose_credentials_fail_never_starts,
    a_role_that_turns_away_between_plan_and_apply_fails_the_apply,
    credentials_of_the_user_are_not_mixed_with_ours,
    a_phase_that_outlives_its_credentials_says_so,
    two_automatic_integrations_for_one_access_fail_the_phase,
);

const BOTH: [Access; 2] = [Access::Read, Access::Write];

async fn attached_stack(world: &World, name: &str, witness: &Witness) -> String {
    let repository = world.repository(name, &[("main.tf", ALWAYS_CHANGES)]);
    let mut input = StackInput::new(name, repository.path());
    for (place, phase) in [
        ("beforeInit", "initialize"),
        ("beforePlan", "plan"),
        ("beforeApply", "apply"),
    ] {
        input = input.hook(place, &witness.hook(phase));
    }
    let stack = world.stack(&input).await;
    let integration = world.integration(name, &stack, &BOTH).await;
    world
        .client
        .attach(&integration, &stack, true, true)
        .await
        .unwrap();
    stack
}

async fn a_phase_whose_credentials_fail_never_starts(builder: Builder) {
    let world = World::of(builder).await;
    let witness = Witness::start().unwrap();
    let stack = attached_stack(&world, "failing", &witness).await;
    for (fault, reason) in [
        (Fault::throttling(), "throttling"),
        (Fault::unavailable(), "ServiceUnavailable"),
        (Fault::Disconnect, "STS"),
        (
            Fault::Error {
                status: 403,
                code: "AccessDenied",
                message: "turned away",
            },
            "turned away",
        ),
        (
            Fault::Body {
                status: 200,
                body: "nonsense",
            },
            "STS",
        ),
    ] {
        world.server.proxy().break_all(fault.clone());
        let run = world.client.trigger(&stack, "TRACKED", None).await.unwrap();
        let view = world.client.wait_for_end(&stack, &run).await.unwrap();
        assert_eq!(view.state, "FAILED", "{fault:?}");
        assert!(
            view.reason().contains(reason),
            "{fault:?}: {}",
            view.reason()
        );
        assert_eq!(witness.heard(), [], "{fault:?}: the phase started");
    }
    world.server.proxy().heal();
    world.apply(&stack).await;
    assert_eq!(witness.heard().len(), 3);
}

async fn a_role_that_turns_away_between_plan_and_apply_fails_the_apply(builder: Builder) {
    let world = World::of(builder).await;
    let witness = Witness::start().unwrap();
    let stack = attached_stack(&world, "turning", &witness).await;
    let run = world.client.trigger(&stack, "TRACKED", None).await.unwrap();
    let view = world
        .client
        .wait_for(&stack, &run, "UNCONFIRMED")
        .await
        .unwrap();
    world.expect(&stack, &view, "UNCONFIRMED").await;
    let nobody = trust::requires(&world.server.identity().arn, &["nobody-has-this"]);
    world
        .ministack()
        .change_trust(&world.role_name("turning"), &nobody)
        .await
        .unwrap();
    world.client.confirm(&stack, &run).await.unwrap();
    let view = world.client.wait_for_end(&stack, &run).await.unwrap();
    assert_eq!(view.state, "FAILED");
    assert!(
        view.reason().contains(&world.role_arn("turning")),
        "{}",
        view.reason()
    );
    let phases: Vec<String> = witness.heard().into_iter().map(|said| said.phase).collect();
    assert_eq!(phases, ["initialize", "plan"]);
}

async fn credentials_of_the_user_are_not_mixed_with_ours(builder: Builder) {
    let world = World::of(builder).await;
    let witness = Witness::start().unwrap();
    let stack = attached_stack(&world, "own", &witness).await;
    let name = world.role_name("user");
    let keys = world
        .ministack()
        .create_user(&name, &["s3:GetObject"], &["*"])
        .await
        .unwrap();
    world
        .client
        .set_variable(&stack, "AWS_ACCESS_KEY_ID", &keys.access_key_id, false)
        .await
        .unwrap();
    world
        .client
        .set_variable(
            &stack,
            "AWS_SECRET_ACCESS_KEY",
            &keys.secret_access_key,
            true,
        )
        .await
        .unwrap();
    world.server.proxy().forget_calls();
    world.apply(&stack).await;
    let asked: Vec<_> = world.server.proxy().calls();
    assert!(
        asked.iter().all(|call| call.action != "AssumeRole"),
        "{asked:?}"
    );
    let user = format!(":user/{name}");
    let heard = witness.heard();
    assert_eq!(heard.len(), 3);
    assert!(
        heard.iter().all(|said| said.identity.ends_with(&user)),
        "{heard:?}"
    );
}

async fn a_phase_that_outlives_its_credentials_says_so(builder: Builder) {
    let world = World::of(builder).await;
    let repository = world.repository("late", &[("main.tf", ALWAYS_CHANGES)]);
    let input = StackInput::new("late", repository.path()).hook("beforePlan", "sleep 4");
    let stack = world.stack(&input).await;
    let integration = world.integration("late", &stack, &BOTH).await;
    world
        .client
        .attach(&integration, &stack, true, true)
        .await
        .unwrap();
    world
        .server
        .proxy()
        .break_all(Fault::Expire(Duration::from_secs(2)));
    let run = world
        .client
        .trigger(&stack, "PROPOSED", None)
        .await
        .unwrap();
    let view = world.client.wait_for_end(&stack, &run).await.unwrap();
    world.expect(&stack, &view, "FINISHED").await;
    let log = world.client.log(&stack, &run, "PLANNING").await.unwrap();
    assert!(
        log.contains("the credentials of this phase ended at"),
        "{log}"
    );
    let planning = view.history.iter().find(|step| step.state == "PLANNING");
    let note = &planning.unwrap().note;
    assert!(
        note.starts_with("the read credentials of the plan phase ended at "),
        "{note}"
    );
}

async fn two_automatic_integrations_for_one_access_fail_the_phase(builder: Builder) {
    let world = World::of(builder).await;
    let witness = Witness::start().unwrap();
    let repository = world.repository("crowded", &[("main.tf", ALWAYS_CHANGES)]);
    let mut input = StackInput::new("crowded", repository.path());
    input.labels = vec!["crowd".to_owned()];
    let stack = world
        .stack(&input.hook("beforeInit", &witness.hook("initialize")))
        .await;
    for name in ["first", "second"] {
        let input = IntegrationInput {
            autoattach: true,
            labels: vec!["autoattach:crowd".to_owned()],
            ..IntegrationInput::new(name, &world.role_arn(name))
        };
        world.client.create_integration(&input).await.unwrap();
    }
    world.server.proxy().forget_calls();
    let run = world
        .client
        .trigger(&stack, "PROPOSED", None)
        .await
        .unwrap();
    let view = world.client.wait_for_end(&stack, &run).await.unwrap();
    assert_eq!(view.state, "FAILED");
    let reason = view.reason();
    assert!(
        reason.contains("first") && reason.contains("second"),
        "{reason}"
    );
    assert_eq!(witness.heard(), [], "the phase started");
    let asked = world.server.proxy().calls();
    assert!(
        asked.iter().all(|call| call.action != "AssumeRole"),
        "{asked:?}"
    );
}
