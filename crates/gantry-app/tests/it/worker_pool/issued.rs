use gantry_app::cloud_integration::IntegrationInput;
use gantry_app::role::RoleInput;
use gantry_core::caller::Caller;
use gantry_core::credentials::cloud::Cloud;
use gantry_core::credentials::issuing::{Issuing, IssuingOutcome};
use gantry_core::ids::{RunId, StackId, WorkerPoolId};
use gantry_core::protocol::{GrantOutcome, Issued, PhaseStart, Session};
use gantry_core::run::RunKind;

use crate::world::{Worker, World};

on_both_databases!(
    a_session_is_held_to_end_no_earlier_than_it_was_granted,
    what_was_not_issued_is_not_kept_as_asked_for,
);

impl World {
    async fn attach_in_worker(&self, stack: &StackId) {
        let input = IntegrationInput {
            name: "private".into(),
            space: Some("legacy".into()),
            role: RoleInput {
                role_arn: "arn:aws:iam::111122223333:role/private".into(),
                generate_credentials_in_worker: true,
                duration_seconds: Some(900),
                ..Default::default()
            },
            ..Default::default()
        };
        let made = self.app.integration_create(&self.admin, Cloud::Aws, &input);
        let id = made.await.unwrap().id;
        let attached =
            self.app
                .integration_attach(&self.admin, Cloud::Aws, &id, stack, (true, true));
        attached.await.unwrap();
    }

    async fn granted(&self, run: &RunId) -> Issuing {
        let store = self.store().await;
        let records = gantry_store::issuing::of_run(store.reader(), run).await;
        let mut records = records.unwrap();
        store.close().await;
        assert_eq!(records.len(), 1, "{records:?}");
        records.remove(0)
    }
}

/// A run whose first phase was granted a role, and its worker.
async fn at_its_first_phase(world: &World) -> (Worker, gantry_core::protocol::Job, PhaseStart) {
    let pool: WorkerPoolId = world.pool("private").await;
    let stack = world.stack_on("Infra", &pool).await;
    world.attach_in_worker(&stack).await;
    let worker = Worker::hello_as(world.app.clone(), Caller::Private(pool), None).await;
    world.trigger(&stack, RunKind::Tracked).await;
    let job = worker.claim().await.unwrap();
    let start = worker.prepare(&job).await;
    assert_eq!(start.grants.len(), 1, "{:?}", start.grants);
    (worker, job, start)
}

fn issued(fence: i64, start: &PhaseStart, outcome: GrantOutcome) -> Issued {
    Issued {
        fence,
        phase: start.phase,
        version: start.version,
        outcomes: vec![outcome],
    }
}

async fn a_session_is_held_to_end_no_earlier_than_it_was_granted(world: &World) {
    let (worker, job, start) = at_its_first_phase(world).await;
    let granted = world.granted(&job.run).await;
    let latest = granted.expires_at.unwrap();
    let outcome = GrantOutcome {
        id: start.grants[0].id.clone(),
        trial: None,
        session: Some(Session {
            asked_as: None,
            expires_at: Some(granted.decided_at + 1_000),
        }),
        failed: None,
    };
    let message = issued(job.fence, &start, outcome);
    let told = world.app.run_issued(&worker.caller, &job.run, &message);
    told.await.unwrap();
    let record = world.granted(&job.run).await;
    assert_eq!(record.outcome, IssuingOutcome::Issued);
    assert_eq!(record.expires_at, Some(latest));
    assert!(latest - granted.decided_at >= 900_000, "{record:?}");
}

async fn what_was_not_issued_is_not_kept_as_asked_for(world: &World) {
    let (worker, job, start) = at_its_first_phase(world).await;
    let outcome = GrantOutcome {
        id: start.grants[0].id.clone(),
        trial: None,
        session: None,
        failed: Some("it was not asked for".into()),
    };
    let message = issued(job.fence, &start, outcome);
    let told = world.app.run_issued(&worker.caller, &job.run, &message);
    told.await.unwrap();
    let record = world.granted(&job.run).await;
    assert_ne!(record.outcome, IssuingOutcome::Requested);
    assert!(
        record.note.contains("it was not asked for"),
        "{}",
        record.note
    );
}
