use gantry_app::search::{Constraint, Order, Page, Predicate, Search};
use gantry_app::{OpError, Subject, Who};
use gantry_core::ids::{RunId, SpaceId, StackId};
use gantry_core::run::{Phase, RunKind};
use gantry_core::stack::Stack;

use crate::world::World;

on_both_databases!(
    pages_lead_through_the_list,
    predicates_are_those_of_the_contract,
    only_what_the_subject_sees_is_found,
);

async fn search(world: &World, wanted: &Search) -> Result<Page<Stack>, OpError> {
    world.app.stack_search(&world.admin, wanted).await
}

fn ids(page: &Page<Stack>) -> Vec<&str> {
    page.items.iter().map(|stack| stack.id.as_str()).collect()
}

fn strings(field: &str, values: &[&str]) -> Predicate {
    Predicate {
        field: field.into(),
        constraint: Constraint::Strings(values.iter().map(|value| (*value).into()).collect()),
        exclude: false,
    }
}

async fn pages_lead_through_the_list(world: &World) {
    for number in 0..5 {
        world.clock.advance(1000);
        world.stack(&format!("Stack {number}")).await;
    }
    let all = search(world, &Search::default()).await.unwrap();
    assert_eq!(
        ids(&all),
        ["stack-4", "stack-3", "stack-2", "stack-1", "stack-0"]
    );
    assert!(!all.has_next && !all.has_previous);

    let mut wanted = Search {
        first: Some(2),
        ..Search::default()
    };
    let mut seen = vec![];
    loop {
        let page = search(world, &wanted).await.unwrap();
        assert_eq!(page.has_previous, !seen.is_empty());
        seen.extend(ids(&page).into_iter().map(str::to_owned));
        wanted.after = Some(page.end_cursor);
        if !page.has_next {
            break;
        }
    }
    assert_eq!(seen, ids(&all));

    // Past the end: nothing more, and no error.
    let end = Search {
        after: Some(all.end_cursor.clone()),
        ..Search::default()
    };
    let past = search(world, &end).await.unwrap();
    assert!(past.items.is_empty() && !past.has_next && past.end_cursor.is_empty());

    let by_name = Search {
        order: Some(Order {
            field: "name".into(),
            descending: false,
        }),
        ..Search::default()
    };
    let page = search(world, &by_name).await.unwrap();
    assert_eq!(ids(&page)[0], "stack-0");
    for after in [all.end_cursor.as_str(), "nonsense", "e30"] {
        let wanted = Search {
            after: Some(after.into()),
            ..by_name.clone()
        };
        let refused = search(world, &wanted).await.unwrap_err().to_string();
        assert!(refused.contains("begin again without it"), "{refused}");
    }
}

async fn predicates_are_those_of_the_contract(world: &World) {
    let mut one = world.draft("One");
    one.labels = vec!["prod".into()];
    one.source.project_root = Some("sub".into());
    world.stack_of(one).await;
    world.clock.advance(1000);
    world.stack("Two").await;
    let find = async |predicates: Vec<Predicate>| {
        let wanted = Search {
            predicates,
            ..Search::default()
        };
        let page = search(world, &wanted).await.unwrap();
        ids(&page).join(" ")
    };
    let directory = [
        strings("repository", &["acme/infra"]),
        strings("projectRoot", &["sub", "sub/"]),
    ];
    assert_eq!(find(directory.to_vec()).await, "one");
    for field in ["label", "labels"] {
        assert_eq!(find(vec![strings(field, &["prod"])]).await, "one");
    }
    let mut others = strings("label", &["prod"]);
    others.exclude = true;
    assert_eq!(find(vec![others]).await, "two");
    assert_eq!(find(vec![strings("workerPool", &["01POOL"])]).await, "");
    for (field, value, found) in [
        ("vendor", "TERRAFORM", "two one"),
        ("vendor", "StackConfigVendorOpenTofu", ""),
        ("vendor", "PULUMI", ""),
        ("state", "NONE", "two one"),
        ("state", "FINISHED", ""),
    ] {
        let predicate = Predicate {
            field: field.into(),
            constraint: Constraint::Enums(vec![value.into()]),
            exclude: false,
        };
        assert_eq!(find(vec![predicate]).await, found, "{field} {value}");
    }

    let flag = Predicate {
        field: "name".into(),
        constraint: Constraint::Booleans(vec![true]),
        exclude: false,
    };
    for (predicate, part) in [
        (strings("colour", &["red"]), "can't be searched by `colour`"),
        (strings("administrative", &["true"]), "`booleanEquals`"),
        (strings("state", &["DONE"]), "`DONE` is not a state"),
        (strings("vendor", &["make"]), "`make` is not a vendor"),
        (flag, "`stringMatches`"),
        (strings("name", &["x"; 201]), "200 are allowed"),
    ] {
        let wanted = Search {
            predicates: vec![predicate],
            ..Search::default()
        };
        let refused = search(world, &wanted).await.unwrap_err().to_string();
        assert!(refused.contains(part), "{refused}");
    }
    let order = Search {
        order: Some(Order {
            field: "starred".into(),
            descending: true,
        }),
        ..Search::default()
    };
    let refused = search(world, &order).await.unwrap_err().to_string();
    assert!(
        refused.contains("can't be ordered by `starred`"),
        "{refused}"
    );
    let none = Search {
        first: Some(0),
        ..Search::default()
    };
    assert!(search(world, &none).await.is_err());
}

async fn only_what_the_subject_sees_is_found(world: &World) {
    let own = world.stack("Own").await;
    let mut elsewhere = world.draft("Elsewhere");
    elsewhere.space = Some("root".into());
    world.stack_of(elsewhere).await;
    let token = Subject::new(
        Who::Run {
            run: RunId::new("01RUN"),
            stack: own.clone(),
            space: SpaceId::new("legacy"),
            kind: RunKind::Proposed,
            phase: Phase::Plan,
            administrative: false,
        },
        "own/01RUN",
    );
    let app = &world.app;
    let page = app.stack_search(&token, &Search::default()).await.unwrap();
    assert_eq!(ids(&page), ["own"]);
    assert_eq!(app.stacks(&token).await.unwrap().len(), 1);
    let hidden = app.stack(&token, &StackId::new("elsewhere")).await;
    assert!(hidden.unwrap().is_none());
    assert!(app.stack(&token, &own).await.unwrap().is_some());
    let refused = app.stack_set_disabled(&token, &own, true).await;
    assert!(matches!(refused, Err(OpError::Forbidden(_))));
}
