//! What is no backup, and what is no place for one.

use gantry_app::{MasterKey, MasterKeySource};

use super::{back_up, key, objects, restore};
use crate::world::{Fresh, World};

on_both_databases!(
    a_damaged_backup_is_refused_before_anything_is_written,
    a_place_that_is_in_use_is_refused,
    the_key_is_looked_at_first,
    a_restore_that_was_interrupted_is_not_opened,
);

async fn refusal(world: &World, from: &std::path::Path, fresh: &Fresh) -> String {
    let refused = restore(world, from, fresh, &key()).await;
    refused.err().expect("it was restored").to_string()
}

async fn untouched(fresh: &Fresh) {
    use futures::StreamExt as _;
    assert!(objects(fresh.folder()).list().next().await.is_none());
    if let gantry_store::Connect::Sqlite(path) = &fresh.connect {
        assert!(!path.exists());
    }
}

async fn a_damaged_backup_is_refused_before_anything_is_written(world: &World) {
    world.stack("Infra").await;
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("backup");
    back_up(world, &to).await.unwrap();
    let fresh = world.fresh();
    let database = std::fs::read_dir(&to)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| {
            path.file_name()
                .unwrap()
                .to_str()
                .unwrap()
                .starts_with("database")
        })
        .unwrap();
    let whole = std::fs::read(&database).unwrap();
    let manifest_path = to.join("manifest.json");
    let manifest = std::fs::read_to_string(&manifest_path).unwrap();

    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    std::fs::write(&database, flipped).unwrap();
    let says = refusal(world, &to, &fresh).await;
    assert!(says.contains("is not what was written then"), "{says}");
    std::fs::write(&database, &whole[..whole.len() - 1]).unwrap();
    let says = refusal(world, &to, &fresh).await;
    assert!(says.contains("bytes instead of"), "{says}");
    std::fs::remove_file(&database).unwrap();
    let says = refusal(world, &to, &fresh).await;
    assert!(
        says.contains("is damaged") && says.contains("can't be read"),
        "{says}"
    );
    std::fs::write(&database, &whole).unwrap();

    for (text, expected) in [
        (manifest[..manifest.len() / 2].to_owned(), "is damaged"),
        (
            manifest.replace("\"format\": 1", "\"format\": 2"),
            "format 2",
        ),
        (
            manifest.replace("database.", "../database."),
            "is damaged: it names",
        ),
        (
            manifest.replace("\"schema\": ", "\"schema\": 9"),
            "newer gantry",
        ),
        (
            manifest
                .replace("\"sqlite\"", "\"oracle\"")
                .replace("\"postgres\"", "\"oracle\""),
            "installation on oracle",
        ),
    ] {
        std::fs::write(&manifest_path, text).unwrap();
        let says = refusal(world, &to, &fresh).await;
        assert!(says.contains(expected), "{says}");
    }
    std::fs::remove_file(&manifest_path).unwrap();
    let says = refusal(world, &to, &fresh).await;
    assert!(says.contains("not finished"), "{says}");
    untouched(&fresh).await;

    std::fs::write(&manifest_path, &manifest).unwrap();
    let (app, _) = restore(world, &to, &fresh, &key()).await.unwrap();
    app.close().await;
}

async fn a_place_that_is_in_use_is_refused(world: &World) {
    world.stack("Infra").await;
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("backup");
    back_up(world, &to).await.unwrap();
    let again = back_up(world, &to).await.err().unwrap().to_string();
    assert!(again.contains("is not empty"), "{again}");

    let fresh = world.fresh();
    objects(fresh.folder())
        .put("runs/x/plan", "there")
        .await
        .unwrap();
    let says = refusal(world, &to, &fresh).await;
    assert!(says.contains("runs/x/plan"), "{says}");
    objects(fresh.folder()).remove("runs/x/plan").await.unwrap();
    let (app, first) = restore(world, &to, &fresh, &key()).await.unwrap();
    app.close().await;
    let says = refusal(world, &to, &fresh).await;
    assert!(says.contains("is not empty"), "{says}");

    // The same backup in two places begins two lives.
    let other = world.fresh();
    let (app, second) = restore(world, &to, &other, &key()).await.unwrap();
    assert_ne!(first.epoch, second.epoch);
    app.close().await;
}

async fn the_key_is_looked_at_first(world: &World) {
    world.stack("Infra").await;
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("backup");
    back_up(world, &to).await.unwrap();
    let fresh = world.fresh();
    let other: MasterKeySource = (&MasterKey::generate()).into();
    let missing = MasterKeySource::File(folder.path().join("master.key"));
    for master in [other, missing] {
        let refused = restore(world, &to, &fresh, &master).await.err().unwrap();
        let name = key().read().unwrap().first().name();
        assert!(refused.to_string().contains(&name), "{refused}");
    }
    untouched(&fresh).await;
}

async fn a_restore_that_was_interrupted_is_not_opened(world: &World) {
    world.stack("Infra").await;
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("backup");
    back_up(world, &to).await.unwrap();
    let fresh = world.fresh();
    let target = gantry_app::restore::Target {
        connect: &fresh.connect,
        objects: &objects(fresh.folder()),
        programs: &gantry_app::backup::Programs::default(),
        master: &key(),
    };
    let restore = gantry_app::restore::Restore::check(&to, target)
        .await
        .unwrap();
    // Killed when the database is there and nothing in it has ended yet.
    let killed = async |store: gantry_store::Store| {
        store.close().await;
        Err(gantry_app::OpError::invalid("killed"))
    };
    restore.run(killed).await.unwrap_err();
    match &fresh.connect {
        gantry_store::Connect::Sqlite(path) => assert!(!path.exists()),
        connect => {
            let opened = gantry_store::Store::open(connect).await;
            let says = opened.err().unwrap().to_string();
            assert!(says.contains("did not come to its end"), "{says}");
        }
    }
}
