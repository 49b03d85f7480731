//! Several servers on one PostgreSQL and one directory of objects.

mod logs;
mod one_of_each;
mod wake;

use gantry_app::MasterKey;

use crate::world::{MASTER_KEY, World};

on_both_databases!(objects_of_another_installation_are_refused);

async fn objects_of_another_installation_are_refused(world: &World) {
    let said = world.with_other_objects().await.to_string();
    assert!(said.contains("carries no mark"), "{said}");
    assert!(said.contains("set `objects` to the bucket"), "{said}");
    // Nothing of it keeps a server out that has the right ones.
    world.restarted().await;
    std::fs::write(world.objects().join("installation"), "01OTHER").unwrap();
    let said = world.cannot_restart().await.to_string();
    assert!(said.contains("the mark `01OTHER` of another"), "{said}");
}

#[tokio::test]
async fn servers_that_start_together_agree() {
    let world = World::postgres().await;
    let new = world.fresh();
    std::fs::create_dir_all(new.folder().join("repositories")).unwrap();
    let master = (&MasterKey::parse(MASTER_KEY).unwrap()).into();
    let open = || async {
        let store = new.store().await;
        world.open_in(&new, store, &master).await.unwrap()
    };
    let (one, two, three) = futures::join!(open(), open(), open());
    for server in [one, two, three] {
        assert_eq!(server.account().as_str(), "acme");
        server.close().await;
    }
}
