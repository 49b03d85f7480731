//! Runs that take whatever they can get, each beside an honest one on the same worker.

use std::time::{Duration, Instant};

use super::looped::{Looped, Wish};
use super::{Database, Stage};
use crate::world::World;

/// What a task does, and the limit that it ends at.
const HOGS: [(&str, &str); 4] = [
    ("head -c 4G /dev/zero | tail", "memory limit of 512 MiB"),
    (
        "for i in $(seq 1000); do sleep 60 & done; wait",
        "process limit of 200 processes and threads",
    ),
    (
        "for i in $(seq 1000); do head -c 1M /dev/zero > f$i; done; sleep 60",
        "disk limit of 96 MiB",
    ),
    ("yes hog", "log limit"),
];

/// How much longer the honest run may take: half of the machine is the hog's.
const SLOWER: u32 = 4;

/// For a machine that does something else as well.
const ANYHOW: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread")]
async fn an_honest_run_is_not_harmed_by_what_runs_beside_it() {
    let builder = World::builder()
        .set("run.memory_limit", "512")
        .set("run.process_limit", "200")
        .set("run.disk_limit", "96")
        .set("run.log_limit", "1");
    let stage = Stage::of(builder, Database::Sqlite).await;
    let hog = Looped::create(&stage, "hog", false).await;
    let honest = Looped::create(&stage, "honest", true).await;
    honest.fulfil(Wish::Apply).await;
    let alone = timed(&honest).await;
    let client = &stage.world.client;
    for (command, limit) in HOGS {
        let task = client
            .create_task(&hog.stack, command, false)
            .await
            .unwrap();
        let ended = client.wait_for_end(&hog.stack, &task);
        let (view, beside) = tokio::join!(ended, timed(&honest));
        let view = view.unwrap();
        println!(
            "{command}: {}; the honest run took {beside:?}, and {alone:?} alone",
            view.reason()
        );
        assert_eq!(view.state, "FAILED", "{command}");
        assert!(
            view.reason().contains(limit),
            "{command}: {}",
            view.reason()
        );
        assert!(
            beside < alone * SLOWER + ANYHOW,
            "{command}: {beside:?}, {alone:?} alone"
        );
        stage.expect_sound();
    }
}

async fn timed(honest: &Looped) -> Duration {
    let begin = Instant::now();
    let (run, all) = honest.fulfil(Wish::Apply).await;
    let last = all.iter().find(|one| one.run == run).unwrap();
    assert_eq!(last.state, "FINISHED", "{last:?}");
    begin.elapsed()
}
