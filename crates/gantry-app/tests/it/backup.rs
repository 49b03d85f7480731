//! Backup while runs are at work, restore into another place, and what of the old life still counts
//! there: nothing.

mod refused;

use std::path::Path;
use std::sync::Arc;

use gantry_app::api_key::{self, ApiKeyDraft};
use gantry_app::backup::{self, Manifest, Programs, Wanted};
use gantry_app::restore::{NewEpoch, Restore, Target};
use gantry_app::{App, MasterKey, MasterKeySource, Objects, ObjectsLocation, OpError};
use gantry_core::caller::Caller;
use gantry_core::ids::{RunId, StackId, WorkerId};
use gantry_core::protocol::{Claim, Heartbeat, Hello, Job, PhaseOutcome, VERSION};
use gantry_core::run::{RunKind, RunState, SystemLock};
use secrecy::ExposeSecret as _;

use crate::world::{Fresh, MASTER_KEY, NOW, Worker, World, refusal, started};

on_both_databases!(
    nothing_of_the_old_life_counts_after_a_restore,
    objects_that_come_and_go_meanwhile_are_in_the_backup,
);

fn objects(folder: &Path) -> Objects {
    Objects::open(&ObjectsLocation::Directory(folder.join("objects"))).unwrap()
}

fn key() -> MasterKeySource {
    (&MasterKey::parse(MASTER_KEY).unwrap()).into()
}

async fn back_up(world: &World, to: &Path) -> Result<Manifest, OpError> {
    let programs = Programs::default();
    let wanted = Wanted {
        connect: world.connect(),
        objects: &Objects::open(&ObjectsLocation::Directory(world.objects())).unwrap(),
        programs: &programs,
        with_key: None,
        incomplete: false,
        version: "0.0.0",
    };
    backup::make(&wanted, to, world.clock.now()).await
}

/// Restores into `fresh`; the server that comes up there.
async fn restore(
    world: &World,
    from: &Path,
    fresh: &Fresh,
    master: &MasterKeySource,
) -> Result<(Arc<App>, NewEpoch), OpError> {
    let target = Target {
        connect: &fresh.connect,
        objects: &objects(fresh.folder()),
        programs: &Programs::default(),
        master,
    };
    let restore = Restore::check(from, target).await?;
    let open = async |store| world.open_in(fresh, store, master).await;
    let begun = restore.run(open).await?;
    let store = gantry_store::Store::open(&fresh.connect).await?;
    Ok((world.open_in(fresh, store, master).await?, begun))
}

struct AtWork {
    stack: StackId,
    id: RunId,
    job: Job,
}

async fn claimed(world: &World, worker: &Worker, name: &str, kind: RunKind) -> AtWork {
    let mut draft = world.draft(name);
    draft.autodeploy = true;
    let stack = world.stack_of(draft).await;
    world.attach(&stack, name, true, true).await;
    let id = world.trigger(&stack, kind).await;
    let job = worker.claim().await.unwrap();
    AtWork { stack, id, job }
}

async fn nothing_of_the_old_life_counts_after_a_restore(world: &World) {
    let worker = world.worker().await;
    let done = claimed(world, &worker, "done", RunKind::Tracked).await;
    let apply = started(worker.plan(&done.job).await);
    worker.log(&done.job, apply.version, 0, "applied\n").await;
    worker
        .let_go(&done.job, &apply, PhaseOutcome::Succeeded)
        .await;
    let applying = claimed(world, &worker, "applying", RunKind::Tracked).await;
    worker.plan(&applying.job).await;
    let planning = claimed(world, &worker, "planning", RunKind::Tracked).await;
    worker.prepare(&planning.job).await;
    let looking = claimed(world, &worker, "looking", RunKind::Proposed).await;
    worker.prepare(&looking.job).await;
    let waiting = world.stack("waiting").await;
    let unconfirmed = world.trigger(&waiting, RunKind::Tracked).await;
    let job = worker.claim().await.unwrap();
    worker.plan(&job).await;
    worker.release(&job, None).await;
    let queued = world.trigger(&waiting, RunKind::Tracked).await;
    world.app.settle().await;
    let store = world.store().await;
    let made = api_key::create(&store, ApiKeyDraft::admin("ci"), "a test", NOW);
    let made = made.await.unwrap();
    store.close().await;
    let exchange = world.app.exchange_api_key(&made.key.id, &made.secret);
    let token = exchange.await.unwrap().jwt;

    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("backup");
    let manifest = back_up(world, &to).await.unwrap();
    assert_eq!(
        (manifest.account.as_str(), manifest.schema > 8),
        ("acme", true)
    );
    assert!(manifest.missing.is_empty());
    for entry in std::fs::read_dir(&to).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let known = [
            "database.sqlite",
            "database.pgdump",
            "manifest.json",
            "objects",
        ];
        assert!(known.contains(&name.as_str()), "{name}");
    }

    // The old life goes on for a while: the plan that was waiting is applied there.
    world
        .app
        .run_confirm(&world.admin, &waiting, &unconfirmed)
        .await
        .unwrap();
    let late = worker.claim().await.unwrap();
    assert_eq!(late.run, unconfirmed);
    world.clock.advance(3_600_000);

    let fresh = world.fresh();
    let (app, begun) = restore(world, &to, &fresh, &key()).await.unwrap();
    assert_eq!((begun.runs, begun.locked_stacks), (5, 2));
    let state = async |stack: &StackId, id: &RunId| {
        let run = app.run(&world.admin, stack, id).await.unwrap().unwrap();
        assert!(run.lease.is_none() && run.plan_object.is_none());
        let history = app.run_history(&run).await.unwrap();
        (run.state, history[0].note.clone().unwrap_or_default())
    };
    assert_eq!(state(&done.stack, &done.id).await.0, RunState::Finished);
    for (stack, id, expected) in [
        (&applying.stack, &applying.id, RunState::Failed),
        (&planning.stack, &planning.id, RunState::Failed),
        (&looking.stack, &looking.id, RunState::Failed),
        (&waiting, &unconfirmed, RunState::Discarded),
        (&waiting, &queued, RunState::Canceled),
    ] {
        let (found, note) = state(stack, id).await;
        assert_eq!(found, expected, "{stack}");
        assert!(
            note.contains("restored from a backup of 2027-01-15"),
            "{note}"
        );
    }
    // A minute after the last known credential is not enough: others may have been issued since.
    app.end_what_is_due().await.unwrap();
    for (stack, locked) in [
        (&applying.stack, true),
        (&planning.stack, true),
        (&looking.stack, false),
        (&done.stack, false),
        (&waiting, false),
    ] {
        let stack = app.stack(&world.admin, stack).await.unwrap().unwrap();
        let lock = stack.system_lock;
        assert_eq!(lock.is_some(), locked, "{}", stack.id);
        if let Some(lock) = lock {
            assert_eq!((lock.kind, lock.until), (SystemLock::LostWorker, None));
            assert!(
                lock.note.contains("restored from a backup"),
                "{}",
                lock.note
            );
        }
    }

    // Sessions and workers of the old life.
    let subject = app.subject_of_token(token.expose_secret()).await.unwrap();
    assert!(subject.is_none(), "a token of the old life counts");
    let again = app.exchange_api_key(&made.key.id, &made.secret).await;
    assert!(again.is_ok(), "the key itself is as good as before");
    refusal(
        app.run_claim(
            &Caller::Embedded,
            &Claim {
                worker: worker.id.clone(),
                wait_ms: 0,
                holding: None,
            },
        )
        .await,
    );
    for job in [&applying.job, &planning.job, &late] {
        let beat = Heartbeat {
            fence: job.fence,
            wait_ms: 0,
        };
        refusal(app.run_heartbeat(&Caller::Embedded, &job.run, &beat).await);
    }

    // A new worker takes new runs, under numbers that the old life never reached.
    let new = Worker::hello(app.clone(), None).await;
    assert!(new.claim().await.is_none(), "nothing is taken up again");
    let wanted = gantry_app::run::TriggerRun {
        kind: Some(RunKind::Tracked),
        ..Default::default()
    };
    app.run_trigger(&world.admin, &waiting, wanted)
        .await
        .unwrap();
    let job = new.claim().await.unwrap();
    assert!(job.fence > late.fence + 1_000_000_000, "{}", job.fence);
    new.plan(&job).await;

    // The successor of the worker that was lost proves that its processes are dead.
    let hello = Hello {
        protocol: VERSION,
        worker: WorkerId::new("01SUCCESSOR"),
        predecessor: Some(worker.id.clone()),
        sandbox: "none".into(),
        metadata_unfiltered: None,
        slots: 1,
        metadata: Default::default(),
    };
    let welcome = app.worker_hello(&Caller::Embedded, &hello).await.unwrap();
    assert_eq!(welcome.epoch, begun.epoch);
    let stack = app.stack(&world.admin, &applying.stack).await.unwrap();
    assert!(stack.unwrap().system_lock.is_none());

    // What was logged is there.
    let log = app.run_logs(
        &world.admin,
        &done.stack,
        &done.id,
        RunState::Applying,
        None,
        None,
    );
    let log = log.await.unwrap().unwrap();
    assert_eq!(log.text.trim(), "applied");
    app.close().await;
}

async fn objects_that_come_and_go_meanwhile_are_in_the_backup(world: &World) {
    let stack = world.managed_stack("Infra").await;
    let store = Objects::open(&ObjectsLocation::Directory(world.objects())).unwrap();
    let folder = tempfile::tempdir().unwrap();
    // Runs are planned and discarded: plans, changes and logs come and go.
    let load = async {
        let worker = world.worker().await;
        for _ in 0..12 {
            let id = world.trigger(&stack, RunKind::Tracked).await;
            let job = worker.claim().await.unwrap();
            worker.plan(&job).await;
            worker.release(&job, None).await;
            world
                .app
                .run_discard(&world.admin, &stack, &id)
                .await
                .unwrap();
        }
    };
    let backups = async {
        let mut made = Vec::new();
        for number in 0..4 {
            let to = folder.path().join(number.to_string());
            made.push((back_up(world, &to).await.unwrap(), to));
        }
        made
    };
    let ((), made) = futures::join!(load, backups);
    drop(store);
    for (manifest, to) in made {
        assert!(manifest.missing.is_empty());
        let fresh = world.fresh();
        let (app, _) = restore(world, &to, &fresh, &key()).await.unwrap();
        let store = gantry_store::Store::open(&fresh.connect).await.unwrap();
        let names = gantry_store::object::named(store.reader()).await;
        store.close().await;
        for name in names.unwrap() {
            assert!(
                objects(fresh.folder()).get(&name).await.unwrap().is_some(),
                "{name}"
            );
        }
        app.close().await;
    }
}
