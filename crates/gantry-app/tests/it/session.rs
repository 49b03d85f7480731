use gantry_app::api_key::{self, ApiKeyDraft, NewApiKey};
use gantry_app::session::NewSession;
use gantry_core::api_key::SpaceAccess;
use gantry_core::authz::Role;
use gantry_core::ids::SpaceId;
use secrecy::SecretString;

use crate::world::{NOW, World};

const HOUR: i64 = 3_600_000;

on_both_databases!(
    a_session_ends_after_twelve_hours,
    a_session_ends_with_its_key,
    whoever_logs_out_is_nobody_here_or_everywhere,
    a_wrong_secret_begins_none,
);

async fn key(world: &World, expires_at: Option<i64>) -> NewApiKey {
    let draft = ApiKeyDraft {
        name: "person".into(),
        expires_at,
        access: vec![SpaceAccess {
            space: SpaceId::new("root"),
            role: Role::Admin,
        }],
        ..ApiKeyDraft::default()
    };
    let store = world.store().await;
    api_key::create(&store, draft, "a test", NOW).await.unwrap()
}

async fn start(world: &World, key: &NewApiKey) -> NewSession {
    let started = world.app.session_start(&key.key.id, &key.secret);
    started.await.unwrap()
}

async fn is_there(world: &World, session: &NewSession) -> bool {
    let subject = world.app.subject_of_session(&session.secret).await;
    subject.unwrap().is_some()
}

async fn a_session_ends_after_twelve_hours(world: &World) {
    let key = key(world, None).await;
    let session = start(world, &key).await;
    assert_eq!(session.valid_until, (NOW + 12 * HOUR) / 1000);
    world.clock.advance(12 * HOUR - 1);
    assert!(is_there(world, &session).await);
    world.clock.advance(1);
    assert!(!is_there(world, &session).await);
    // The next login takes out what has ended.
    let next = start(world, &key).await;
    assert!(is_there(world, &next).await);
}

async fn a_session_ends_with_its_key(world: &World) {
    let short = key(world, Some(NOW + HOUR)).await;
    let session = start(world, &short).await;
    assert_eq!(session.valid_until, (NOW + HOUR) / 1000);
    let revoked = key(world, None).await;
    let session = start(world, &revoked).await;
    assert!(is_there(world, &session).await);
    let deleted = world.app.api_key_delete(&world.admin, &revoked.key.id);
    assert!(deleted.await.unwrap().is_some());
    assert!(!is_there(world, &session).await);
}

async fn whoever_logs_out_is_nobody_here_or_everywhere(world: &World) {
    let key = key(world, None).await;
    let one = start(world, &key).await;
    let two = start(world, &key).await;
    let three = start(world, &key).await;
    let ended = world.app.session_end(&one.subject, &one.secret, false);
    assert_eq!(ended.await.unwrap(), 1);
    assert!(!is_there(world, &one).await);
    assert!(is_there(world, &two).await);
    let ended = world.app.session_end(&two.subject, &two.secret, true);
    assert_eq!(ended.await.unwrap(), 2);
    assert!(!is_there(world, &two).await);
    assert!(!is_there(world, &three).await);
}

async fn a_wrong_secret_begins_none(world: &World) {
    let key = key(world, None).await;
    let wrong = SecretString::from("wrong");
    let refused = world.app.session_start(&key.key.id, &wrong).await;
    let said = refused.err().unwrap().to_string();
    assert!(said.starts_with("unauthorized: "), "{said}");
    let nobody = world.app.subject_of_session(&wrong).await.unwrap();
    assert!(nobody.is_none());
}
