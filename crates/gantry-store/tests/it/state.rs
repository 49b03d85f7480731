use gantry_core::ids::{RunId, StackId, StateVersionId};
use gantry_core::run::Phase;
use gantry_core::state::{Counted, LockInfo, Origin, StateDelta, StateLock, StateVersion};
use gantry_store::{Store, stack, state};

use crate::databases::{data_key, with_spaces};
use crate::stack::{insert, sample};

on_both_databases!(
    versions_come_back_newest_first,
    a_serial_is_stored_once,
    a_stack_has_one_lock,
    uploads_end,
    everything_goes_with_the_stack,
);

fn version(stack: &str, serial: i64, origin: Origin) -> StateVersion {
    StateVersion {
        id: StateVersionId::new(format!("{stack}-{serial}")),
        stack: StackId::new(stack),
        serial,
        lineage: "line".into(),
        tool_version: (serial > 1).then(|| "1.11.4".into()),
        bytes: 5,
        digest: "d".into(),
        object: format!("states/{stack}/{serial}"),
        key_id: "key".into(),
        origin,
        author: "ada".into(),
        author_id: "api-key/01ADA".into(),
        created_at: serial * 10,
        counted: Counted::NotYet,
    }
}

async fn stacks(store: &Store) {
    with_spaces(store).await;
    insert(store, &sample("one", 1)).await;
    insert(store, &sample("two", 2)).await;
    let tx = store.begin().await.unwrap();
    data_key(&tx, "key").await;
    tx.commit().await.unwrap();
}

async fn put(store: &Store, version: &StateVersion) {
    let tx = store.begin().await.unwrap();
    state::store(&tx, version).await.unwrap();
    tx.commit().await.unwrap();
}

async fn versions_come_back_newest_first(store: &Store) {
    stacks(store).await;
    let one = StackId::new("one");
    let reader = store.reader();
    assert_eq!(state::current(reader, &one).await.unwrap(), None);
    let imported = version("one", 1, Origin::Import);
    let run = RunId::new("01RUN");
    let stored = version(
        "one",
        3,
        Origin::Run {
            run,
            phase: Phase::Apply,
        },
    );
    let of = imported.id.clone();
    let mut back = version("one", 4, Origin::Rollback { of });
    let other = version("two", 9, Origin::Import);
    for version in [&imported, &stored, &back, &other] {
        put(store, version).await;
    }
    assert_eq!(
        state::current(reader, &one).await.unwrap().as_ref(),
        Some(&back)
    );
    let delta = StateDelta {
        added: 1,
        changed: 2,
        removed: 3,
        resources: 4,
    };
    for counted in [Counted::Unreadable, Counted::As(delta)] {
        let tx = store.begin().await.unwrap();
        state::set_counted(&tx, &back.id, counted).await.unwrap();
        tx.commit().await.unwrap();
        let found = state::current(reader, &one).await.unwrap().unwrap();
        assert_eq!(found.counted, counted);
        back.counted = counted;
    }
    let all = state::list(reader, &one, None, 9).await.unwrap();
    assert_eq!(all, [back.clone(), stored.clone(), imported.clone()]);
    let some = state::list(reader, &one, Some(4), 1).await.unwrap();
    assert_eq!(some, all[1..2]);
    let found = state::find(reader, &one, &stored.id).await.unwrap();
    assert_eq!(found, Some(stored));
    let found = state::find(reader, &one, &other.id).await.unwrap();
    assert_eq!(found, None);
    let both = [StackId::new("two"), one, StackId::new("gone")];
    let found = state::current_of(reader, &both).await.unwrap();
    assert_eq!(found, [back, other]);
    assert_eq!(state::current_of(reader, &[]).await.unwrap(), []);
}

async fn a_serial_is_stored_once(store: &Store) {
    stacks(store).await;
    put(store, &version("one", 1, Origin::Import)).await;
    let mut second = version("one", 1, Origin::Import);
    second.id = StateVersionId::new("another");
    let tx = store.begin().await.unwrap();
    assert!(state::store(&tx, &second).await.is_err());
}

async fn a_stack_has_one_lock(store: &Store) {
    stacks(store).await;
    let lock = StateLock {
        stack: StackId::new("one"),
        info: LockInfo {
            id: "a".into(),
            operation: "OperationTypeApply".into(),
            who: "root@box".into(),
            version: "1.11.4".into(),
        },
        run: RunId::new("01RUN"),
        phase: Phase::Perform,
        fence: 7,
        holder: "ada".into(),
        locked_at: 3,
    };
    let reader = store.reader();
    let tx = store.begin().await.unwrap();
    state::lock::insert(&tx, &lock).await.unwrap();
    tx.commit().await.unwrap();
    let found = state::lock::find(reader, &lock.stack).await.unwrap();
    assert_eq!(found.as_ref(), Some(&lock));
    let tx = store.begin().await.unwrap();
    assert!(state::lock::insert(&tx, &lock).await.is_err());
    drop(tx);
    let tx = store.begin().await.unwrap();
    state::lock::delete(&tx, &lock.stack).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(state::lock::find(reader, &lock.stack).await.unwrap(), None);
}

async fn uploads_end(store: &Store) {
    let reader = store.reader();
    assert_eq!(state::upload::next_expiry(reader).await.unwrap(), None);
    let tx = store.begin().await.unwrap();
    state::upload::insert(&tx, "a", "ada", 100).await.unwrap();
    state::upload::insert(&tx, "b", "bob", 50).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(state::upload::next_expiry(reader).await.unwrap(), Some(50));
    let owner = state::upload::owner(reader, "b", 49).await.unwrap();
    assert_eq!(owner.as_deref(), Some("bob"));
    assert_eq!(state::upload::owner(reader, "b", 50).await.unwrap(), None);
    assert_eq!(state::upload::owner(reader, "c", 0).await.unwrap(), None);
    assert_eq!(state::upload::count(reader, "bob", 49).await.unwrap(), 1);
    assert_eq!(state::upload::count(reader, "bob", 50).await.unwrap(), 0);
    assert_eq!(state::upload::expired(reader, 50).await.unwrap(), ["b"]);
    let tx = store.begin().await.unwrap();
    assert!(state::upload::delete(&tx, "b").await.unwrap());
    assert!(!state::upload::delete(&tx, "b").await.unwrap());
    tx.commit().await.unwrap();
}

async fn everything_goes_with_the_stack(store: &Store) {
    stacks(store).await;
    for stack in ["one", "two"] {
        put(store, &version(stack, 1, Origin::Import)).await;
    }
    let (one, two) = (StackId::new("one"), StackId::new("two"));
    let tx = store.begin().await.unwrap();
    state::forget(&tx, &one).await.unwrap();
    assert!(stack::delete(&tx, &two).await.unwrap());
    tx.commit().await.unwrap();
    for stack in [&one, &two] {
        let left = state::list(store.reader(), stack, None, 9).await.unwrap();
        assert_eq!(left, []);
        assert_eq!(state::current(store.reader(), stack).await.unwrap(), None);
    }
}
