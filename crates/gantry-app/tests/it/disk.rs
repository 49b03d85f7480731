//! A disk that is full or read-only: what changes something is refused and says why, what reads goes
//! on, and all is well again once the disk is.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use gantry_app::OpError;
use gantry_app::space::SpaceDraft;
use gantry_core::ids::SpaceId;

use crate::world::World;

/// A small disk of our own, in memory.
struct Disk(tempfile::TempDir);

impl Disk {
    /// `None`, and a sentence: not everybody may mount.
    fn mounted() -> Option<Disk> {
        let directory = tempfile::tempdir().unwrap();
        let disk = Disk(directory);
        if !disk.mount(&["-t", "tmpfs", "-o", "size=8m", "tmpfs"]) {
            eprintln!(
                "left out: a disk can only be filled or made read-only where mount is allowed"
            );
            return None;
        }
        Some(disk)
    }

    fn mount(&self, arguments: &[&str]) -> bool {
        let mount = Command::new("mount")
            .args(arguments)
            .arg(self.path())
            .output();
        mount.is_ok_and(|said| said.status.success())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn filler(&self) -> std::path::PathBuf {
        self.path().join("filler")
    }

    fn fill(&self) {
        let mut file = File::create(self.filler()).unwrap();
        while file.write_all(&[0; 4096]).is_ok() {}
    }

    fn make_room(&self) {
        std::fs::remove_file(self.filler()).unwrap();
    }

    fn set_read_only(&self, how: bool) {
        let how = if how { "remount,ro" } else { "remount,rw" };
        assert!(self.mount(&["-o", how]), "{how}");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount")
            .arg("--lazy")
            .arg(self.path())
            .output();
    }
}

async fn make(world: &World, name: &str) -> Result<SpaceId, OpError> {
    let draft = SpaceDraft {
        name: name.into(),
        // Longer than what may still fit into a page that is there.
        description: "x".repeat(64 << 10),
        inherit_entities: false,
        parent: String::new(),
        labels: vec![],
    };
    let made = world.app.space_create(&world.admin, &draft).await;
    made.map(|space| space.id)
}

async fn reads(world: &World, id: &SpaceId) {
    let found = world.app.space(&world.admin, id).await.unwrap();
    assert_eq!(found.map(|space| space.id).as_ref(), Some(id));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_changes_until_there_is_room() {
    let Some(disk) = Disk::mounted() else { return };
    let world = World::sqlite_below(disk.path()).await;
    let id = make(&world, "before").await.unwrap();
    for round in ["once", "twice"] {
        disk.fill();
        for _ in 0..3 {
            let refused = make(&world, "while").await.unwrap_err();
            assert!(matches!(refused, OpError::Unavailable(_)), "{refused:?}");
            let said = refused.to_string();
            assert!(said.contains("where the database is, is full"), "{said}");
            reads(&world, &id).await;
        }
        disk.make_room();
        let after = make(&world, round).await.unwrap();
        reads(&world, &after).await;
        let again = world.restarted().await;
        assert!(again.space(&world.admin, &after).await.unwrap().is_some());
    }
    drop(world);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_into_the_object_storage_names_its_directory() {
    let Some(disk) = Disk::mounted() else { return };
    let place = disk.path().join("objects");
    let objects = gantry_app::Objects::open(&gantry_app::ObjectsLocation::Directory(place.clone()));
    let objects = objects.unwrap();
    objects.put("a/b", vec![1; 1000]).await.unwrap();
    for (harm, heal, word) in [
        (
            Disk::fill as fn(&Disk),
            Disk::make_room as fn(&Disk),
            "is full",
        ),
        (
            |disk| disk.set_read_only(true),
            |disk| disk.set_read_only(false),
            "is read-only",
        ),
    ] {
        harm(&disk);
        let refused = objects.put("a/c", vec![2; 100_000]).await.unwrap_err();
        let said = refused.to_string();
        assert!(matches!(refused, OpError::Unavailable(_)), "{refused:?}");
        assert!(
            said.contains(word) && said.contains(&place.display().to_string()),
            "{said}"
        );
        assert_eq!(objects.get("a/b").await.unwrap().unwrap().len(), 1000);
        assert!(objects.get("a/c").await.unwrap().is_none());
        heal(&disk);
        objects.put("a/c", vec![2; 100]).await.unwrap();
        objects.remove("a/c").await.unwrap();
    }
}

/// What PostgreSQL says when its disk or its memory is at an end, at a statement of ours.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_postgres_refuses_changes_until_it_is_over() {
    let world = World::postgres().await;
    let id = make(&world, "before").await.unwrap();
    for (code, said) in [
        (
            "53100",
            "the disk of PostgreSQL, which keeps the database, is full",
        ),
        (
            "53200",
            "PostgreSQL, which keeps the database, has no memory left",
        ),
        (
            "58030",
            "the disk of PostgreSQL, which keeps the database, does not read or write",
        ),
    ] {
        world.sql(&format!(
            "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
             $$BEGIN RAISE EXCEPTION 'injected' USING ERRCODE = '{code}'; END$$;
             CREATE TRIGGER refuse BEFORE INSERT ON space FOR EACH ROW EXECUTE FUNCTION refuse()"
        ));
        refused_with(&world, said).await;
        reads(&world, &id).await;
        world.sql("DROP TRIGGER refuse ON space");
        reads(&world, &make(&world, code).await.unwrap()).await;
    }
}

/// A standby that was not promoted, or what an operator does before the disk is full.
#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_postgres_refuses_changes_until_it_is_writable() {
    let world = World::postgres().await;
    let id = make(&world, "before").await.unwrap();
    let set = |how: &str| {
        let own = "(SELECT current_database())";
        let name = world.sql("SELECT current_database()");
        world.sql(&format!(
            "BEGIN READ WRITE; ALTER DATABASE {} {how}; COMMIT",
            name.trim()
        ));
        // Of those that are connected already, nobody hears of it.
        world.sql(&format!(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
             WHERE datname = {own} AND pid <> pg_backend_pid()"
        ));
    };
    set("SET default_transaction_read_only = on");
    let said = "PostgreSQL, which keeps the database, is read-only";
    refused_with(&world, said).await;
    reads(&world, &id).await;
    set("RESET default_transaction_read_only");
    reads(&world, &make(&world, "after").await.unwrap()).await;
}

async fn refused_with(world: &World, said: &str) {
    for _ in 0..3 {
        let refused = make(world, "while").await.unwrap_err();
        assert!(matches!(refused, OpError::Unavailable(_)), "{refused:?}");
        let text = refused.to_string();
        assert!(
            text.contains(said) && text.contains("no restart is needed"),
            "{text}"
        );
    }
}

/// SQLite needs to write even to begin to read what others may write.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_does_not_start_on_a_read_only_disk_and_says_so() {
    let Some(disk) = Disk::mounted() else { return };
    let connect = gantry_store::Connect::Sqlite(disk.path().join("gantry.db"));
    let store = gantry_store::Store::open(&connect).await.unwrap();
    store.close().await;
    disk.set_read_only(true);
    let said = gantry_store::Store::open(&connect).await.err().unwrap();
    let said = said.to_string();
    assert!(
        said.contains("gantry.db") && said.contains("read-only"),
        "{said}"
    );
    disk.set_read_only(false);
    let store = gantry_store::Store::open(&connect).await.unwrap();
    store.close().await;
}
