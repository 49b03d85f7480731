use gantry_app::space::SpaceDraft;
use gantry_app::{OpError, Subject};
use gantry_core::authz::Role;
use gantry_core::credentials::cloud::Cloud;
use gantry_core::ids::{SpaceId, StackId};
use gantry_core::space::Space;

use crate::world::World;

on_both_databases!(
    a_space_is_made_changed_and_deleted,
    the_tree_stays_a_tree,
    a_space_goes_only_when_it_is_empty,
    nobody_loses_sight_of_what_they_use,
    an_attachment_and_a_change_of_the_tree_never_pass_each_other,
    administrators_of_root_change_the_tree,
    a_slug_outlives_its_space,
);

fn draft(name: &str, parent: &str, inherit_entities: bool) -> SpaceDraft {
    SpaceDraft {
        name: name.into(),
        description: "what for".into(),
        inherit_entities,
        parent: parent.into(),
        labels: vec!["a".into()],
    }
}

async fn create(world: &World, subject: &Subject, draft: SpaceDraft) -> Result<Space, OpError> {
    world.app.space_create(subject, &draft).await
}

async fn refusal(world: &World, id: &SpaceId, draft: SpaceDraft) -> String {
    let refused = world.app.space_update(&world.admin, id, &draft).await;
    refused.unwrap_err().to_string()
}

async fn a_space_is_made_changed_and_deleted(world: &World) {
    let (app, admin) = (&world.app, &world.admin);
    let made = app.space_create(admin, &draft("Team A", "", true)).await;
    let made = made.unwrap();
    assert!(made.id.as_str().starts_with("team-a-01"), "{}", made.id);
    assert_eq!(made.parent, Some(SpaceId::new("root")));
    let found = app.space(admin, &made.id).await.unwrap();
    assert_eq!(found.as_ref(), Some(&made));
    let twice = app
        .space_create(admin, &draft("Team A", "root", true))
        .await;
    let said = twice.unwrap_err().to_string();
    assert!(said.contains("\"Team A\" below `root`"), "{said}");
    let below = create(world, admin, draft("Team A", "legacy", true));
    assert!(
        below.await.is_ok(),
        "the same name elsewhere is another one"
    );

    let mut changed = draft("Team B", "legacy", false);
    changed.labels = vec![];
    let updated = app.space_update(admin, &made.id, &changed).await.unwrap();
    assert_eq!(updated.id, made.id);
    assert_eq!(updated.parent, Some(SpaceId::new("legacy")));
    assert!(!updated.inherit_entities && updated.labels.is_empty());
    let found = app.space(admin, &made.id).await.unwrap();
    assert_eq!(found.as_ref(), Some(&updated));
    let onto = refusal(world, &made.id, draft("Team A", "legacy", true)).await;
    assert!(onto.contains("below `legacy` already"), "{onto}");

    let deleted = app.space_delete(admin, &made.id).await.unwrap();
    assert_eq!(deleted, Some(updated));
    assert_eq!(app.space_delete(admin, &made.id).await.unwrap(), None);
    assert_eq!(app.space(admin, &made.id).await.unwrap(), None);
    let gone = refusal(world, &made.id, changed).await;
    assert_eq!(gone, format!("there is no space `{}`", made.id));
}

async fn the_tree_stays_a_tree(world: &World) {
    let team = world.space("team", "root", true).await;
    let app = world.space("app", team.as_str(), true).await;
    let said = refusal(world, &team, draft("team", app.as_str(), true)).await;
    assert!(said.contains("is itself or below it"), "{said}");
    let said = refusal(world, &team, draft("team", "gone", true)).await;
    assert_eq!(said, "there is no space `gone`");

    let root = SpaceId::new("root");
    for (wrong, field) in [
        (draft("root", team.as_str(), false), "parentSpace"),
        (draft("top", "", false), "name"),
        (draft("root", "root", true), "inheritEntities"),
    ] {
        let said = refusal(world, &root, wrong).await;
        assert!(said.starts_with(field), "{said}");
    }
    let topped = draft("root", "", false);
    let changed = world.app.space_update(&world.admin, &root, &topped).await;
    let changed = changed.unwrap();
    assert_eq!(
        (changed.parent, changed.description.as_str()),
        (None, "what for")
    );

    for (name, field) in [("", "name"), ("a/b", "name"), ("a\u{7}", "name")] {
        let made = create(world, &world.admin, draft(name, "", true));
        let said = made.await.unwrap_err().to_string();
        assert!(said.starts_with(field), "{said}");
    }
    let mut deepest = root;
    for depth in 1..gantry_core::space::DEEPEST {
        deepest = world
            .space(&depth.to_string(), deepest.as_str(), true)
            .await;
    }
    let made = create(world, &world.admin, draft("x", deepest.as_str(), true));
    let said = made.await.unwrap_err().to_string();
    assert!(said.contains("16 are allowed"), "{said}");
}

async fn a_space_goes_only_when_it_is_empty(world: &World) {
    let team = world.space("team", "root", true).await;
    world.space("app", team.as_str(), true).await;
    let mut stack = world.draft("Infra");
    stack.space = Some(team.as_str().into());
    world.stack_of(stack).await;
    world.integration("prod", team.as_str()).await;
    let refused = world.app.space_delete(&world.admin, &team).await;
    assert_eq!(
        refused.unwrap_err().to_string(),
        format!(
            "the space `{team}` is not empty: the integration \"prod\", the space \"app\" and the \
             stack \"infra\" must be moved or deleted first"
        )
    );
    for always in ["root", "legacy"] {
        let id = SpaceId::new(always);
        let kept = world.app.space_delete(&world.admin, &id).await;
        let said = kept.unwrap_err().to_string();
        assert!(said.contains("always exists"), "{said}");
    }
}

/// `team` below root with the integration `prod`, `app` below it with the stack `infra` that uses
/// it.
async fn attached_across_spaces(world: &World) -> (SpaceId, SpaceId, StackId) {
    let team = world.space("team", "root", true).await;
    let app = world.space("app", team.as_str(), true).await;
    let mut stack = world.draft("Infra");
    stack.space = Some(app.as_str().into());
    let stack = world.stack_of(stack).await;
    let integration = world.integration("prod", team.as_str()).await;
    let attached =
        world
            .app
            .integration_attach(&world.admin, Cloud::Aws, &integration, &stack, (true, true));
    attached.await.unwrap();
    (team, app, stack)
}

async fn nobody_loses_sight_of_what_they_use(world: &World) {
    let (team, app, _) = attached_across_spaces(world).await;
    let said = refusal(world, &app, draft("app", team.as_str(), false)).await;
    assert_eq!(
        said,
        "inheritEntities: the stack infra would not see the integration \"prod\" any more; detach \
         that first"
    );
    let said = refusal(world, &app, draft("app", "root", true)).await;
    assert!(
        said.starts_with("parentSpace: the stack infra would not see"),
        "{said}"
    );
    // A change that takes nothing away goes through: the whole branch elsewhere, labels, a name.
    let moved = draft("team", "legacy", false);
    let moved = world.app.space_update(&world.admin, &team, &moved).await;
    assert_eq!(moved.unwrap().parent, Some(SpaceId::new("legacy")));
    let renamed = draft("application", team.as_str(), true);
    let renamed = world.app.space_update(&world.admin, &app, &renamed).await;
    assert_eq!(renamed.unwrap().name, "application");
}

async fn an_attachment_and_a_change_of_the_tree_never_pass_each_other(world: &World) {
    let team = world.space("team", "root", true).await;
    let integration = world.integration("prod", "root").await;
    for round in 0..12 {
        let mut stack = world.draft(&format!("Stack {round}"));
        stack.space = Some(team.as_str().into());
        let stack = world.stack_of(stack).await;
        let attach = world.app.integration_attach(
            &world.admin,
            Cloud::Aws,
            &integration,
            &stack,
            (true, false),
        );
        let closed = draft("team", "root", false);
        let close = world.app.space_update(&world.admin, &team, &closed);
        let (attached, closed) = tokio::join!(attach, close);
        assert!(
            attached.is_ok() != closed.is_ok(),
            "round {round}: {attached:?} {closed:?}"
        );
        if let Ok(attached) = attached {
            let detach =
                world
                    .app
                    .integration_detach(&world.admin, Cloud::Aws, &attached.attachment.id);
            detach.await.unwrap();
        }
        let open = draft("team", "root", true);
        let opened = world.app.space_update(&world.admin, &team, &open).await;
        opened.unwrap();
    }
}

async fn administrators_of_root_change_the_tree(world: &World) {
    let team = world.space("team", "root", true).await;
    let apart = world.space("apart", "root", false).await;
    let (below, _) = world.key(&[(team.as_str(), Role::Admin)]).await;
    let (root, _) = world.key(&[("root", Role::Admin)]).await;
    let change = async |subject: &Subject, id: &SpaceId, name: &str| {
        let draft = draft(name, "root", id == &team);
        world.app.space_update(subject, id, &draft).await
    };
    let refused = change(&below, &team, "mine").await.unwrap_err();
    assert!(matches!(refused, OpError::Forbidden(_)), "{refused}");
    let unseen = change(&below, &apart, "mine").await.unwrap_err();
    assert_eq!(unseen.to_string(), format!("there is no space `{apart}`"));
    let made = create(world, &below, draft("x", team.as_str(), true));
    assert!(matches!(made.await, Err(OpError::Forbidden(_))));
    let made = create(world, &below, draft("x", apart.as_str(), true));
    assert!(matches!(made.await, Err(OpError::Missing { .. })));
    let deleted = world.app.space_delete(&below, &team).await;
    assert!(matches!(deleted, Err(OpError::Forbidden(_))));
    assert_eq!(world.app.space_delete(&below, &apart).await.unwrap(), None);
    assert!(change(&root, &apart, "renamed").await.is_ok());
    assert!(
        world
            .app
            .space_delete(&root, &apart)
            .await
            .unwrap()
            .is_some()
    );
}

async fn a_slug_outlives_its_space(world: &World) {
    let team = world.space("team", "root", true).await;
    let mut stack = world.draft("Prod");
    stack.space = Some(team.as_str().into());
    let stack = world.stack_of(stack).await;
    let deleted = world.app.stack_delete(&world.admin, &stack, false).await;
    deleted.unwrap();
    world.app.finish_deletions().await.unwrap();
    let deleted = world.app.space_delete(&world.admin, &team).await;
    assert!(deleted.unwrap().is_some());
    let again = world
        .app
        .stack_create(&world.admin, world.draft("Prod"), None, false, None);
    let refused = again.await.unwrap_err().to_string();
    assert!(
        refused.contains("belonged to a stack of another space"),
        "{refused}"
    );
}
