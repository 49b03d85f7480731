use gantry_app::api_key::{self, ApiKeyDraft};
use secrecy::ExposeSecret as _;

use crate::world::{NOW, World};

on_both_databases!(a_token_ends_after_three_hours,);

async fn a_token_ends_after_three_hours(world: &World) {
    let store = world.store().await;
    let made = api_key::create(&store, ApiKeyDraft::admin("ci"), "a test", NOW)
        .await
        .unwrap();
    let exchanged = world.app.exchange_api_key(&made.key.id, &made.secret);
    let token = exchanged.await.unwrap();
    assert_eq!(token.valid_until, NOW / 1000 + 3 * 3600);
    for (step, valid) in [(0, true), (3 * 3_600_000 - 1_000, true), (1_000, false)] {
        world.clock.advance(step);
        let subject = world
            .app
            .subject_of_token(token.jwt.expose_secret())
            .await
            .unwrap();
        assert_eq!(subject.is_some(), valid, "after {step} ms more");
    }
}
