use gantry_core::credentials::attachment::{Attachment, Serves};
use gantry_core::credentials::cloud::Cloud;
use gantry_core::ids::{AttachmentId, IntegrationId, SpaceId, StackId};
use gantry_store::cloud_integration::search::{
    Condition, OrderBy, Predicate, Search, place_of, search,
};
use gantry_store::{Store, attachment, cloud_integration as integrations};

use crate::databases::with_spaces;
use crate::{cloud_integration, stack};

on_both_databases!(integrations_of_all_clouds_are_found_and_paged);

fn all() -> Search {
    Search {
        spaces: None,
        predicates: vec![],
        terms: vec![],
        order: OrderBy::Name,
        descending: false,
        after: None,
        limit: 100,
    }
}

async fn found(store: &Store, search_for: &Search) -> Vec<String> {
    let found = search(store.reader(), search_for).await.unwrap();
    let names = found.into_iter().map(|found| found.integration.name);
    names.collect()
}

async fn with(store: &Store, condition: Condition, exclude: bool) -> Vec<String> {
    let predicates = vec![Predicate { condition, exclude }];
    let wanted = Search {
        predicates,
        ..all()
    };
    found(store, &wanted).await
}

async fn integrations_of_all_clouds_are_found_and_paged(store: &Store) {
    with_spaces(store).await;
    stack::insert(store, &stack::sample("one", 1)).await;
    let tx = store.begin().await.unwrap();
    for (number, (id, name, space, cloud)) in [
        ("a", "writer", "root", Cloud::Aws),
        ("b", "reader", "legacy", Cloud::Aws),
        ("c", "azure", "root", Cloud::Azure),
    ]
    .into_iter()
    .enumerate()
    {
        let mut made = cloud_integration::sample(id, name);
        made.space = SpaceId::new(space);
        made.labels = vec![format!("of:{name}")];
        made.autoattach_enabled = name == "reader";
        integrations::insert(&tx, cloud, &made, number as i64)
            .await
            .unwrap();
    }
    let attached = Attachment {
        id: AttachmentId::new("attachment"),
        integration: IntegrationId::new("a"),
        integration_name: "writer".into(),
        stack: StackId::new("one"),
        serves: Serves::Write,
    };
    attachment::insert(&tx, Cloud::Aws, &attached, 1)
        .await
        .unwrap();
    tx.commit().await.unwrap();

    assert_eq!(found(store, &all()).await, ["azure", "reader", "writer"]);
    let newest = Search {
        order: OrderBy::CreatedAt,
        descending: true,
        ..all()
    };
    assert_eq!(found(store, &newest).await, ["azure", "reader", "writer"]);
    let of_aws = Condition::Cloud(vec![Cloud::Aws]);
    assert_eq!(
        with(store, of_aws.clone(), false).await,
        ["reader", "writer"]
    );
    assert_eq!(with(store, of_aws, true).await, ["azure"]);
    let label = Condition::Label(vec!["of:azure".into()]);
    assert_eq!(with(store, label, false).await, ["azure"]);
    let name = Condition::Name(vec!["reader".into()]);
    assert_eq!(with(store, name, true).await, ["azure", "writer"]);
    let automatic = Condition::Autoattach(vec![true]);
    assert_eq!(with(store, automatic, false).await, ["reader"]);
    let space = Condition::Space(vec!["root".into()]);
    assert_eq!(with(store, space, false).await, ["azure", "writer"]);
    let on_stack = Condition::Stack(vec!["one".into()]);
    assert_eq!(with(store, on_stack, false).await, ["writer"]);
    let term = Search {
        terms: vec!["WRIT".into()],
        ..all()
    };
    assert_eq!(found(store, &term).await, ["writer"]);

    let spaces = [SpaceId::new("root"), SpaceId::new("legacy")];
    for seen in [None, Some(spaces.to_vec())] {
        let mut page = Search {
            spaces: seen,
            limit: 2,
            ..all()
        };
        let first = search(store.reader(), &page).await.unwrap();
        assert_eq!(first.len(), 2);
        page.after = first.last().map(|last| place_of(last, page.order));
        assert_eq!(found(store, &page).await, ["writer"]);
    }
    let blind = Search {
        spaces: Some(vec![]),
        ..all()
    };
    assert_eq!(found(store, &blind).await, [""; 0]);
}
