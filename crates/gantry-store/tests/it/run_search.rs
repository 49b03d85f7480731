use gantry_core::ids::{SpaceId, StackId};
use gantry_core::run::{Run, RunKind, RunState};
use gantry_store::run::search::{Condition, Predicate, Search, place_of, search};
use gantry_store::{Store, run as runs, stack as stacks};

use crate::databases::with_spaces;
use crate::{run, stack};

on_both_databases!(
    runs_of_all_stacks_are_found_and_paged,
    a_run_lives_where_its_stack_does,
);

fn all() -> Search {
    Search {
        spaces: None,
        predicates: vec![],
        terms: vec![],
        order: (),
        descending: true,
        after: None,
        limit: 100,
    }
}

fn only(condition: Condition) -> Search {
    Search {
        predicates: vec![Predicate {
            condition,
            exclude: false,
        }],
        ..all()
    }
}

fn but(condition: Condition) -> Search {
    let mut search = only(condition);
    search.predicates[0].exclude = true;
    search
}

async fn found(store: &Store, wanted: &Search) -> Vec<String> {
    let found = search(store.reader(), wanted).await.unwrap();
    found.into_iter().map(|run| run.id.into_string()).collect()
}

/// Runs `0001` to `0006` of the stacks one (in `root`) and two (in `legacy`), in turn.
async fn six(store: &Store) {
    with_spaces(store).await;
    for (name, space) in [("one", "root"), ("two", "legacy")] {
        let mut sample = stack::sample(name, 1);
        sample.settings.space = SpaceId::new(space);
        stack::insert(store, &sample).await;
    }
    let tx = store.begin().await.unwrap();
    for number in 1..=6 {
        let stack = if number % 2 == 1 { "one" } else { "two" };
        let state = match number {
            1 | 2 => RunState::Finished,
            3 => RunState::Failed,
            4 => RunState::Planning,
            _ => RunState::Queued,
        };
        let kind = match number {
            5 => RunKind::Task,
            _ => RunKind::Tracked,
        };
        let run = Run {
            title: (number == 2).then(|| "Open 443".to_owned()),
            created_at: number,
            ..run::a_run(&format!("{number:04}"), stack, kind, state)
        };
        runs::insert(&tx, &run, None).await.unwrap();
        if state.is_terminal() {
            let ended = Run {
                finished_at: Some(number),
                ..run.clone()
            };
            assert!(runs::save(&tx, &ended, run.version).await.unwrap());
        }
    }
    tx.commit().await.unwrap();
}

async fn runs_of_all_stacks_are_found_and_paged(store: &Store) {
    six(store).await;
    let everything = ["0006", "0005", "0004", "0003", "0002", "0001"];
    assert_eq!(found(store, &all()).await, everything);
    let oldest = Search {
        descending: false,
        limit: 2,
        ..all()
    };
    assert_eq!(found(store, &oldest).await, ["0001", "0002"]);

    let of_stack = |id: &str| Condition::Stack(vec![id.into()]);
    assert_eq!(
        found(store, &only(of_stack("one"))).await,
        ["0005", "0003", "0001"]
    );
    assert_eq!(
        found(store, &but(of_stack("one"))).await,
        ["0006", "0004", "0002"]
    );
    let states = |states: &[RunState]| Condition::State(states.to_vec());
    let over_or_not = [RunState::Finished, RunState::Queued];
    assert_eq!(
        found(store, &only(states(&over_or_not))).await,
        ["0006", "0005", "0002", "0001"]
    );
    assert_eq!(
        found(store, &but(states(&over_or_not))).await,
        ["0004", "0003"]
    );
    assert_eq!(found(store, &only(states(&[]))).await, [""; 0]);
    assert_eq!(
        found(store, &only(Condition::Finished(vec![true]))).await,
        ["0003", "0002", "0001"]
    );
    assert_eq!(
        found(store, &only(Condition::Kind(vec![RunKind::Task]))).await,
        ["0005"]
    );
    assert_eq!(
        found(store, &only(Condition::Space(vec!["legacy".into()]))).await,
        ["0006", "0004", "0002"]
    );
    let term = Search {
        terms: vec!["OPEN".into(), "443".into()],
        ..all()
    };
    assert_eq!(found(store, &term).await, ["0002"]);

    // Two lists of alternatives, and what the asker sees on top.
    let mut both = only(states(&over_or_not));
    both.predicates.push(Predicate {
        condition: Condition::Stack(vec!["one".into(), "two".into()]),
        exclude: false,
    });
    both.spaces = Some(vec![SpaceId::new("root")]);
    assert_eq!(found(store, &both).await, ["0005", "0001"]);
    let nothing = Search {
        spaces: Some(vec![]),
        ..all()
    };
    assert_eq!(found(store, &nothing).await, [""; 0]);

    // Page by page, in each way, also across alternatives.
    for spaces in [
        None,
        Some(vec![SpaceId::new("root"), SpaceId::new("legacy")]),
    ] {
        for descending in [true, false] {
            let mut page = Search {
                spaces: spaces.clone(),
                descending,
                limit: 4,
                ..all()
            };
            let first = search(store.reader(), &page).await.unwrap();
            page.after = first.last().map(place_of);
            let mut seen: Vec<String> = first.iter().map(|run| run.id.to_string()).collect();
            seen.extend(found(store, &page).await);
            let mut expected = everything.to_vec();
            if !descending {
                expected.reverse();
            }
            assert_eq!(seen, expected);
        }
    }
}

async fn a_run_lives_where_its_stack_does(store: &Store) {
    six(store).await;
    let in_root = Search {
        spaces: Some(vec![SpaceId::new("root")]),
        ..all()
    };
    assert_eq!(found(store, &in_root).await, ["0005", "0003", "0001"]);
    let id = StackId::new("one");
    let mut moved = stacks::find(store.reader(), &id).await.unwrap().unwrap();
    moved.settings.space = SpaceId::new("legacy");
    let tx = store.begin().await.unwrap();
    stacks::update_settings(&tx, &id, &moved.settings, 9)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(found(store, &in_root).await, [""; 0]);
    let in_legacy = Search {
        spaces: Some(vec![SpaceId::new("legacy")]),
        ..all()
    };
    assert_eq!(found(store, &in_legacy).await.len(), 6);
}
