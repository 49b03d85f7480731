use gantry_core::ids::UserId;
use gantry_store::Store;
use gantry_store::user::{self, Login};

on_both_databases!(
    somebody_keeps_their_id_and_gets_the_groups_of_the_last_login,
    a_session_is_good_until_it_is_ended_or_over,
);

fn login(id: &str, subject: &str, groups: &[&str]) -> Login {
    Login {
        id: UserId::new(id),
        issuer: "https://id.example.com".into(),
        subject: subject.into(),
        name: format!("{subject}@example.com"),
        groups: groups.iter().map(|group| (*group).to_owned()).collect(),
    }
}

async fn put(store: &Store, login: &Login, now: i64) -> UserId {
    let tx = store.begin().await.unwrap();
    let id = user::put(&tx, login, now).await.unwrap();
    tx.commit().await.unwrap();
    id
}

async fn somebody_keeps_their_id_and_gets_the_groups_of_the_last_login(store: &Store) {
    let first = login("01A", "ada", &["one"]);
    assert_eq!(put(store, &first, 1).await, first.id);
    let again = login("01B", "ada", &["two", "three"]);
    assert_eq!(put(store, &again, 2).await, first.id);
    let other = Login {
        issuer: "https://other.example.com".into(),
        ..login("01C", "ada", &[])
    };
    assert_eq!(put(store, &other, 3).await, other.id, "another provider's");
    let reader = store.reader();
    let found = user::find(reader, &first.id).await.unwrap().unwrap();
    assert_eq!(found.groups, again.groups);
    assert_eq!(user::find(reader, &again.id).await.unwrap(), None);
    let known = user::list(reader, 3).await.unwrap();
    let seen: Vec<_> = known
        .iter()
        .map(|it| (it.last_login_at, it.sessions))
        .collect();
    assert_eq!(seen, [(2, 0), (3, 0)]);
}

async fn a_session_is_good_until_it_is_ended_or_over(store: &Store) {
    let ada = put(store, &login("01A", "ada", &["one"]), 1).await;
    let bob = put(store, &login("01B", "bob", &[]), 1).await;
    let tx = store.begin().await.unwrap();
    for (secret, user, end) in [(1, &ada, 10), (2, &ada, 20), (3, &bob, 20), (4, &bob, 5)] {
        user::begin_session(&tx, vec![secret], user, 1, end)
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();
    let whose = async |secret: u8, now| {
        let found = user::of_session(store.reader(), vec![secret], now).await;
        found.unwrap().map(|login| login.id)
    };
    assert_eq!(whose(1, 9).await, Some(ada.clone()));
    assert_eq!(whose(1, 10).await, None);
    assert_eq!(whose(3, 10).await, Some(bob.clone()));
    assert_eq!(whose(9, 1).await, None);
    assert_eq!(user::list(store.reader(), 9).await.unwrap()[0].sessions, 2);

    let tx = store.begin().await.unwrap();
    assert_eq!(user::sweep(&tx, 5).await.unwrap(), 1);
    assert_eq!(user::end_session(&tx, vec![2]).await.unwrap(), 1);
    assert_eq!(user::end_session(&tx, vec![2]).await.unwrap(), 0);
    assert_eq!(user::end_sessions(&tx, &ada).await.unwrap(), 1);
    tx.commit().await.unwrap();
    assert_eq!(whose(1, 1).await, None);
    assert_eq!(whose(3, 1).await, Some(bob));
    let tx = store.begin().await.unwrap();
    assert_eq!(user::end_all(&tx).await.unwrap(), 1);
    tx.commit().await.unwrap();
    assert_eq!(whose(3, 1).await, None);
}
