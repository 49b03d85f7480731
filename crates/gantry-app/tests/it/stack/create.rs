use gantry_app::OpError;
use gantry_app::stack::{StackDraft, VendorDraft};
use gantry_core::ids::StackId;
use gantry_core::stack::{Stack, TerraformWorkflowTool, Vendor};

use crate::world::{World, outsider};

on_both_databases!(
    a_stack_is_made_with_every_default_reported,
    a_slug_comes_from_the_name_or_is_taken_as_it_is,
    what_can_not_be_a_slug_is_refused_with_the_reason,
    a_taken_slug_is_one_clear_error,
    of_two_stacks_of_one_slug_at_once_one_is_made,
    a_deleted_slug_stays_in_its_space,
    whoever_has_no_role_sees_and_makes_nothing,
);

async fn create(world: &World, draft: StackDraft, slug: Option<&str>) -> Result<Stack, OpError> {
    world
        .app
        .stack_create(&world.admin, draft, slug.map(str::to_owned), false, None)
        .await
}

async fn a_stack_is_made_with_every_default_reported(world: &World) {
    let made = create(world, world.draft("Infra"), None).await.unwrap();
    assert_eq!(made.id.as_str(), "infra");
    assert_eq!(made.settings.space.as_str(), "legacy");
    assert_eq!(made.settings.source.namespace, "acme");
    let Vendor::Terraform(terraform) = &made.settings.vendor else {
        panic!("{:?}", made.settings.vendor)
    };
    assert_eq!(
        terraform.workflow_tool,
        TerraformWorkflowTool::TerraformFoss
    );
    assert!(!terraform.use_smart_sanitization);
    let stored = world.read_stack(&made.id).await;
    assert_eq!(format!("{stored:?}"), format!("{made:?}"));

    let mut tofu = world.draft("Tofu");
    tofu.vendor = VendorDraft::OpenTofu {
        version: Some("1.11.4".into()),
        custom_workflow: None,
        workspace: None,
        concise: None,
        use_smart_sanitization: None,
        external_state_access_enabled: None,
    };
    let made = create(world, tofu, None).await.unwrap();
    let Vendor::Opentofu(vendor) = &made.settings.vendor else {
        panic!("{:?}", made.settings.vendor)
    };
    assert!(vendor.use_smart_sanitization && !vendor.custom_workflow);
}

async fn a_slug_comes_from_the_name_or_is_taken_as_it_is(world: &World) {
    for (name, slug, id) in [
        ("Prod @ EU * West", None, "prod-eu-west"),
        ("x@prod", None, "x-prod"),
        (&"ab".repeat(100), None, &"ab".repeat(100)[..63]),
        ("Prod", Some("p"), "p"),
    ] {
        let made = create(world, world.draft(name), slug).await.unwrap();
        assert_eq!(made.id.as_str(), id);
        assert_eq!(made.settings.name, name);
    }
}

async fn what_can_not_be_a_slug_is_refused_with_the_reason(world: &World) {
    for (name, slug, part) in [
        ("Prod", Some("PROD"), "`slug` `PROD` is not valid"),
        ("Prod", Some("prod-"), "`slug` `prod-` is not valid"),
        ("Prod", Some("x@prod"), "`slug` `x@prod` is not valid"),
        ("Prod", Some("read"), "`slug` can't be `read`"),
        ("Prod", Some(""), "`slug` is empty"),
        ("Write", None, "`name` `Write` gives the slug `write`"),
        ("***", None, "no letter a-z or digit"),
        (" ", None, "no letter a-z or digit"),
        (
            &"x".repeat(300),
            None,
            "has 300 characters: 255 are allowed",
        ),
        ("a\u{1b}[2J", None, "control character"),
    ] {
        let refused = create(world, world.draft(name), slug).await.unwrap_err();
        assert!(matches!(refused, OpError::Invalid(_)), "{refused:?}");
        assert!(refused.to_string().contains(part), "{refused}");
    }
    assert!(world.app.stacks(&world.admin).await.unwrap().is_empty());
}

async fn a_taken_slug_is_one_clear_error(world: &World) {
    world.stack("My Stack").await;
    let refused = create(world, world.draft("my@stack"), None).await;
    assert_eq!(
        refused.unwrap_err().to_string(),
        "`name` gives the slug `my-stack`, and that is taken by the stack `My Stack`: change the \
         name, or give a `slug` beside it"
    );
    let refused = create(world, world.draft("Other"), Some("my-stack")).await;
    assert_eq!(
        refused.unwrap_err().to_string(),
        "`slug` `my-stack` is taken by the stack `My Stack`: choose another one"
    );
}

async fn of_two_stacks_of_one_slug_at_once_one_is_made(world: &World) {
    let (one, two) = tokio::join!(
        create(world, world.draft("Same"), None),
        create(world, world.draft("same"), None)
    );
    let refused = match (one, two) {
        (Ok(_), Err(refused)) | (Err(refused), Ok(_)) => refused,
        both => panic!("{both:?}"),
    };
    assert!(matches!(refused, OpError::Conflict(_)), "{refused:?}");
    assert!(refused.to_string().contains("`same`"), "{refused}");
}

async fn a_deleted_slug_stays_in_its_space(world: &World) {
    let id = world.stack("Prod").await;
    world
        .app
        .stack_delete(&world.admin, &id, false)
        .await
        .unwrap();
    world.app.finish_deletions().await.unwrap();
    let mut elsewhere = world.draft("Prod");
    elsewhere.space = Some("root".into());
    let refused = create(world, elsewhere, None).await.unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("belonged to a stack of another space"),
        "{refused}"
    );
    let again = create(world, world.draft("Prod"), None).await.unwrap();
    assert_eq!(again.id, id);
}

async fn whoever_has_no_role_sees_and_makes_nothing(world: &World) {
    let id = world.stack("Infra").await;
    let outsider = outsider();
    let app = &world.app;
    assert!(app.stack(&outsider, &id).await.unwrap().is_none());
    assert!(app.stacks(&outsider).await.unwrap().is_empty());
    let made = app.stack_create(&outsider, world.draft("Mine"), None, false, None);
    let refused = made.await.unwrap_err();
    assert_eq!(refused.to_string(), "there is no space `legacy`");
    let refused = app.stack_lock(&outsider, &id, None).await.unwrap_err();
    assert_eq!(refused.to_string(), "there is no stack `infra`");
    let gone = StackId::new("gone");
    let refused = app.stack_lock(&world.admin, &gone, None);
    assert_eq!(
        refused.await.unwrap_err().to_string(),
        "there is no stack `gone`"
    );
}
