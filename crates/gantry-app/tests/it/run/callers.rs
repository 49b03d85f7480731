//! Who speaks for a worker and for its runs: nobody but whoever joined as it did.

use gantry_app::gateway::NoCaller;
use gantry_app::worker_token;
use gantry_core::caller::Caller;
use gantry_core::ids::{WorkerId, WorkerTokenId};
use gantry_core::protocol::{
    Claim, Claimed, Heartbeat, Hello, Issued, PhaseOutcome, Released, VERSION,
};
use gantry_core::run::{Phase, RunKind, RunState};

use crate::world::{Worker, World, refusal};

on_both_databases!(
    a_run_is_its_own_callers,
    a_worker_is_its_own_callers,
    nobody_buries_the_worker_of_another_caller,
    a_token_counts_until_it_is_revoked,
    a_claim_whose_answer_was_lost_is_answered_again,
    a_server_that_is_ending_gives_nothing_out,
);

async fn token(world: &World, name: &str) -> Caller {
    let store = world.store().await;
    let made = worker_token::create(&store, name, world.clock.now()).await;
    let made = made.unwrap();
    let caller = world
        .app
        .caller_with_token(&made.token.id, &made.secret)
        .await;
    store.close().await;
    caller.unwrap()
}

async fn a_run_is_its_own_callers(world: &World) {
    let stack = world.stack("Infra").await;
    let (mine, foreign) = (token(world, "mine").await, token(world, "foreign").await);
    let mut worker = Worker::hello_as(world.app.clone(), mine.clone(), None).await;
    let id = world.trigger(&stack, RunKind::Tracked).await;
    let job = worker.claim().await.unwrap();
    let init = worker.prepare(&job).await;
    let plan = worker.go_on(&job, &init, PhaseOutcome::Succeeded).await;

    // The right run under the right number, from somebody else.
    for other in [&foreign, &Caller::Embedded] {
        worker.caller = other.clone();
        let app = &world.app;
        let beat = Heartbeat {
            fence: job.fence,
            wait_ms: 0,
        };
        let issued = Issued {
            fence: job.fence,
            phase: Phase::Plan,
            version: plan.version,
            outcomes: vec![],
        };
        let released = Released {
            fence: job.fence,
            failed: None,
        };
        let bytes = || bytes::Bytes::from_static(b"{}");
        let said = [
            refusal(worker.try_prepare(&job, crate::world::HEAD).await),
            refusal(worker.try_finish(&job, &plan, PhaseOutcome::Changes).await),
            refusal(app.run_heartbeat(other, &id, &beat).await),
            refusal(app.run_issued(other, &id, &issued).await),
            refusal(app.run_released(other, &id, &released).await),
            refusal(app.plan_put(other, &id, job.fence, bytes()).await),
            refusal(app.plan_get(other, &id, job.fence).await.map(|_| ())),
            refusal(app.plan_json_put(other, &id, job.fence, bytes()).await),
            refusal(app.errored_state_put(other, &id, job.fence, bytes()).await),
            refusal(
                app.errored_state_get(other, &id, job.fence)
                    .await
                    .map(|_| ()),
            ),
            refusal(
                app.run_log_append(other, &id, plan.version, job.fence, 0, bytes())
                    .await,
            ),
        ];
        for said in said {
            assert!(said.contains("joined in another way"), "{said}");
        }
    }
    assert_eq!(world.state(&stack, &id).await, RunState::Planning);
    worker.caller = mine;
    worker.put_plan(&job, b"the plan").await;
    assert!(!worker.let_go(&job, &plan, PhaseOutcome::Changes).await);
}

async fn a_worker_is_its_own_callers(world: &World) {
    let (mine, foreign) = (token(world, "mine").await, token(world, "foreign").await);
    let worker = Worker::hello_as(world.app.clone(), mine, None).await;
    let claim = Claim {
        worker: worker.id.clone(),
        wait_ms: 0,
        holding: None,
    };
    let said = refusal(world.app.run_claim(&foreign, &claim).await);
    assert!(said.contains("joined in another way"), "{said}");
    let hello = Hello {
        protocol: VERSION,
        worker: worker.id.clone(),
        predecessor: None,
        sandbox: "none".into(),
        metadata_unfiltered: None,
        slots: 1,
        metadata: Default::default(),
    };
    let said = refusal(world.app.worker_hello(&foreign, &hello).await);
    assert!(said.contains("joined in another way"), "{said}");
    let old = Hello {
        protocol: VERSION - 1,
        ..hello
    };
    let said = refusal(world.app.worker_hello(&foreign, &old).await);
    let versions = [VERSION - 1, VERSION].map(|version| format!("version {version}"));
    assert!(
        versions.iter().all(|version| said.contains(version)),
        "{said}"
    );
}

async fn nobody_buries_the_worker_of_another_caller(world: &World) {
    let stack = world.stack("Infra").await;
    let (mine, foreign) = (token(world, "mine").await, token(world, "foreign").await);
    let worker = Worker::hello_as(world.app.clone(), mine.clone(), None).await;
    let id = world.trigger(&stack, RunKind::Tracked).await;
    let job = worker.claim().await.unwrap();
    let init = worker.prepare(&job).await;
    for other in [foreign, Caller::Embedded] {
        Worker::hello_as(world.app.clone(), other, Some(&worker.id)).await;
        assert_eq!(world.state(&stack, &id).await, RunState::Initializing);
    }
    let unknown = WorkerId::new("01NOBODY");
    Worker::hello_as(world.app.clone(), mine.clone(), Some(&unknown)).await;
    worker.go_on(&job, &init, PhaseOutcome::Succeeded).await;
    Worker::hello_as(world.app.clone(), mine, Some(&worker.id)).await;
    assert_eq!(world.state(&stack, &id).await, RunState::Failed);
}

async fn a_token_counts_until_it_is_revoked(world: &World) {
    let store = world.store().await;
    let made = worker_token::create(&store, "edge", world.clock.now()).await;
    let made = made.unwrap();
    let id = &made.token.id;
    let ask = async |id: &WorkerTokenId, secret: &str| {
        let answer = world.app.caller_with_token(id, &secret.into()).await;
        answer.map_err(|error| match error {
            NoCaller::Unwelcome(reason) => reason,
            NoCaller::Failed(error) => panic!("{error}"),
        })
    };
    use secrecy::ExposeSecret as _;
    let secret = made.secret.expose_secret();
    assert_eq!(ask(id, secret).await, Ok(Caller::Shared(id.clone())));
    let listed = worker_token::list(&store).await.unwrap();
    assert_eq!(listed[0].last_used_at, Some(world.clock.now()));
    for (id, secret) in [
        (id.clone(), "another secret"),
        (id.clone(), ""),
        (WorkerTokenId::new("01NOBODY"), secret),
    ] {
        let refused = ask(&id, secret).await.unwrap_err();
        assert!(refused.contains("knows no such worker token"), "{refused}");
    }
    worker_token::revoke(&store, id, world.clock.now())
        .await
        .unwrap();
    let refused = ask(id, secret).await.unwrap_err();
    assert!(refused.contains("was revoked"), "{refused}");
    assert!(refused.contains("edge"), "{refused}");
    // Once more changes nothing; another one is missing.
    worker_token::revoke(&store, id, world.clock.now())
        .await
        .unwrap();
    let nobody = WorkerTokenId::new("01NOBODY");
    worker_token::revoke(&store, &nobody, 0).await.unwrap_err();
    store.close().await;
}

async fn a_claim_whose_answer_was_lost_is_answered_again(world: &World) {
    let stack = world.stack("Infra").await;
    let worker = world.worker().await;
    let id = world.trigger(&stack, RunKind::Tracked).await;
    let lost = worker.claim().await.unwrap();
    let again = async |holding: Vec<gantry_core::ids::RunId>| {
        let claim = Claim {
            worker: worker.id.clone(),
            wait_ms: 0,
            holding: Some(holding),
        };
        let answer = world.app.run_claim(&Caller::Embedded, &claim).await;
        match answer.unwrap()? {
            Claimed::Run(job) => Some(*job),
            Claimed::Go => panic!("nobody told the worker to go"),
        }
    };
    let job = again(vec![]).await.expect("it is handed out again");
    assert_eq!((&job.run, job.fence), (&id, lost.fence));
    assert!(again(vec![id.clone()]).await.is_none());
    worker.prepare(&job).await;
    // Whoever has prepared it knows of it.
    assert!(again(vec![]).await.is_none());
}

async fn a_server_that_is_ending_gives_nothing_out(world: &World) {
    let stack = world.stack("Infra").await;
    let worker = world.worker().await;
    world.app.give_no_runs();
    world.trigger(&stack, RunKind::Tracked).await;
    let claim = Claim {
        worker: worker.id.clone(),
        wait_ms: 10_000,
        holding: None,
    };
    let begin = std::time::Instant::now();
    let answer = world.app.run_claim(&Caller::Embedded, &claim).await;
    assert!(matches!(
        answer,
        Err(gantry_app::gateway::GatewayError::Failed(_))
    ));
    assert!(begin.elapsed().as_secs() < 5);
}
