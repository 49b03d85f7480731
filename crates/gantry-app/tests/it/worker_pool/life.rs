use gantry_app::OpError;
use gantry_app::search::{Constraint, Predicate, Search};
use gantry_app::worker_pool::WorkerPoolInput;
use gantry_core::authz::Role;
use gantry_core::ids::WorkerPoolId;
use gantry_core::protocol::PoolJoin;
use rcgen::{KeyPair, PublicKeyData as _};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::{in_space, named, request};
use crate::world::{World, outsider};

on_both_databases!(
    a_pool_is_made_changed_and_deleted,
    its_certificate_is_what_we_say_and_for_the_key_that_was_asked_for,
    a_reset_gives_another_certificate,
    every_server_signs_with_one_authority,
    what_can_not_be_a_pool_is_refused,
    roles_and_the_tree_say_who_may_what,
    a_space_with_a_pool_is_not_empty,
    pools_are_searched,
);

async fn a_pool_is_made_changed_and_deleted(world: &World) {
    let (app, admin) = (&world.app, &world.admin);
    let input = WorkerPoolInput {
        description: Some("what for".into()),
        labels: vec!["a".into()],
        drift_detection_run_limit: Some(-1),
        ..named("builders")
    };
    let made = world.pool_of(input).await;
    assert_eq!(made.space.as_str(), "legacy");
    assert_eq!(made.drift_detection_run_limit, Some(-1));
    let found = app.worker_pool(admin, &made.id).await.unwrap();
    assert_eq!(found.as_ref(), Some(&made));

    world.clock.advance(1000);
    let changed = app
        .worker_pool_update(admin, &made.id, named("diggers"))
        .await
        .unwrap();
    assert_eq!(changed.config, made.config);
    assert_eq!(changed.space, made.space);
    assert_eq!(
        (&changed.description, changed.drift_detection_run_limit),
        (&None, None)
    );
    assert!(changed.labels.is_empty());
    assert_eq!(changed.updated_at - changed.created_at, 1000);
    let found = app.worker_pool(admin, &made.id).await.unwrap();
    assert_eq!(found.as_ref(), Some(&changed));

    let deleted = app.worker_pool_delete(admin, &made.id).await.unwrap();
    assert_eq!(deleted, Some(changed));
    assert_eq!(app.worker_pool(admin, &made.id).await.unwrap(), None);
    assert_eq!(app.worker_pool_delete(admin, &made.id).await.unwrap(), None);
    let gone = app.worker_pool_update(admin, &made.id, named("x")).await;
    assert!(matches!(gone, Err(OpError::Missing { .. })));
    // The name is to be had again.
    world.pool("diggers").await;
}

fn config(text: &str) -> PoolJoin {
    PoolJoin::decode(text).unwrap()
}

async fn its_certificate_is_what_we_say_and_for_the_key_that_was_asked_for(world: &World) {
    let key = KeyPair::generate().unwrap();
    let made = world
        .app
        .worker_pool_create(&world.admin, named("builders"), &request(&key))
        .await
        .unwrap();
    let join = config(&made.config);
    assert_eq!(join.pool, made.id);
    assert_eq!(join.url, "https://gantry.example.com:7879");
    let authority = world.app.worker_authority().await.unwrap();
    assert_eq!(join.authority, authority.certificate());

    let pem = |text: &str| x509_parser::pem::parse_x509_pem(text.as_bytes()).unwrap().1;
    let (own, above) = (pem(&join.certificate), pem(&join.authority));
    let (_, own) = X509Certificate::from_der(&own.contents).unwrap();
    let (_, above) = X509Certificate::from_der(&above.contents).unwrap();
    own.verify_signature(Some(above.public_key())).unwrap();
    assert_eq!(own.public_key().raw, key.subject_public_key_info());
    assert_eq!(own.subject().to_string(), format!("CN={}", made.id));
    assert!(!own.is_ca());
    let usage = own.extended_key_usage().unwrap().unwrap().value;
    assert!(usage.client_auth && !usage.server_auth && !usage.any);
    assert!(own.subject_alternative_name().unwrap().is_none());
}

async fn a_reset_gives_another_certificate(world: &World) {
    let (app, admin) = (&world.app, &world.admin);
    let key = KeyPair::generate().unwrap();
    let made = app
        .worker_pool_create(admin, named("builders"), &request(&key))
        .await
        .unwrap();
    let reset = app
        .worker_pool_reset(admin, &made.id, &request(&key))
        .await
        .unwrap();
    // Although the key is the same.
    let (before, after) = (config(&made.config), config(&reset.config));
    assert_ne!(before.certificate, after.certificate);
    assert_eq!(before.authority, after.authority);
    let refused = app.worker_pool_reset(admin, &made.id, "?").await;
    assert!(matches!(refused, Err(OpError::Invalid(_))));
    let found = app.worker_pool(admin, &made.id).await.unwrap().unwrap();
    assert_eq!(found.config, reset.config);
}

async fn every_server_signs_with_one_authority(world: &World) {
    let other = world.restarted().await;
    let (one, two) = tokio::join!(world.app.worker_authority(), other.worker_authority());
    assert_eq!(one.unwrap().certificate(), two.unwrap().certificate());
    let third = world.restarted().await;
    assert_eq!(
        third.worker_authority().await.unwrap().certificate(),
        other.worker_authority().await.unwrap().certificate()
    );
    other.close().await;
    third.close().await;
}

async fn what_can_not_be_a_pool_is_refused(world: &World) {
    let (app, admin) = (&world.app, &world.admin);
    world.pool("builders").await;
    let good = request(&KeyPair::generate().unwrap());
    let long = "x".repeat(256);
    let limit = |limit| WorkerPoolInput {
        drift_detection_run_limit: Some(limit),
        ..named("A")
    };
    for (input, request, part) in [
        (named(""), &*good, "name: it is empty"),
        (named(&long), &good, "256 characters"),
        (named("a\u{7}b"), &good, "control character"),
        (named("builders"), &good, "names are unique"),
        (
            in_space("A", "nowhere"),
            &good,
            "there is no space `nowhere`",
        ),
        (limit(-2), &good, "driftDetectionRunLimit: -2"),
        (limit(i64::MAX), &good, "driftDetectionRunLimit"),
        (named("A"), "garbage!", "certificateSigningRequest"),
    ] {
        let made = app.worker_pool_create(admin, input, request).await;
        let text = made.unwrap_err().to_string();
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(app.worker_pools(admin).await.unwrap().len(), 1);
}

async fn roles_and_the_tree_say_who_may_what(world: &World) {
    let app = &world.app;
    let own = world.pool("own").await;
    let above = world.pool_of(in_space("above", "root")).await.id;
    let beside = world.space("Beside", "root", false).await;
    let beside = world.pool_of(in_space("beside", beside.as_str())).await.id;
    let (reader, _) = world.key(&[("legacy", Role::Reader)]).await;
    let (writer, _) = world.key(&[("legacy", Role::Writer)]).await;
    let (admin, _) = world.key(&[("legacy", Role::Admin)]).await;
    for subject in [&reader, &writer, &admin] {
        assert!(app.worker_pool(subject, &own).await.unwrap().is_some());
        assert!(app.worker_pool(subject, &above).await.unwrap().is_some());
        assert!(app.worker_pool(subject, &beside).await.unwrap().is_none());
        let names: Vec<String> = app
            .worker_pools(subject)
            .await
            .unwrap()
            .into_iter()
            .map(|pool| pool.name)
            .collect();
        assert_eq!(names, ["above", "own"]);
    }
    assert!(app.worker_pools(&outsider()).await.unwrap().is_empty());

    let request = request(&KeyPair::generate().unwrap());
    for (subject, pool) in [(&reader, &own), (&writer, &own), (&admin, &above)] {
        let update = app.worker_pool_update(subject, pool, named("x")).await;
        assert!(matches!(update, Err(OpError::Forbidden(_))));
        let reset = app.worker_pool_reset(subject, pool, &request).await;
        assert!(matches!(reset, Err(OpError::Forbidden(_))));
        let cycle = app.worker_pool_cycle(subject, pool).await;
        assert!(matches!(cycle, Err(OpError::Forbidden(_))));
        let delete = app.worker_pool_delete(subject, pool).await;
        assert!(matches!(delete, Err(OpError::Forbidden(_))));
    }
    let hidden = app.worker_pool_reset(&admin, &beside, &request).await;
    assert!(matches!(hidden, Err(OpError::Missing { .. })));
    assert_eq!(app.worker_pool_delete(&admin, &beside).await.unwrap(), None);
    let moved = app.worker_pool_update(&admin, &own, in_space("own", "root"));
    assert!(matches!(moved.await, Err(OpError::Forbidden(_))));
    let elsewhere = app.worker_pool_create(&admin, in_space("x", "root"), &request);
    assert!(matches!(elsewhere.await, Err(OpError::Forbidden(_))));
    app.worker_pool_update(&admin, &own, named("own"))
        .await
        .unwrap();
}

async fn a_space_with_a_pool_is_not_empty(world: &World) {
    let space = world.space("Team", "root", true).await;
    let pool = world.pool_of(in_space("builders", space.as_str())).await;
    let refused = world.app.space_delete(&world.admin, &space).await;
    let refused = refused.unwrap_err().to_string();
    assert!(
        refused.contains("the worker pool \"builders\""),
        "{refused}"
    );
    let deleted = world.app.worker_pool_delete(&world.admin, &pool.id).await;
    deleted.unwrap();
    let gone = world.app.space_delete(&world.admin, &space).await;
    assert!(gone.unwrap().is_some());
}

async fn pools_are_searched(world: &World) {
    for (name, label) in [("alpha", "x"), ("beta", "y"), ("gamma", "x")] {
        world.clock.advance(1);
        let input = WorkerPoolInput {
            labels: vec![label.into()],
            ..named(name)
        };
        world.pool_of(input).await;
    }
    let search = async |wanted: &Search| {
        let page = world.app.worker_pool_search(&world.admin, wanted).await;
        let page = page.unwrap();
        let names: Vec<String> = page.items.iter().map(|pool| pool.name.clone()).collect();
        (names, page.end_cursor, page.has_next)
    };
    let mut wanted = Search {
        first: Some(2),
        ..Search::default()
    };
    let (names, end, more) = search(&wanted).await;
    assert_eq!((names, more), (vec!["gamma".into(), "beta".into()], true));
    wanted.after = Some(end);
    let (names, _, more) = search(&wanted).await;
    assert_eq!((names, more), (vec!["alpha".to_owned()], false));
    for (field, value, expected) in [
        ("labels", "x", &["gamma", "alpha"][..]),
        ("space", "root", &[]),
        ("name", "beta", &["beta"]),
    ] {
        let wanted = Search {
            predicates: vec![Predicate {
                field: field.into(),
                constraint: Constraint::Strings(vec![value.into()]),
                exclude: false,
            }],
            ..Search::default()
        };
        assert_eq!(search(&wanted).await.0, expected, "{field}");
    }
    let nobody = WorkerPoolId::new("01NOBODY");
    let found = world.app.worker_pool(&world.admin, &nobody).await;
    assert_eq!(found.unwrap(), None);
}
