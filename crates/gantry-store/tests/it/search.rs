use gantry_core::commit::Commit;
use gantry_core::ids::{SpaceId, StackId};
use gantry_core::run::RunState;
use gantry_core::stack::{Stack, StackLock};
use gantry_store::stack::search::{Condition, OrderBy, Predicate, Search, place_of, search};
use gantry_store::{Store, stack};

use crate::databases::with_spaces;
use crate::stack::{insert, sample};

on_both_databases!(
    pages_follow_each_other_without_gaps,
    each_condition_finds_its_own_and_excludes_the_others,
    conditions_are_combined_with_and,
    a_text_is_found_in_any_case_and_signs_mean_themselves,
    only_the_given_spaces_are_searched,
);

fn everything() -> Search {
    Search {
        spaces: None,
        predicates: vec![],
        terms: vec![],
        order: OrderBy::CreatedAt,
        descending: true,
        after: None,
        limit: 100,
    }
}

async fn ids(store: &Store, wanted: &Search) -> Vec<String> {
    search(store.reader(), wanted)
        .await
        .unwrap()
        .into_iter()
        .map(|stack| stack.id.into_string())
        .collect()
}

async fn pages_follow_each_other_without_gaps(store: &Store) {
    with_spaces(store).await;
    // Several of one moment: only the ID tells them apart.
    for (number, created_at) in [(0, 5), (1, 5), (2, 5), (3, 1), (4, 9)] {
        insert(store, &sample(&format!("s{number}"), created_at)).await;
    }
    for (order, descending, expected) in [
        (OrderBy::CreatedAt, true, ["s4", "s2", "s1", "s0", "s3"]),
        (OrderBy::CreatedAt, false, ["s3", "s0", "s1", "s2", "s4"]),
        (OrderBy::Name, false, ["s0", "s1", "s2", "s3", "s4"]),
        (OrderBy::Name, true, ["s4", "s3", "s2", "s1", "s0"]),
    ] {
        let mut wanted = Search {
            order,
            descending,
            limit: 2,
            ..everything()
        };
        let mut seen: Vec<String> = vec![];
        loop {
            let page = search(store.reader(), &wanted).await.unwrap();
            let Some(last) = page.last() else { break };
            wanted.after = Some(place_of(last, order));
            seen.extend(page.into_iter().map(|stack| stack.id.into_string()));
        }
        assert_eq!(seen, expected, "{order:?} {descending}");
    }
}

/// Two stacks that differ in everything that can be searched for.
async fn two_stacks(store: &Store) {
    with_spaces(store).await;
    let mut one = sample("one", 1);
    one.settings.labels = vec!["prod".into(), "x\"dev\"y".into()];
    let mut two = Stack {
        state: Some(RunState::Finished),
        ..sample("two", 2)
    };
    let settings = &mut two.settings;
    settings.administrative = true;
    settings.space = SpaceId::new("root");
    settings.labels = vec!["Prod".into(), "dev".into(), "100%".into()];
    settings.source.branch = "next".into();
    settings.source.namespace = "team".into();
    settings.source.project_root = Some("sub".into());
    insert(store, &one).await;
    insert(store, &two).await;
    let tx = store.begin().await.unwrap();
    let lock = StackLock {
        holder: "api-key/1".into(),
        holder_name: "Ada".into(),
        note: None,
        locked_at: 5,
    };
    let two = StackId::new("two");
    stack::set_lock(&tx, &two, &lock).await.unwrap();
    let commit = Commit {
        hash: "b".repeat(40),
        message: String::new(),
        author_name: String::new(),
        author_login: None,
        timestamp: 0,
        url: String::new(),
    };
    stack::set_tracked_commit(&tx, &two, Some(&commit), None)
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

fn texts(values: &[&str]) -> Vec<String> {
    values.iter().map(|value| (*value).to_owned()).collect()
}

async fn each_condition_finds_its_own_and_excludes_the_others(store: &Store) {
    two_stacks(store).await;
    for (condition, found) in [
        (Condition::Administrative(vec![true]), vec!["two"]),
        (Condition::Administrative(vec![false]), vec!["one"]),
        (
            Condition::Administrative(vec![true, false]),
            vec!["two", "one"],
        ),
        (Condition::Locked(vec![true]), vec!["two"]),
        (Condition::Locked(vec![false]), vec!["one"]),
        (Condition::Branch(texts(&["main"])), vec!["one"]),
        (
            Condition::Branch(texts(&["main", "next"])),
            vec!["two", "one"],
        ),
        (Condition::Branch(vec![]), vec![]),
        (Condition::Commit(texts(&[&"b".repeat(40)])), vec!["two"]),
        (Condition::Commit(texts(&[&"b".repeat(39)])), vec![]),
        (Condition::Label(texts(&["prod"])), vec!["one"]),
        (Condition::Label(texts(&["Prod"])), vec!["two"]),
        // Stands in the middle of a label of the first, between quotes.
        (Condition::Label(texts(&["dev"])), vec!["two"]),
        (Condition::Label(texts(&["100%"])), vec!["two"]),
        (Condition::Label(texts(&["pro"])), vec![]),
        (Condition::Label(vec![]), vec![]),
        (Condition::Name(texts(&["Stack one"])), vec!["one"]),
        (Condition::Name(texts(&["stack one"])), vec![]),
        (Condition::ProjectRoot(texts(&["sub", "sub/"])), vec!["two"]),
        (Condition::Repository(texts(&["infra"])), vec!["two", "one"]),
        (Condition::Repository(texts(&["team/infra"])), vec!["two"]),
        (Condition::Space(texts(&["root"])), vec!["two"]),
        (Condition::State(texts(&["NONE"])), vec!["one"]),
        (
            Condition::State(texts(&["FINISHED", "FAILED"])),
            vec!["two"],
        ),
        (Condition::Vendor(vec!["terraform"]), vec!["two", "one"]),
        (Condition::Vendor(vec!["opentofu"]), vec![]),
        (Condition::Vendor(vec![]), vec![]),
        (Condition::WorkerPool(texts(&["01POOL"])), vec![]),
    ] {
        let mut wanted = everything();
        wanted.predicates = vec![Predicate {
            condition: condition.clone(),
            exclude: false,
        }];
        assert_eq!(ids(store, &wanted).await, found, "{condition:?}");
        wanted.predicates[0].exclude = true;
        let rest: Vec<&str> = ["two", "one"]
            .into_iter()
            .filter(|id| !found.contains(id))
            .collect();
        assert_eq!(ids(store, &wanted).await, rest, "not {condition:?}");
    }
}

async fn conditions_are_combined_with_and(store: &Store) {
    two_stacks(store).await;
    let both = |branch: &str| {
        let predicates = [
            Condition::Repository(texts(&["infra"])),
            Condition::Branch(texts(&[branch])),
        ];
        Search {
            predicates: predicates
                .map(|condition| Predicate {
                    condition,
                    exclude: false,
                })
                .to_vec(),
            ..everything()
        }
    };
    assert_eq!(ids(store, &both("next")).await, ["two"]);
    assert_eq!(ids(store, &both("other")).await, Vec::<String>::new());
}

async fn a_text_is_found_in_any_case_and_signs_mean_themselves(store: &Store) {
    two_stacks(store).await;
    for (terms, found) in [
        (vec!["STACK"], vec!["two", "one"]),
        (vec!["stack", "TWO"], vec!["two"]),
        (vec!["100%"], vec!["two"]),
        (vec!["1%0"], vec![]),
        (vec!["_"], vec![]),
        (vec!["infra"], vec!["two", "one"]),
        (vec!["nowhere"], vec![]),
    ] {
        let wanted = Search {
            terms: texts(&terms),
            ..everything()
        };
        assert_eq!(ids(store, &wanted).await, found, "{terms:?}");
    }
}

async fn only_the_given_spaces_are_searched(store: &Store) {
    two_stacks(store).await;
    for (spaces, found) in [
        (vec![], vec![]),
        (vec![SpaceId::new("legacy")], vec!["one"]),
        (
            vec![SpaceId::new("legacy"), SpaceId::new("root")],
            vec!["two", "one"],
        ),
    ] {
        let wanted = Search {
            spaces: Some(spaces),
            ..everything()
        };
        assert_eq!(ids(store, &wanted).await, found);
    }
}
