use gantry_app::Subject;
use gantry_core::ids::{StackId, StateVersionId};
use gantry_core::protocol::PhaseOutcome;
use gantry_core::state::Origin;

use super::{Tool, content};
use crate::run::variable;
use crate::world::{World, person};

on_both_databases!(
    a_stack_can_begin_with_a_state,
    an_upload_that_is_no_state_makes_no_stack,
    an_upload_is_its_owner_s_and_ends,
    a_state_can_be_downloaded_by_whoever_writes,
);

async fn upload(world: &World, subject: &Subject, content: &str) -> String {
    let made = world.app.state_upload_url(subject).await.unwrap();
    let token = token(&made.url);
    let id = made.object_id;
    assert!(world.app.state_upload_open(&id, &token).await.unwrap());
    let content = content.to_owned().into();
    world.app.state_upload_put(&id, content).await.unwrap();
    id
}

fn token(url: &str) -> String {
    url.split_once("?token=").unwrap().1.into()
}

async fn import(world: &World, subject: &Subject, object: &str) -> Result<StackId, String> {
    let made = world.app.stack_create(
        subject,
        world.draft("Infra"),
        None,
        true,
        Some(object.to_owned()),
    );
    made.await
        .map(|stack| stack.id)
        .map_err(|error| error.to_string())
}

async fn a_stack_can_begin_with_a_state(world: &World) {
    let given = content(41, &[("one", "1")]);
    let object = upload(world, &world.admin, &given).await;
    let stack = import(world, &world.admin, &object).await.unwrap();
    let shown = world.read_stack(&stack).await;
    let app = &world.app;
    app.settle().await;
    let versions = app.state_versions(&shown, None).await.unwrap();
    assert_eq!(versions.len(), 1);
    assert_eq!(
        (versions[0].serial, &versions[0].origin),
        (41, &Origin::Import)
    );
    let tool = Tool::performing(world, &stack).await;
    assert_eq!(tool.get(&stack).await.unwrap().unwrap(), given.as_bytes());
    tool.stored(&content(42, &[])).await;

    // Used up, and nothing of it is left.
    let again = import(world, &world.admin, &object).await.unwrap_err();
    assert!(again.contains("there is no such upload"), "{again}");
    let folder = world.objects().join("state-uploads");
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), 0);
}

async fn an_upload_that_is_no_state_makes_no_stack(world: &World) {
    for (sent, part) in [
        ("", "the state is empty"),
        ("<html>", "is not JSON"),
        ("{}", "has no `version`"),
    ] {
        let object = upload(world, &world.admin, sent).await;
        let refused = import(world, &world.admin, &object).await.unwrap_err();
        let named = format!("stackObjectID `{object}`: ");
        assert!(refused.starts_with(&named), "{refused}");
        assert!(refused.contains(part), "{part}: {refused}");
    }
    let app = &world.app;
    let made = app.state_upload_url(&world.admin).await.unwrap();
    let refused = import(world, &world.admin, &made.object_id).await;
    let refused = refused.unwrap_err();
    assert!(refused.contains("nothing was uploaded"), "{refused}");
    let object = upload(world, &world.admin, &content(1, &[])).await;
    let alone = app.stack_create(
        &world.admin,
        world.draft("Infra"),
        None,
        false,
        Some(object.clone()),
    );
    let refused = alone.await.unwrap_err().to_string();
    assert!(refused.starts_with("stackObjectID: "), "{refused}");
    assert!(app.stacks(&world.admin).await.unwrap().is_empty());

    // A stack that is refused for another reason leaves the upload for the next try.
    world.stack("Infra").await;
    let refused = import(world, &world.admin, &object).await.unwrap_err();
    assert!(refused.contains("is taken"), "{refused}");
    let left = std::fs::read_dir(world.objects().join("states/infra"));
    assert!(left.map_or(0, |files| files.count()) == 0);
    let mut draft = world.draft("Other");
    draft.space = None;
    let made = app.stack_create(&world.admin, draft, None, true, Some(object));
    assert!(made.await.is_ok());
}

async fn an_upload_is_its_owner_s_and_ends(world: &World) {
    let app = &world.app;
    let ada = person("ada", "01ADA");
    let object = upload(world, &ada, &content(1, &[])).await;
    let refused = import(world, &world.admin, &object).await.unwrap_err();
    assert!(
        refused.contains("there is no such upload of yours"),
        "{refused}"
    );

    let one = app.state_upload_url(&ada).await.unwrap();
    let other = app.state_upload_url(&ada).await.unwrap();
    for (id, token) in [
        (&one.object_id, token(&other.url)),
        (&one.object_id, String::new()),
        (&"nothing".to_owned(), token(&one.url)),
    ] {
        assert!(!app.state_upload_open(id, &token).await.unwrap());
    }
    world.clock.advance(30 * 60 * 1000);
    let late = app
        .state_upload_open(&one.object_id, &token(&one.url))
        .await;
    assert!(!late.unwrap());
    let refused = import(world, &ada, &object).await.unwrap_err();
    assert!(refused.contains("its time is over"), "{refused}");
    app.end_what_is_due().await.unwrap();
    let folder = world.objects().join("state-uploads");
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), 0);
}

async fn a_state_can_be_downloaded_by_whoever_writes(world: &World) {
    let stack = world.managed_stack("Infra").await;
    let (app, admin) = (&world.app, &world.admin);
    let none = app.state_download_url(admin, &stack, None).await;
    let none = none.unwrap_err().to_string();
    assert!(none.contains("has no state yet"), "{none}");
    let tool = Tool::performing(world, &stack).await;
    let (first, second) = (content(1, &[]), content(2, &[]));
    tool.lock("a").await.unwrap();
    tool.store("a", &first).await.unwrap();
    tool.store("a", &second).await.unwrap();
    let shown = world.read_stack(&stack).await;
    let versions = app.state_versions(&shown, None).await.unwrap();
    for (version, serial, content) in [
        (None, 2, &second),
        (Some(&versions[0].id), 2, &second),
        (Some(&versions[1].id), 1, &first),
    ] {
        let url = app
            .state_download_url(admin, &stack, version)
            .await
            .unwrap();
        let (before, token) = url.split_once("?token=").unwrap();
        let id = StateVersionId::new(before.rsplit_once('/').unwrap().1);
        let found = app.state_download(&id, token).await.unwrap().unwrap();
        assert_eq!((found.serial, &found.stack), (serial, &stack));
        assert_eq!(found.content.as_slice(), content.as_bytes());
        // For this version, from this server, for a while, and to take out.
        let other = versions.iter().find(|version| version.id != id).unwrap();
        assert!(
            app.state_download(&other.id, token)
                .await
                .unwrap()
                .is_none()
        );
        assert!(app.state_download(&id, "x").await.unwrap().is_none());
        assert!(!app.state_upload_open(id.as_str(), token).await.unwrap());
        assert!(app.subject_of_token(token).await.unwrap().is_none());
        assert!(app.state_access(&token.into()).await.unwrap().is_none());
    }
    let url = app.state_download_url(admin, &stack, None).await.unwrap();
    let password = variable(&tool.start, "TF_HTTP_PASSWORD").unwrap();
    let id = &versions[0].id;
    assert!(app.state_download(id, password).await.unwrap().is_none());
    let run = variable(&tool.start, "SPACELIFT_API_TOKEN").unwrap();
    let run = app.subject_of_token(run).await.unwrap().unwrap();
    assert!(app.state_download_url(&run, &stack, None).await.is_err());
    assert!(app.state_upload_url(&run).await.is_err());
    world.clock.advance(5 * 60 * 1000);
    assert!(
        app.state_download(id, &token(&url))
            .await
            .unwrap()
            .is_none()
    );
    tool.end(PhaseOutcome::Succeeded).await;

    let own = world.stack("Own").await;
    let elsewhere = app.state_download_url(admin, &own, None).await;
    let elsewhere = elsewhere.unwrap_err().to_string();
    assert!(elsewhere.contains("a backend of its own"), "{elsewhere}");
    let gone = StackId::new("gone");
    assert!(app.state_download_url(admin, &gone, None).await.is_err());
}
