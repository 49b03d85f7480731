//! From a stack's own role to an integration, and back.

use std::time::Duration;

use gantry_app::OpError;
use gantry_app::audit::Period;
use gantry_app::legacy_role::MigrationPlan;
use gantry_app::role::RoleInput;
use gantry_app::search::{Order, Search};
use gantry_core::authz::Role;
use gantry_core::credentials::attachment::Serves;
use gantry_core::credentials::cloud::Cloud;
use gantry_core::credentials::migration::Migration;
use gantry_core::credentials::verification::VerificationOutcome;
use gantry_core::ids::{AttachmentId, IntegrationId, StackId};
use gantry_testkit::ministack::Ministack;
use gantry_testkit::trust;

use crate::aws::{AWS, Aws, refusal};
use crate::world::{World, outsider};

on_both_databases!(
    an_integration_takes_the_place_of_the_role_and_gives_it_back,
    what_is_the_same_is_used_and_what_is_attached_is_widened,
    a_role_that_serves_nothing_just_goes,
    what_was_changed_since_is_not_undone_over_it,
    the_space_of_the_stack_decides_what_is_seen_and_who_may,
);

fn role(name: &str) -> RoleInput {
    RoleInput {
        role_arn: format!("arn:aws:iam::111122223333:role/{name}"),
        duration_seconds: Some(900),
        ..RoleInput::default()
    }
}

async fn with_role(world: &World, stack: &str, role_name: &str) -> StackId {
    let id = world.stack(stack).await;
    let input = role(role_name);
    let put = world.app.legacy_role_put(&world.admin, &id, &input);
    put.await.unwrap();
    id
}

async fn plan(world: &World, stack: &StackId) -> MigrationPlan {
    let plan = world
        .app
        .legacy_role_migration_plan(&world.admin, stack, None);
    plan.await.unwrap()
}

async fn migrate(world: &World, stack: &StackId) -> Migration {
    let done = world.app.legacy_role_migrate(&world.admin, stack, None);
    done.await.unwrap()
}

async fn undo(world: &World, stack: &StackId) -> Result<(), OpError> {
    let undone = world.app.legacy_role_migration_undo(&world.admin, stack);
    undone.await.map(drop)
}

/// The stack's attachment to an integration: its ID, and what it serves.
async fn attached(
    world: &World,
    integration: &IntegrationId,
    stack: &StackId,
) -> Option<(AttachmentId, Serves)> {
    let found = world
        .app
        .attachment_of(&world.admin, Cloud::Aws, integration, stack);
    let attachment = found.await.unwrap()?.attachment;
    Some((attachment.id, attachment.serves))
}

async fn own_role(world: &World, stack: &StackId) -> Option<String> {
    let stack = world.read_stack(stack).await;
    let found = world.app.legacy_role(&stack).await.unwrap();
    found.map(|legacy| legacy.role.arn.to_string())
}

async fn actions(world: &World) -> Vec<String> {
    let search = Search {
        order: Some(Order {
            field: "at".into(),
            descending: false,
        }),
        ..Search::default()
    };
    let page = world
        .app
        .audit_search(&world.admin, Period::default(), &search);
    let events = page.await.unwrap().items.into_iter();
    events.map(|event| event.action).collect()
}

async fn an_integration_takes_the_place_of_the_role_and_gives_it_back(world: &World) {
    let (app, admin) = (&world.app, &world.admin);
    let id = with_role(world, "network", "path/owner").await;
    let planned = plan(world, &id).await;
    assert!(planned.is_ready() && planned.makes_integration);
    assert_eq!(planned.missing_statement, None);
    let made = planned.integration.unwrap();
    assert_eq!(
        (made.name.as_str(), made.space.as_str()),
        ("owner", "legacy")
    );
    let sent: Vec<&str> = planned
        .checks
        .iter()
        .map(|check| check.external_id.as_str())
        .collect();
    let of = |access: &str| format!("acme@{}@network@{access}", made.id);
    assert_eq!(sent, [of("read"), of("write")]);
    assert_eq!(planned.changes.len(), 3, "{:?}", planned.changes);
    let again = plan(world, &id).await.integration.unwrap();
    assert_eq!(
        again, made,
        "a dry run makes nothing and promises the same ID"
    );
    let found = app.integration(admin, Cloud::Aws, &made.id).await.unwrap();
    assert_eq!(found, None);
    let before = actions(world).await.len();

    let done = migrate(world, &id).await;
    let replaced = done.replaced_by.clone().unwrap();
    assert_eq!((&replaced.integration, replaced.made), (&made.id, true));
    assert_eq!(own_role(world, &id).await, None);
    let now = attached(world, &made.id, &id).await;
    assert_eq!(now, Some((replaced.attachment.clone(), Serves::Both)));
    let found = app.integration(admin, Cloud::Aws, &made.id).await.unwrap();
    assert_eq!(found, Some(made.clone()));
    assert_eq!(migrate(world, &id).await, done, "sent again");
    let stacks = std::slice::from_ref(&id);
    let known = app.legacy_role_migrations(stacks).await.unwrap();
    assert_eq!(known, std::slice::from_ref(&done));
    let said = refusal(app.legacy_role_migration_plan(admin, &id, None).await);
    assert!(said.contains("nothing to migrate"), "{said}");

    undo(world, &id).await.unwrap();
    assert_eq!(
        own_role(world, &id).await.as_deref(),
        Some(done.role.arn.as_str())
    );
    assert_eq!(attached(world, &made.id, &id).await, None);
    let found = app.integration(admin, Cloud::Aws, &made.id).await.unwrap();
    assert_eq!(found, None, "what the migration made is gone");
    assert_eq!(app.legacy_role_migrations(stacks).await.unwrap(), []);
    let said = refusal(undo(world, &id).await);
    assert!(said.contains("no migration to undo"), "{said}");

    let anew = migrate(world, &id).await.replaced_by.unwrap();
    assert_eq!(anew.integration, made.id, "the trust policy still fits");
    let happened = actions(world).await;
    assert_eq!(
        happened[before..],
        [
            "integration.create",
            "attachment.create",
            "legacy_role.delete",
            "legacy_role.migrate",
            "attachment.delete",
            "integration.delete",
            "legacy_role.put",
            "legacy_role.migrate_undo",
            "integration.create",
            "attachment.create",
            "legacy_role.delete",
            "legacy_role.migrate",
        ]
    );
}

async fn what_is_the_same_is_used_and_what_is_attached_is_widened(world: &World) {
    let (app, admin) = (&world.app, &world.admin);
    let first = with_role(world, "first", "shared").await;
    let second = with_role(world, "second", "shared").await;
    let third = with_role(world, "third", "shared").await;
    let made = migrate(world, &first).await.replaced_by.unwrap();
    let planned = plan(world, &second).await;
    assert!(!planned.makes_integration);
    let used = migrate(world, &second).await.replaced_by.unwrap();
    assert_eq!((&used.integration, used.made), (&made.integration, false));

    let attachment = app
        .integration_attach(admin, Cloud::Aws, &made.integration, &third, (true, false))
        .await
        .unwrap()
        .attachment;
    let widened = migrate(world, &third).await.replaced_by.unwrap();
    assert_eq!(widened.attachment, attachment.id);
    assert_eq!(widened.before, Some(Serves::Read));
    let now = attached(world, &made.integration, &third).await;
    assert_eq!(now, Some((attachment.id.clone(), Serves::Both)));
    undo(world, &third).await.unwrap();
    let now = attached(world, &made.integration, &third).await;
    assert_eq!(now, Some((attachment.id, Serves::Read)));

    undo(world, &first).await.unwrap();
    let kept = app.integration(admin, Cloud::Aws, &made.integration).await;
    assert!(kept.unwrap().is_some(), "others are attached to it");

    // One that is named has to be the same role.
    let other = world.integration("other", "legacy").await;
    let chosen = app.legacy_role_migration_plan(admin, &first, Some(&other));
    let said = refusal(chosen.await);
    assert!(said.contains("\"other\" is not the same"), "{said}");
    let nowhere = IntegrationId::new("01NOWHERE");
    let chosen = app.legacy_role_migrate(admin, &first, Some(&nowhere));
    let said = refusal(chosen.await);
    assert!(said.contains("sees no integration"), "{said}");
}

async fn a_role_that_serves_nothing_just_goes(world: &World) {
    let id = with_role(world, "network", "idle").await;
    world.attach(&id, "reader", true, false).await;
    let planned = plan(world, &id).await;
    assert_eq!(planned.serves, Some(Serves::Write));
    world.attach(&id, "writer", false, true).await;
    let planned = plan(world, &id).await;
    assert!(planned.integration.is_none() && planned.is_ready());
    let done = migrate(world, &id).await;
    assert_eq!(done.replaced_by, None);
    assert_eq!(own_role(world, &id).await, None);
    undo(world, &id).await.unwrap();
    assert!(own_role(world, &id).await.is_some());
}

async fn what_was_changed_since_is_not_undone_over_it(world: &World) {
    let (app, admin) = (&world.app, &world.admin);
    let id = with_role(world, "network", "owner").await;
    let said = refusal(undo(world, &id).await);
    assert!(said.contains("has an AWS role of its own"), "{said}");
    let replaced = migrate(world, &id).await.replaced_by.unwrap();
    app.attachment_update(admin, Cloud::Aws, &replaced.attachment, (true, false))
        .await
        .unwrap();
    let said = refusal(undo(world, &id).await);
    assert!(said.contains("serves read by now"), "{said}");
    assert_eq!(own_role(world, &id).await, None, "nothing half done");
    app.integration_detach(admin, Cloud::Aws, &replaced.attachment)
        .await
        .unwrap();
    undo(world, &id).await.unwrap();
    assert!(own_role(world, &id).await.is_some());

    migrate(world, &id).await;
    app.legacy_role_put(admin, &id, &role("another"))
        .await
        .unwrap();
    app.legacy_role_delete(admin, &id).await.unwrap();
    let said = refusal(undo(world, &id).await);
    assert!(said.contains("was not migrated"), "{said}");
}

async fn the_space_of_the_stack_decides_what_is_seen_and_who_may(world: &World) {
    let app = &world.app;
    let apart = world.space("apart", "root", false).await;
    world.integration("owner", apart.as_str()).await;
    let id = with_role(world, "network", "owner").await;
    let planned = plan(world, &id).await;
    assert!(planned.makes_integration, "the other one is out of sight");
    let name = planned.integration.unwrap().name;
    assert_eq!(name, "owner of network", "names are unique in the account");

    let (writer, _) = world.key(&[("legacy", Role::Writer)]).await;
    let refused = app.legacy_role_migrate(&writer, &id, None).await;
    assert!(matches!(refused, Err(OpError::Forbidden(_))));
    let refused = app.legacy_role_migration_plan(&writer, &id, None).await;
    assert!(matches!(refused, Err(OpError::Forbidden(_))));
    let refused = app.legacy_role_migration_undo(&outsider(), &id).await;
    assert!(matches!(refused, Err(OpError::Missing { .. })));
    assert!(own_role(world, &id).await.is_some());

    let (local, _) = world.key(&[("legacy", Role::Admin)]).await;
    app.legacy_role_migrate(&local, &id, None).await.unwrap();
    assert_eq!(own_role(world, &id).await, None);
}

#[tokio::test]
async fn the_role_has_to_accept_the_new_ids_first() {
    let aws = Aws::start().await;
    let id = aws.world.stack("network").await;
    let (app, admin) = (aws.app(), &aws.world.admin);
    let arn = aws.role("migrating", &["acme@network"]).await;
    let input = RoleInput {
        role_arn: arn,
        ..RoleInput::default()
    };
    app.legacy_role_put(admin, &id, &input).await.unwrap();
    let planned = app
        .legacy_role_migration_plan(admin, &id, None)
        .await
        .unwrap();
    assert!(!planned.is_ready());
    let outcomes: Vec<_> = planned.checks.iter().map(|check| check.outcome).collect();
    assert_eq!(outcomes, [Some(VerificationOutcome::Untrusted); 2]);
    let new = planned.integration.unwrap().id;
    let statement: serde_json::Value =
        serde_json::from_str(&planned.missing_statement.unwrap()).unwrap();
    let ids = &statement["Condition"]["StringEquals"]["sts:ExternalId"];
    let of = |access: &str| format!("acme@{new}@network@{access}");
    assert_eq!(*ids, serde_json::json!([of("read"), of("write")]));

    // Half of it is not enough, and the dry run says which half is missing.
    aws.trust("migrating", &["acme@network", &of("read")]).await;
    let planned = app
        .legacy_role_migration_plan(admin, &id, None)
        .await
        .unwrap();
    let missing = planned.missing_statement.unwrap();
    assert!(missing.contains(&of("write")) && !missing.contains(&of("read")));

    // It waits a while for a trust policy that is on its way.
    let migrating = app.legacy_role_migrate(admin, &id, Some(&new));
    let pasting = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let old = trust::statement(
            &aws.server.arn,
            serde_json::json!({"StringEquals": {"sts:ExternalId": "acme@network"}}),
        );
        let policy = trust::document(&[old, statement]);
        let changed = Ministack::shared().change_trust("migrating", &policy);
        changed.await.unwrap();
    };
    let (migrated, ()) = futures::join!(migrating, pasting);
    let migrated = migrated.unwrap();
    let attached = app.attachment_of(admin, AWS, &new, &id).await.unwrap();
    assert_eq!(
        migrated.replaced_by.unwrap().attachment,
        attached.unwrap().attachment.id
    );
    let stack = aws.world.read_stack(&id).await;
    let verified = app.verifications_of_stack(&stack).await.unwrap();
    assert_eq!(
        verified.len(),
        2,
        "of the new IDs, and no longer of the old"
    );

    app.legacy_role_migration_undo(admin, &id).await.unwrap();
    assert!(app.legacy_role(&stack).await.unwrap().is_some());
}

#[tokio::test]
async fn a_role_that_is_open_to_others_is_not_migrated() {
    let aws = Aws::start().await;
    let id = aws.world.stack("network").await;
    let (app, admin) = (aws.app(), &aws.world.admin);
    let arn = aws.role("opened", &["acme@network"]).await;
    let input = RoleInput {
        role_arn: arn,
        ..RoleInput::default()
    };
    app.legacy_role_put(admin, &id, &input).await.unwrap();
    let open = trust::open(&aws.server.arn);
    let changed = Ministack::shared().change_trust("opened", &open);
    changed.await.unwrap();
    let planned = app
        .legacy_role_migration_plan(admin, &id, None)
        .await
        .unwrap();
    assert!(!planned.is_ready());
    assert_eq!(planned.checks[0].outcome, Some(VerificationOutcome::Open));
    assert_eq!(
        planned.missing_statement, None,
        "nothing to add makes it safe"
    );
    let said = refusal(app.legacy_role_migrate(admin, &id, None).await);
    assert!(said.contains("confused deputy"), "{said}");
    let stack = aws.world.read_stack(&id).await;
    assert!(app.legacy_role(&stack).await.unwrap().is_some());
}
