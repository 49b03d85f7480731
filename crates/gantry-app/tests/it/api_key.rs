use gantry_app::OpError;
use gantry_app::api_key::ApiKeyDraft;
use gantry_core::api_key::SpaceAccess;
use gantry_core::authz::{Action, Role};
use gantry_core::ids::{ApiKeyId, SpaceId};
use secrecy::ExposeSecret as _;

use crate::world::{NOW, World};

on_both_databases!(
    a_role_holds_below_its_space_and_sees_what_is_shared_above,
    a_change_of_roles_or_tree_holds_from_the_next_request_on,
    rules_that_make_no_sense_are_refused,
    only_administrators_of_the_account_see_and_make_keys,
    an_expired_key_is_no_key,
);

fn given(space: &str, role: Role) -> SpaceAccess {
    SpaceAccess {
        space: SpaceId::new(space),
        role,
    }
}

async fn a_role_holds_below_its_space_and_sees_what_is_shared_above(world: &World) {
    let team = world.space("team", "root", true).await;
    let app = world.space("app", team.as_str(), false).await;
    let (key, _) = world.key(&[(team.as_str(), Role::Writer)]).await;
    for space in [&team, &app] {
        assert!(key.require(Action::Operate, space).is_ok());
        assert!(key.require(Action::Administer, space).is_err());
    }
    let seen = world.app.spaces(&key).await.unwrap();
    let mut seen: Vec<&str> = seen.iter().map(|space| space.name.as_str()).collect();
    seen.sort_unstable();
    assert_eq!(seen, ["app", "root", "team"]);
    let root = SpaceId::new("root");
    assert!(key.sees_shared(&root) && !key.sees(&root));

    // Integrations of root are seen, its stacks are not.
    let mut draft = world.draft("Above");
    draft.space = Some("root".into());
    let above = world.stack_of(draft).await;
    let mut draft = world.draft("Below");
    draft.space = Some(app.as_str().into());
    let below = world.stack_of(draft).await;
    assert!(world.app.stack(&key, &above).await.unwrap().is_none());
    let stacks = world.app.stacks(&key).await.unwrap();
    let ids: Vec<_> = stacks.iter().map(|stack| &stack.id).collect();
    assert_eq!(ids, [&below]);
    assert!(world.app.stack_lock(&key, &below, None).await.is_ok());
    let refused = world.app.stack_lock(&key, &above, None).await.unwrap_err();
    assert_eq!(refused.to_string(), "there is no stack `above`");
}

async fn a_change_of_roles_or_tree_holds_from_the_next_request_on(world: &World) {
    let team = world.space("team", "root", false).await;
    let draft = ApiKeyDraft {
        name: "ci".into(),
        access: vec![given(team.as_str(), Role::Reader)],
        ..ApiKeyDraft::default()
    };
    let made = world.app.api_key_create(&world.admin, draft).await.unwrap();
    let token = world.app.exchange_api_key(&made.key.id, &made.secret);
    let token = token.await.unwrap();
    let now = async || {
        let jwt = token.jwt.expose_secret();
        world.app.subject_of_token(jwt).await.unwrap().unwrap()
    };
    assert_eq!(now().await.role_in(&team), Some(Role::Reader));
    let id = &made.key.id;
    let rules = vec![given(team.as_str(), Role::Admin)];
    let changed = world
        .app
        .api_key_access_set(&world.admin, id, rules.clone());
    assert_eq!(changed.await.unwrap().access, rules);
    assert_eq!(now().await.role_in(&team), Some(Role::Admin));
    let below = world.space("below", team.as_str(), false).await;
    assert_eq!(now().await.role_in(&below), Some(Role::Admin));
    let changed = world.app.api_key_access_set(&world.admin, id, vec![]).await;
    assert_eq!(changed.unwrap().access, []);
    assert_eq!(now().await.role_in(&team), None);
    // The space goes, and the role with it.
    let rules = vec![given(below.as_str(), Role::Admin)];
    let set = world.app.api_key_access_set(&world.admin, id, rules).await;
    set.unwrap();
    world.app.space_delete(&world.admin, &below).await.unwrap();
    let found = world.app.api_key(&world.admin, id).await.unwrap().unwrap();
    assert_eq!(found.access, []);
    assert_eq!(now().await.role_in(&below), None);
}

async fn rules_that_make_no_sense_are_refused(world: &World) {
    let make = async |admin: bool, access: Vec<SpaceAccess>, expires_at: Option<i64>| {
        let draft = ApiKeyDraft {
            name: "ci".into(),
            admin,
            access,
            expires_at,
            ..ApiKeyDraft::default()
        };
        let made = world.app.api_key_create(&world.admin, draft).await;
        made.err().unwrap().to_string()
    };
    let reader = given("legacy", Role::Reader);
    let twice = vec![given("legacy", Role::Admin), reader.clone()];
    assert!(
        make(false, twice, None)
            .await
            .contains("`legacy` is named twice")
    );
    let nowhere = vec![given("gone", Role::Reader)];
    assert_eq!(make(false, nowhere, None).await, "there is no space `gone`");
    assert!(
        make(true, vec![reader], None)
            .await
            .contains("every role already")
    );
    let many = (0..201).map(|n| given(&n.to_string(), Role::Reader));
    assert!(make(false, many.collect(), None).await.contains("201"));
    assert!(
        make(false, vec![], Some(NOW))
            .await
            .starts_with("expiresAt")
    );
    let gone = ApiKeyId::new("01GONE");
    let set = world.app.api_key_access_set(&world.admin, &gone, vec![]);
    let refused = set.await.unwrap_err();
    assert_eq!(refused.to_string(), "there is no API key `01GONE`");
}

async fn only_administrators_of_the_account_see_and_make_keys(world: &World) {
    let team = world.space("team", "root", true).await;
    let (below, id) = world.key(&[(team.as_str(), Role::Admin)]).await;
    let app = &world.app;
    let draft = || ApiKeyDraft {
        name: "mine".into(),
        access: vec![given(team.as_str(), Role::Reader)],
        ..ApiKeyDraft::default()
    };
    assert!(matches!(
        app.api_keys(&below).await,
        Err(OpError::Forbidden(_))
    ));
    assert!(matches!(
        app.api_key(&below, &id).await,
        Err(OpError::Forbidden(_))
    ));
    let made = app.api_key_create(&below, draft()).await;
    assert!(matches!(made, Err(OpError::Forbidden(_))));
    let more = vec![given("root", Role::Admin)];
    let set = app.api_key_access_set(&below, &id, more).await;
    assert!(matches!(set, Err(OpError::Forbidden(_))));

    // Whoever administers root administers the account.
    let (root, _) = world.key(&[("root", Role::Admin)]).await;
    assert!(app.api_key_create(&root, draft()).await.is_ok());
    let (writer, _) = world.key(&[("root", Role::Writer)]).await;
    assert!(matches!(
        app.api_keys(&writer).await,
        Err(OpError::Forbidden(_))
    ));
}

async fn an_expired_key_is_no_key(world: &World) {
    let draft = ApiKeyDraft {
        expires_at: Some(NOW + 60_000),
        ..ApiKeyDraft::admin("for a minute")
    };
    let made = world.app.api_key_create(&world.admin, draft).await.unwrap();
    let token = world.app.exchange_api_key(&made.key.id, &made.secret);
    let token = token.await.unwrap();
    assert_eq!(token.valid_until, NOW / 1000 + 60);
    let jwt = token.jwt.expose_secret();
    world.clock.advance(59_000);
    assert!(world.app.subject_of_token(jwt).await.unwrap().is_some());
    world.clock.advance(1_000);
    assert!(world.app.subject_of_token(jwt).await.unwrap().is_none());
    let again = world.app.exchange_api_key(&made.key.id, &made.secret).await;
    assert!(again.err().unwrap().to_string().contains("has expired"));
}
