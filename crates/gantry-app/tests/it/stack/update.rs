use gantry_app::stack::{StackDraft, VendorDraft};
use gantry_app::{OpError, Subject};
use gantry_core::authz::Role;
use gantry_core::ids::SpaceId;
use gantry_core::stack::TerraformWorkflowTool;

use crate::world::World;

on_both_databases!(
    an_update_replaces_everything_and_keeps_the_id,
    a_stack_moves_where_it_sees_what_it_uses,
    a_workspace_and_managed_state_exclude_each_other,
    a_stack_can_be_disabled_and_enabled,
);

async fn an_update_replaces_everything_and_keeps_the_id(world: &World) {
    let mut draft = world.draft("Infra");
    draft.description = Some("what for".into());
    draft.labels = vec!["prod".into()];
    draft.source.project_root = Some("sub".into());
    draft.hooks.before_plan = vec!["true".into()];
    let id = world.stack_of(draft).await;

    world.clock.advance(1000);
    let changed = world
        .app
        .stack_update(&world.admin, &id, world.draft("Other name"))
        .await
        .unwrap();
    assert_eq!(changed.id, id);
    let stored = world.read_stack(&id).await;
    assert_eq!(format!("{stored:?}"), format!("{changed:?}"));
    let settings = stored.settings;
    assert_eq!(settings.name, "Other name");
    assert_eq!(settings.description, None);
    assert!(settings.labels.is_empty() && settings.hooks.before_plan.is_empty());
    assert_eq!(settings.source.project_root, None);
    assert_eq!(stored.updated_at, stored.created_at + 1000);

    // Clients send the space back that they read.
    let mut same = world.draft("Infra");
    same.space = Some("legacy".into());
    assert!(
        world
            .app
            .stack_update(&world.admin, &id, same)
            .await
            .is_ok()
    );
}

async fn a_stack_moves_where_it_sees_what_it_uses(world: &World) {
    let id = world.stack("Infra").await;
    world.attach(&id, "prod", true, true).await;
    let inside = world.space("inside", "legacy", true).await;
    let apart = world.space("apart", "root", true).await;
    let to = async |subject: &Subject, space: &SpaceId| {
        let mut draft = world.draft("Infra");
        draft.space = Some(space.as_str().into());
        world.app.stack_update(subject, &id, draft).await
    };
    let moved = to(&world.admin, &inside).await.unwrap();
    assert_eq!(moved.settings.space, inside);
    assert_eq!(world.read_stack(&id).await.settings.space, inside);
    let refused = to(&world.admin, &apart).await.unwrap_err().to_string();
    assert!(
        refused.contains("the integration \"prod\"") && refused.contains(apart.as_str()),
        "{refused}"
    );
    let gone = to(&world.admin, &SpaceId::new("gone")).await;
    assert_eq!(gone.unwrap_err().to_string(), "there is no space `gone`");

    // An administrator of one of the two spaces can't, and hears of the other only if they see it.
    let legacy = SpaceId::new("legacy");
    let (here, _) = world.key(&[(inside.as_str(), Role::Admin)]).await;
    let refused = to(&here, &legacy).await.unwrap_err();
    assert!(matches!(refused, OpError::Forbidden(_)), "{refused}");
    let refused = to(&here, &apart).await.unwrap_err().to_string();
    assert_eq!(refused, format!("there is no space `{apart}`"));
    let (both, _) = world.key(&[("legacy", Role::Admin)]).await;
    assert_eq!(to(&both, &legacy).await.unwrap().settings.space, legacy);
    let (reader, _) = world
        .key(&[("legacy", Role::Reader), (inside.as_str(), Role::Admin)])
        .await;
    let refused = to(&reader, &inside).await.unwrap_err();
    assert!(matches!(refused, OpError::Forbidden(_)), "{refused}");
}

async fn a_workspace_and_managed_state_exclude_each_other(world: &World) {
    let mut draft = world.draft("Infra");
    terraform(&mut draft, None, Some("prod"), None);
    let app = &world.app;
    let made = app.stack_create(&world.admin, draft.clone(), None, true, None);
    let refused = made.await.unwrap_err().to_string();
    assert!(
        refused.starts_with("vendorConfig.terraform.workspace `prod`"),
        "{refused}"
    );
    assert!(refused.contains("manage_state = false"), "{refused}");
    assert!(app.stacks(&world.admin).await.unwrap().is_empty());

    let id = world.managed_stack("Infra").await;
    assert!(world.read_stack(&id).await.manages_state);
    let changed = app.stack_update(&world.admin, &id, draft.clone()).await;
    let again = changed.unwrap_err().to_string();
    assert_eq!(again, refused);
    draft.vendor = VendorDraft::OpenTofu {
        version: None,
        custom_workflow: None,
        workspace: Some("prod".into()),
        concise: None,
        use_smart_sanitization: None,
        external_state_access_enabled: None,
    };
    let changed = app.stack_update(&world.admin, &id, draft).await;
    let refused = changed.unwrap_err().to_string();
    assert!(
        refused.starts_with("vendorConfig.opentofu.workspace `prod`"),
        "{refused}"
    );
    for name in ["TF_HTTP_ADDRESS", "TF_HTTP_LOCK_ADDRESS", "TF_WORKSPACE"] {
        let variable = gantry_app::config_element::NewElement {
            kind: gantry_core::config_element::ConfigKind::EnvironmentVariable,
            name: name.into(),
            value: "x".into(),
            write_only: false,
            description: None,
        };
        let set = app.stack_config_add(&world.admin, &id, variable).await;
        let refused = set.unwrap_err().to_string();
        assert!(refused.contains("is reserved"), "{name}: {refused}");
    }
}

async fn a_stack_can_be_disabled_and_enabled(world: &World) {
    let id = world.stack("Infra").await;
    for disabled in [true, true, false] {
        let changed = world
            .app
            .stack_set_disabled(&world.admin, &id, disabled)
            .await
            .unwrap();
        assert_eq!(changed.disabled, disabled);
        assert_eq!(world.read_stack(&id).await.disabled, disabled);
    }
}

/// Each of these is refused at create and at update, naming the field and the value.
#[tokio::test]
async fn what_a_stack_can_not_have_is_refused() {
    let world = World::sqlite().await;
    let id = world.stack("Infra").await;
    type Change = fn(&mut StackDraft);
    let cases: [(Change, &str); 28] = [
        (
            |d| d.worker_pool = Some("01POOL".into()),
            "workerPool `01POOL`",
        ),
        (
            |d| d.source.vcs_integration = Some("v".into()),
            "vcsIntegrationId `v`",
        ),
        (
            |d| d.source.provider = Some("GITLAB".into()),
            "provider GITLAB needs",
        ),
        (
            |d| d.source.repository_url = None,
            "repositoryURL: with `provider` GIT",
        ),
        (
            |d| d.source.provider = None,
            "repositoryURL: it is for `provider` GIT",
        ),
        (|d| url(d, "ssh://git@host/x"), "without them"),
        (
            |d| url(d, "https://ada:secret@host/x"),
            "user name or a password",
        ),
        (|d| url(d, "/etc"), "`/etc` is not below a directory"),
        (
            |d| url(d, "ftp://host/x"),
            "`ftp://host/x` is not an https URL",
        ),
        (
            |d| d.source.repository = String::new(),
            "repository: it is empty",
        ),
        (|d| d.source.branch = "a..b".into(), "`branch` `a..b`"),
        (
            |d| d.source.branch = "--upload-pack=x".into(),
            "is not a branch name",
        ),
        (|d| d.source.branch = String::new(), "is not a branch name"),
        (|d| root(d, "/abs"), "projectRoot `/abs` leads out"),
        (
            |d| root(d, "a/../../b"),
            "projectRoot `a/../../b` leads out",
        ),
        (
            |d| d.source.sparse_paths = vec!["..".into()],
            "gitSparseCheckoutPaths `..`",
        ),
        (
            |d| d.source.project_globs = vec!["/x".into()],
            "additionalProjectGlobs `/x`",
        ),
        (|d| d.labels = vec![String::new()], "labels: it is empty"),
        (|d| d.labels = vec!["x".repeat(256)], "has 256 characters"),
        (
            |d| d.hooks.before_init = vec!["a\0b".into()],
            "beforeInit: a command",
        ),
        (|d| d.name = String::new(), "name"),
        (
            |d| terraform(d, Some("~> 1.5.x"), None, None),
            "vendorConfig.terraform.version `~> 1.5.x` is no version: give one such as 1.11.4",
        ),
        (
            |d| terraform(d, Some("1.5"), None, None),
            "vendorConfig.terraform.version `1.5` leaves open which 1.5 it means",
        ),
        (
            |d| terraform(d, Some(&">= 1, ".repeat(40)), None, None),
            "is longer than 200 characters",
        ),
        (
            |d| terraform(d, Some("../../1.0.0"), None, None),
            "is no version",
        ),
        (|d| terraform(d, None, Some("a/b"), None), "workspace `a/b`"),
        (
            |d| terraform(d, None, None, Some(TerraformWorkflowTool::Custom)),
            "vendorConfig.terraform.workflowTool: CUSTOM",
        ),
        (
            |d| d.vendor = VendorDraft::Other("pulumi"),
            "vendorConfig.pulumi: this installation runs Terraform and OpenTofu only",
        ),
    ];
    for (change, part) in cases {
        let mut draft = world.draft("Refused");
        change(&mut draft);
        let made = world
            .app
            .stack_create(&world.admin, draft.clone(), None, false, None);
        let refused = made.await.unwrap_err().to_string();
        assert!(refused.contains(part), "{part}: {refused}");
        assert!(!refused.contains("secret"), "{refused}");
        let changed = world.app.stack_update(&world.admin, &id, draft).await;
        let refused = changed.unwrap_err().to_string();
        assert!(refused.contains(part), "{part}: {refused}");
    }
    assert_eq!(world.app.stacks(&world.admin).await.unwrap().len(), 1);
    assert_eq!(world.read_stack(&id).await.settings.name, "Infra");
}

fn url(draft: &mut StackDraft, url: &str) {
    draft.source.repository_url = Some(url.into());
}

fn root(draft: &mut StackDraft, root: &str) {
    draft.source.project_root = Some(root.into());
}

fn terraform(
    draft: &mut StackDraft,
    version: Option<&str>,
    workspace: Option<&str>,
    workflow_tool: Option<TerraformWorkflowTool>,
) {
    draft.vendor = VendorDraft::Terraform {
        version: version.map(str::to_owned),
        workflow_tool,
        workspace: workspace.map(str::to_owned),
        use_smart_sanitization: None,
        external_state_access_enabled: None,
    };
}
