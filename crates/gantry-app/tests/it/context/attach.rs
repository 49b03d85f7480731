use gantry_app::OpError;
use gantry_app::context::ContextInput;
use gantry_core::context::AttachedBy;
use gantry_core::ids::{ContextAttachmentId, ContextId, StackId};

use super::{named, variable};
use crate::world::World;

on_both_databases!(
    a_context_is_attached_once_and_detached,
    what_a_stack_does_not_see_is_not_attached,
    labels_attach_to_stacks_that_see_the_context,
    a_context_that_is_deleted_is_detached,
    what_wins_says_what_it_hides,
);

async fn a_context_is_attached_once_and_detached(world: &World) {
    let (app, admin) = (&world.app, &world.admin);
    let stack = world.stack("Infra").await;
    let context = world.context(named("Shared")).await;
    let first = app.context_attach(admin, &context, &stack, 3).await;
    let first = first.unwrap();
    // Sent again, as clients do when an answer was lost.
    let again = app.context_attach(admin, &context, &stack, 3).await;
    assert_eq!(again.unwrap(), first);
    let id = first.attachment().unwrap().clone();
    let other = app.context_attach(admin, &context, &stack, 4).await;
    let refused = other.unwrap_err().to_string();
    assert!(refused.contains("with priority 3") && refused.contains(id.as_str()));
    let nothing = ContextId::new("gone");
    let gone = app.context_attach(admin, &nothing, &stack, 0).await;
    let refused = gone.unwrap_err();
    assert_eq!(refused.to_string(), "there is no context `gone`");
    let nothing = StackId::new("gone");
    let gone = app.context_attach(admin, &context, &nothing, 0).await;
    assert!(matches!(gone, Err(OpError::Missing { .. })));

    let detached = app.context_detach(admin, &id).await.unwrap();
    assert_eq!(detached, Some(first));
    assert_eq!(app.context_detach(admin, &id).await.unwrap(), None);
    let by_label = ContextAttachmentId::new("label:shared");
    let refused = app.context_detach(admin, &by_label).await.unwrap_err();
    assert!(
        refused.to_string().contains("take the label off"),
        "{refused}"
    );
}

async fn what_a_stack_does_not_see_is_not_attached(world: &World) {
    let (app, admin) = (&world.app, &world.admin);
    // `root` does not see what is in `legacy`, the other way round it does.
    let mut draft = world.draft("Top");
    draft.space = Some("root".into());
    let top = world.stack_of(draft).await;
    let stack = world.stack("Infra").await;
    let below = world.context(named("Below")).await;
    let above = ContextInput {
        space: Some("root".into()),
        ..named("Above")
    };
    let above = world.context(above).await;
    world.attach_context(&above, &stack, 0).await;
    world.attach_context(&above, &top, 0).await;
    let refused = app.context_attach(admin, &below, &top, 0).await;
    let refused = refused.unwrap_err().to_string();
    assert!(
        refused.contains("not visible from the space `root`"),
        "{refused}"
    );

    // A move after which a stack would not see it any more is refused.
    let update = ContextInput {
        space: Some("legacy".into()),
        ..named("Above")
    };
    let refused = app.context_update(admin, &above, update.clone()).await;
    let refused = refused.unwrap_err().to_string();
    assert!(
        refused.contains("the stack top would not see it"),
        "{refused}"
    );
    let of_top = app
        .stack_contexts(admin, &world.read_stack(&top).await)
        .await;
    let AttachedBy::Person { attachment, .. } = &of_top.unwrap()[0].0.by else {
        panic!("attached by a label");
    };
    app.context_detach(admin, attachment).await.unwrap();
    let moved = app.context_update(admin, &above, update).await.unwrap();
    assert_eq!(moved.space.as_str(), "legacy");
}

/// IDs of the contexts of a stack, the strongest first.
async fn of(world: &World, stack: &StackId) -> Vec<String> {
    let stack = world.read_stack(stack).await;
    let contexts = world.app.stack_contexts(&world.admin, &stack).await;
    contexts
        .unwrap()
        .into_iter()
        .map(|(attached, _)| attached.context.id.into_string())
        .collect()
}

async fn labels_attach_to_stacks_that_see_the_context(world: &World) {
    let mut draft = world.draft("Infra");
    draft.labels = vec!["prod".into()];
    let stack = world.stack_of(draft.clone()).await;
    let plain = world.stack("Plain").await;
    draft.name = "Top".into();
    draft.space = Some("root".into());
    let top = world.stack_of(draft).await;
    let labelled = |name: &str, label: &str, space: &str| ContextInput {
        labels: vec![label.into()],
        space: Some(space.into()),
        ..named(name)
    };
    for (name, label, space) in [
        ("b prod", "autoattach:prod", "root"),
        ("a prod", "autoattach:prod", "legacy"),
        ("every", "autoattach:*", "root"),
        ("dev", "autoattach:dev", "root"),
    ] {
        world.context(labelled(name, label, space)).await;
    }
    assert_eq!(of(world, &stack).await, ["a-prod", "b-prod", "every"]);
    assert_eq!(of(world, &plain).await, ["every"]);
    assert_eq!(of(world, &top).await, ["b-prod", "every"]);

    // What somebody attached comes first, and once.
    let every = ContextId::new("every");
    world.attach_context(&every, &stack, 9).await;
    assert_eq!(of(world, &stack).await, ["every", "a-prod", "b-prod"]);

    // The same seen from the contexts.
    let contexts = world.app.contexts(&world.admin).await.unwrap();
    let stacks = world.app.stacks_of_contexts(&contexts).await.unwrap();
    let seen = |id: &str| -> Vec<(&str, bool)> {
        let stacks = stacks.get(&ContextId::new(id)).into_iter().flatten();
        stacks
            .map(|stack| (stack.stack.as_str(), stack.by == AttachedBy::Label))
            .collect()
    };
    assert_eq!(
        seen("every"),
        [("infra", false), ("plain", true), ("top", true)]
    );
    assert_eq!(seen("a-prod"), [("infra", true)]);
    assert_eq!(seen("b-prod"), [("infra", true), ("top", true)]);
    assert_eq!(seen("dev"), []);
}

async fn a_context_that_is_deleted_is_detached(world: &World) {
    let stack = world.stack("Infra").await;
    let context = world.context(named("Shared")).await;
    world
        .set_in_context(&context, variable("A", "x", false))
        .await;
    world.attach_context(&context, &stack, 0).await;
    let deleted = world.app.context_delete(&world.admin, &context).await;
    assert!(deleted.unwrap().is_some());
    assert_eq!(of(world, &stack).await, Vec::<String>::new());
    let stored = world.read_stack(&stack).await;
    let left = world
        .app
        .stack_effective_config(&world.admin, &stored)
        .await;
    assert!(left.unwrap().is_empty());
}

async fn what_wins_says_what_it_hides(world: &World) {
    let mut draft = world.draft("Infra");
    draft.labels = vec!["prod".into()];
    let stack = world.stack_of(draft).await;
    let auto = ContextInput {
        labels: vec!["autoattach:prod".into()],
        ..named("Auto")
    };
    let auto = world.context(auto).await;
    let (low, high) = (
        world.context(named("Low")).await,
        world.context(named("High")).await,
    );
    world.attach_context(&low, &stack, 1).await;
    world.attach_context(&high, &stack, 5).await;
    for (context, name) in [
        (&auto, "ALL"),
        (&auto, "AUTO"),
        (&low, "ALL"),
        (&low, "SHARED"),
        (&high, "ALL"),
        (&high, "SHARED"),
        (&high, "HIGH"),
    ] {
        let value = format!("{name} of {context}");
        world
            .set_in_context(context, variable(name, &value, false))
            .await;
    }
    world
        .set_on_stack(&stack, variable("ALL", "own", true))
        .await;
    let stored = world.read_stack(&stack).await;
    let place = |placed: &gantry_app::config_element::Placed| {
        let context = placed.context.as_ref();
        context.map_or("-".to_owned(), |c| c.context.id.to_string())
    };
    let all = world
        .app
        .stack_effective_config(&world.admin, &stored)
        .await;
    let shown: Vec<_> = all
        .unwrap()
        .iter()
        .map(|element| {
            let hides: Vec<String> = element.hides.iter().map(place).collect();
            (
                element.wins.element.name.clone(),
                place(&element.wins),
                hides.join(" "),
            )
        })
        .collect();
    let expected = [
        ("ALL", "-", "low high auto"),
        ("AUTO", "auto", ""),
        ("HIGH", "high", ""),
        ("SHARED", "low", "high"),
    ];
    assert_eq!(
        shown,
        expected.map(|(a, b, c)| (a.to_owned(), b.to_owned(), c.to_owned()))
    );
    // What clients list: without what the label adds.
    let listed = world.app.stack_effective_config(&world.admin, &stored);
    let listed: Vec<_> = listed
        .await
        .unwrap()
        .iter()
        .map(|element| &element.wins)
        .filter(|placed| !placed.by_label())
        .map(|placed| (placed.element.name.clone(), place(placed)))
        .collect();
    let expected = [("ALL", "-"), ("HIGH", "high"), ("SHARED", "low")];
    assert_eq!(listed, expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
}
