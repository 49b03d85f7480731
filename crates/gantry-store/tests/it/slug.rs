use gantry_core::slug::Slug;
use gantry_store::slug::{self, Claim};
use gantry_store::{Store, Tx};

use crate::databases::with_spaces;

on_both_databases!(
    a_slug_is_had_once,
    a_released_slug_goes_back_to_its_space_only,
    of_two_claims_at_once_one_wins,
);

async fn begin(store: &Store) -> Tx {
    store.begin().await.unwrap()
}

async fn a_slug_is_had_once(store: &Store) {
    let [root, legacy] = with_spaces(store).await;
    let prod = Slug::parse("prod").unwrap();
    let tx = begin(store).await;
    assert!(slug::claim(&tx, &prod, &root).await.unwrap());
    tx.commit().await.unwrap();
    for space in [&root, &legacy] {
        let tx = begin(store).await;
        assert!(!slug::claim(&tx, &prod, space).await.unwrap());
        tx.commit().await.unwrap();
    }
    let claim = slug::find(store.reader(), "prod").await.unwrap();
    assert_eq!(
        claim,
        Some(Claim {
            space: root,
            released_at: None
        })
    );
}

async fn a_released_slug_goes_back_to_its_space_only(store: &Store) {
    let [root, legacy] = with_spaces(store).await;
    let prod = Slug::parse("prod").unwrap();
    let tx = begin(store).await;
    assert!(slug::claim(&tx, &prod, &root).await.unwrap());
    slug::release(&tx, "prod", &root, 7).await.unwrap();
    tx.commit().await.unwrap();
    let tx = begin(store).await;
    assert!(!slug::claim(&tx, &prod, &legacy).await.unwrap());
    assert!(slug::claim(&tx, &prod, &root).await.unwrap());
    assert!(!slug::claim(&tx, &prod, &root).await.unwrap());
    tx.commit().await.unwrap();
}

async fn of_two_claims_at_once_one_wins(store: &Store) {
    let [root, _] = with_spaces(store).await;
    let claim = async || {
        let tx = begin(store).await;
        let won = slug::claim(&tx, &Slug::parse("prod").unwrap(), &root)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        won
    };
    let won = tokio::join!(claim(), claim(), claim());
    let wins = [won.0, won.1, won.2].into_iter().filter(|won| *won).count();
    assert_eq!(wins, 1);
}
