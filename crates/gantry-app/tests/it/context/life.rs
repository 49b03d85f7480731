use gantry_app::context::ContextInput;
use gantry_app::search::{Constraint, Predicate, Search};
use gantry_app::{OpError, Subject};
use gantry_core::authz::Role;
use gantry_core::hooks::Hooks;
use gantry_core::ids::ContextId;

use super::{file, named, variable};
use crate::world::World;

on_both_databases!(
    a_context_is_made_changed_and_deleted,
    what_can_not_be_a_context_is_refused,
    elements_of_contexts_are_set_and_removed,
    files_that_can_not_be_mounted_are_refused,
    roles_and_the_tree_say_who_may_what,
    a_space_with_a_context_is_not_empty,
    a_stack_stays_where_it_sees_its_contexts,
    contexts_are_searched,
);

async fn a_context_is_made_changed_and_deleted(world: &World) {
    let (app, admin) = (&world.app, &world.admin);
    let input = ContextInput {
        description: Some("what for".into()),
        labels: vec!["a".into()],
        hooks: Hooks {
            before_plan: vec!["true".into()],
            ..Hooks::default()
        },
        ..named("Prod K8s")
    };
    let made = app.context_create(admin, input).await.unwrap();
    assert_eq!(made.id.as_str(), "prod-k8s");
    assert_eq!(made.space.as_str(), "legacy");
    let found = app.context(admin, &made.id).await.unwrap();
    assert_eq!(found.as_ref(), Some(&made));

    world.clock.advance(1000);
    let update = ContextInput {
        description: Some(String::new()),
        ..named("Production")
    };
    let changed = app.context_update(admin, &made.id, update).await.unwrap();
    assert_eq!(changed.id, made.id);
    assert_eq!(changed.space, made.space);
    assert_eq!(changed.description, None);
    assert!(changed.labels.is_empty() && changed.hooks == Hooks::default());
    assert_eq!(changed.updated_at - changed.created_at, 1000);

    // A stack of the same name is no obstacle, and neither is a context that is gone.
    assert_eq!(world.stack("Prod K8s").await.as_str(), "prod-k8s");
    let deleted = app.context_delete(admin, &made.id).await.unwrap();
    assert_eq!(deleted, Some(changed));
    assert_eq!(app.context(admin, &made.id).await.unwrap(), None);
    assert_eq!(app.context_delete(admin, &made.id).await.unwrap(), None);
    world.context(named("prod-k8s")).await;
}

async fn what_can_not_be_a_context_is_refused(world: &World) {
    let (app, admin) = (&world.app, &world.admin);
    world.context(named("Shared")).await;
    let long = "x".repeat(256);
    for (input, part) in [
        (named(""), "name: it is empty"),
        (named("…"), "`name` `…` has no letter"),
        (named(&long), "256 characters"),
        (named("a\u{7}b"), "control character"),
        (named("shared!"), "gives the ID `shared`"),
        (
            ContextInput {
                space: Some("nowhere".into()),
                ..named("A")
            },
            "there is no space `nowhere`",
        ),
        (
            ContextInput {
                labels: vec![String::new()],
                ..named("A")
            },
            "labels: it is empty",
        ),
        (
            ContextInput {
                hooks: Hooks {
                    after_run: vec!["a\0b".into()],
                    ..Hooks::default()
                },
                ..named("A")
            },
            "afterRun: a command contains a zero byte",
        ),
    ] {
        let refused = app.context_create(admin, input).await.unwrap_err();
        assert!(refused.to_string().contains(part), "{refused}");
    }
    let gone = ContextId::new("gone");
    let refused = app.context_update(admin, &gone, named("A")).await;
    assert_eq!(
        refused.unwrap_err().to_string(),
        "there is no context `gone`"
    );
}

async fn elements_of_contexts_are_set_and_removed(world: &World) {
    let (app, admin) = (&world.app, &world.admin);
    let id = world.context(named("Shared")).await;
    world.set_in_context(&id, variable("A", "one", false)).await;
    world.set_in_context(&id, variable("A", "two", true)).await;
    world.set_in_context(&id, file("a/b", "aGk=", false)).await;
    let context = app.context(admin, &id).await.unwrap().unwrap();
    let all = app.context_config(admin, &context).await.unwrap();
    let shown: Vec<_> = all
        .iter()
        .map(|element| (element.name.as_str(), element.value.as_deref()))
        .collect();
    assert_eq!(shown, [("A", None), ("a/b", Some("aGk="))]);
    // The checksum is that of the text, not of the content.
    let digest = <sha2::Sha256 as sha2::Digest>::digest("aGk=");
    assert_eq!(all[1].checksum, hex::encode(digest));
    let one = app.context_config_element(admin, &context, "a/b").await;
    assert_eq!(one.unwrap().unwrap().name, "a/b");

    let other_kind = app.context_config_add(admin, &id, file("A", "", false));
    let refused = other_kind.await.unwrap_err().to_string();
    assert!(
        refused.contains("is a variable of the context"),
        "{refused}"
    );
    let managed = app.context_config_add(admin, &id, variable("TF_HTTP_ADDRESS", "x", false));
    let refused = managed.await.unwrap_err().to_string();
    assert!(refused.contains("is reserved"), "{refused}");

    let removed = app.context_config_delete(admin, &id, "A").await.unwrap();
    assert_eq!(removed.unwrap().name, "A");
    let removed = app.context_config_delete(admin, &id, "A").await.unwrap();
    assert!(removed.is_none());
    let nothing = ContextId::new("gone");
    let nowhere = app.context_config_delete(admin, &nothing, "A").await;
    assert!(matches!(nowhere, Err(OpError::Missing { .. })));
}

async fn files_that_can_not_be_mounted_are_refused(world: &World) {
    let stack = world.stack("Infra").await;
    let app = &world.app;
    let add = async |path: &str, value: &str| {
        app.stack_config_add(&world.admin, &stack, file(path, value, false))
            .await
    };
    for (path, value, part) in [
        ("", "", "`id` is empty"),
        ("/etc/passwd", "", "absolute path"),
        ("source/../../x", "", "leads out of the workspace"),
        ("a\0b", "", "control character"),
        ("plan", "", "gantry's own"),
        ("source/.terraform/x", "", "gantry's own"),
        ("a", "no base64", "is not base64"),
    ] {
        let refused = add(path, value).await.unwrap_err();
        assert!(matches!(refused, OpError::Invalid(_)), "{refused:?}");
        assert!(refused.to_string().contains(part), "{refused}");
    }
    add("a/b", "aGk=").await.unwrap();
    add("a/c", "aGk=").await.unwrap();
    for path in ["a", "a/b/c"] {
        let refused = add(path, "").await.unwrap_err().to_string();
        assert!(
            refused.contains("would have to be a directory"),
            "{refused}"
        );
    }
    // Three of the largest do not fit together.
    let large = "A".repeat(2_796_200);
    add("one", &large).await.unwrap();
    add("two", &large).await.unwrap();
    add("two", &large).await.unwrap();
    let refused = add("three", &large).await.unwrap_err().to_string();
    assert!(refused.contains("are allowed"), "{refused}");
    // Variables count apart.
    world.set_on_stack(&stack, variable("A", "x", false)).await;
}

async fn roles_and_the_tree_say_who_may_what(world: &World) {
    let app = &world.app;
    let stack = world.stack("Infra").await;
    let own = world.context(named("Own")).await;
    let in_space = |name: &str, space: &str| ContextInput {
        space: Some(space.into()),
        ..named(name)
    };
    let above = world.context(in_space("Above", "root")).await;
    let beside = world.space("Beside", "root", false).await;
    let beside = world.context(in_space("Beside", beside.as_str())).await;
    let (reader, _) = world.key(&[("legacy", Role::Reader)]).await;
    let (writer, _) = world.key(&[("legacy", Role::Writer)]).await;
    let (admin, _) = world.key(&[("legacy", Role::Admin)]).await;

    // What a space inherits is seen, and what it does not is not there.
    for subject in [&reader, &writer, &admin] {
        assert!(app.context(subject, &own).await.unwrap().is_some());
        assert!(app.context(subject, &above).await.unwrap().is_some());
        assert!(app.context(subject, &beside).await.unwrap().is_none());
        let seen = app.contexts(subject).await.unwrap();
        let ids: Vec<&str> = seen.iter().map(|context| context.id.as_str()).collect();
        assert_eq!(ids, ["above", "own"]);
        let page = app.context_search(subject, &Search::default()).await;
        assert_eq!(page.unwrap().items.len(), 2);
    }
    // Elements are for writers of the context's own space.
    let add = async |subject: &Subject, id: &ContextId| {
        app.context_config_add(subject, id, variable("A", "x", false))
            .await
    };
    add(&writer, &own).await.unwrap();
    for (subject, id) in [(&reader, &own), (&writer, &above), (&admin, &above)] {
        let refused = add(subject, id).await;
        assert!(matches!(refused, Err(OpError::Forbidden(_))), "{id}");
    }
    let nothing = add(&admin, &beside).await;
    assert!(matches!(nothing, Err(OpError::Missing { .. })));
    // Everything else is for its administrators.
    let update = app.context_update(&writer, &own, named("Own")).await;
    assert!(matches!(update, Err(OpError::Forbidden(_))));
    app.context_update(&admin, &own, named("Own"))
        .await
        .unwrap();
    let moved = app.context_update(&admin, &own, in_space("Own", "root"));
    assert!(matches!(moved.await, Err(OpError::Forbidden(_))));
    let delete = app.context_delete(&writer, &own).await;
    assert!(matches!(delete, Err(OpError::Forbidden(_))));
    assert_eq!(app.context_delete(&admin, &beside).await.unwrap(), None);
    // Attaching takes an administrator of the stack's space, and sight.
    let refused = app.context_attach(&writer, &above, &stack, 0).await;
    assert!(matches!(refused, Err(OpError::Forbidden(_))));
    app.context_attach(&admin, &above, &stack, 0).await.unwrap();
    let unseen = app.context_attach(&admin, &beside, &stack, 0).await;
    assert!(matches!(unseen, Err(OpError::Missing { .. })));

    // A guess at a secret can't be tried by whoever may not write it.
    world
        .set_in_context(&above, variable("T", "hush", true))
        .await;
    let context = app.context(&world.admin, &above).await.unwrap().unwrap();
    let plain = app.context_config(&world.admin, &context).await.unwrap();
    let keyed = app.context_config(&admin, &context).await.unwrap();
    assert_ne!(plain[0].checksum, keyed[0].checksum);
    let stack = world.read_stack(&stack).await;
    let shown = app.stack_effective_config(&admin, &stack).await.unwrap();
    assert_eq!(shown[0].wins.element.checksum, keyed[0].checksum);
}

async fn a_space_with_a_context_is_not_empty(world: &World) {
    let space = world.space("Team", "root", true).await;
    let input = ContextInput {
        space: Some(space.to_string()),
        ..named("Shared")
    };
    let context = world.context(input).await;
    let refused = world.app.space_delete(&world.admin, &space).await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("the context \"Shared\""), "{refused}");
    let deleted = world.app.context_delete(&world.admin, &context).await;
    deleted.unwrap();
    let gone = world.app.space_delete(&world.admin, &space).await;
    assert!(gone.unwrap().is_some());
}

async fn a_stack_stays_where_it_sees_its_contexts(world: &World) {
    let stack = world.stack("Infra").await;
    let context = world.context(named("Shared")).await;
    world.attach_context(&context, &stack, 0).await;
    let mut draft = world.draft("Infra");
    draft.space = Some("root".into());
    let refused = world.app.stack_update(&world.admin, &stack, draft).await;
    let refused = refused.unwrap_err().to_string();
    assert!(
        refused.contains("it would not see the context \"Shared\" any more"),
        "{refused}"
    );
}

async fn contexts_are_searched(world: &World) {
    for (name, label) in [("Alpha", "x"), ("Beta", "y"), ("Gamma", "x")] {
        world.clock.advance(1);
        let input = ContextInput {
            labels: vec![label.into()],
            ..named(name)
        };
        world.context(input).await;
    }
    let search = async |wanted: &Search| {
        let page = world
            .app
            .context_search(&world.admin, wanted)
            .await
            .unwrap();
        let ids: Vec<String> = page.items.iter().map(|c| c.id.to_string()).collect();
        (ids, page.end_cursor, page.has_next)
    };
    let mut wanted = Search {
        first: Some(2),
        ..Search::default()
    };
    let (ids, end, more) = search(&wanted).await;
    assert_eq!((ids, more), (vec!["gamma".into(), "beta".into()], true));
    wanted.after = Some(end);
    let (ids, _, more) = search(&wanted).await;
    assert_eq!((ids, more), (vec!["alpha".to_owned()], false));
    for (field, value, expected) in [
        ("labels", "x", &["gamma", "alpha"][..]),
        ("label", "y", &["beta"]),
        ("space", "legacy", &["gamma", "beta", "alpha"]),
        ("space", "root", &[]),
        ("name", "Beta", &["beta"]),
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
    let wanted = Search {
        predicates: vec![Predicate {
            field: "colour".into(),
            constraint: Constraint::Strings(vec![]),
            exclude: false,
        }],
        ..Search::default()
    };
    let refused = world.app.context_search(&world.admin, &wanted).await;
    let refused = refused.unwrap_err().to_string();
    assert!(
        refused.contains("can't be searched by `colour`"),
        "{refused}"
    );
}
