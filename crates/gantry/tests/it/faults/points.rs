//! Each place before and after something that lasts, or that somebody else hears of, kills once, and twice
//! in a row.

mod list;

use std::collections::BTreeMap;
use std::path::Path;

use gantry_testkit::postgres::Postgres;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;

use super::looped::{Looped, Wish};
use super::{Database, Stage, seed};

/// So many points of each database, taken by chance, without `FAULT_POINTS`.
const POINTS: usize = 2;

/// At most so many wishes for a point to be passed as often as it is to kill.
const WISHES: usize = 3;

#[tokio::test(flavor = "multi_thread")]
async fn each_point_kills_once_and_twice_on_sqlite() {
    each_point_kills_once_and_twice(Stage::on_sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_point_kills_once_and_twice_on_postgres() {
    each_point_kills_once_and_twice(Stage::on_postgres(Postgres::shared()).await).await;
}

async fn each_point_kills_once_and_twice(mut stage: Stage) {
    let looped = Looped::create(&stage, "points", true).await;
    let passed = passed(&mut stage, &looped).await;
    let on_postgres = matches!(stage.database, Database::Postgres { .. });
    list::expect_passed(&passed, on_postgres);

    let (mut kills, mut rarely) = (0, Vec::new());
    for (point, wish) in chosen(passed) {
        for times in [1, 2] {
            println!("{times} x {point}");
            arm(&stage, &point, times);
            for _ in 0..WISHES {
                looped.fulfil_on(&mut stage, wish).await;
                if armed(&stage) == 0 {
                    break;
                }
            }
            kills += times - armed(&stage);
            if armed(&stage) > 0 {
                rarely.push(format!("{times} x {point}"));
            }
            arm(&stage, &point, 0);
            stage.revive();
            stage.expect_sound();
        }
    }
    // Nothing is left in the way of a run that meets no fault.
    let (run, all) = looped.fulfil_on(&mut stage, Wish::Apply).await;
    let last = all.iter().find(|one| one.run == run).unwrap();
    assert_eq!(last.state, "FINISHED", "{last:?}");
    let applied = stage.applies.expect_once_each();
    println!(
        "{kills} kills at points, {applied} applies, none twice; not passed often enough: {rarely:?}"
    );
    assert!(kills > 0);
}

/// What is passed when nobody dies, each with the first wish that passes it.
async fn passed(stage: &mut Stage, looped: &Looped) -> BTreeMap<String, Wish> {
    let mut passed = BTreeMap::new();
    for wish in Wish::ALL {
        let file = stage.faults.path().join("passed");
        std::fs::write(&file, "").unwrap();
        let (run, all) = looped.fulfil_on(stage, wish).await;
        let one = all.iter().find(|one| one.run == run).unwrap();
        let expected = match wish {
            Wish::Apply | Wish::Task | Wish::Proposed => "FINISHED",
            Wish::Replan => "DISCARDED",
            Wish::Stop => "STOPPED",
            Wish::ApplyAlone | Wish::ApplyAndLose => "FAILED",
        };
        assert_eq!(one.state, expected, "{wish:?}: {one:?}");
        assert!(wish != Wish::Apply || stage.applies.has(&run));
        stage.expect_sound();
        let lines = std::fs::read_to_string(&file).unwrap();
        for point in lines.lines() {
            passed.entry(point.to_owned()).or_insert(wish);
        }
    }
    passed
}

/// `FAULT_POINTS=all`, or `20..40` of them in their order, or those whose names hold that text; without it
/// a few by chance.
fn chosen(passed: BTreeMap<String, Wish>) -> Vec<(String, Wish)> {
    let mut all: Vec<_> = passed.into_iter().collect();
    match std::env::var("FAULT_POINTS") {
        Err(_) => {
            all.shuffle(&mut StdRng::seed_from_u64(seed()));
            all.truncate(POINTS);
            all
        }
        Ok(wanted) if wanted == "all" => all,
        Ok(wanted) if !wanted.contains("..") => {
            all.retain(|(point, _)| point.contains(&wanted));
            all
        }
        Ok(wanted) => {
            let range = wanted.split_once("..");
            let bounds = range.and_then(|(from, to)| Some((from.parse().ok()?, to.parse().ok()?)));
            let (from, to): (usize, usize) = bounds.expect("FAULT_POINTS is FROM..TO");
            all.into_iter().skip(from).take(to - from).collect()
        }
    }
}

fn arm(stage: &Stage, point: &str, times: usize) {
    let new = stage.faults.path().join("armed.new");
    std::fs::write(&new, format!("{point}\n").repeat(times)).unwrap();
    std::fs::rename(new, file(stage.faults.path())).unwrap();
}

fn armed(stage: &Stage) -> usize {
    let armed = std::fs::read_to_string(file(stage.faults.path()));
    armed.unwrap_or_default().lines().count()
}

fn file(faults: &Path) -> std::path::PathBuf {
    faults.join("armed")
}
