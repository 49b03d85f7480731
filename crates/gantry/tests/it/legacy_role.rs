//! A stack's own role, its migration to an integration, and back, with real runs in between.

use gantry_testkit::server::Builder;
use gantry_testkit::trust;
use serde_json::{Value, json};

use crate::world::{ALWAYS_CHANGES, World};

on_both_databases!(a_stack_is_migrated_and_back_between_its_runs);

const PLAN: &str = "query($stack:ID!){legacyRoleMigrationPlan(stack:$stack){ready changes \
    integration makesIntegration read write missingStatement checks{access externalId outcome}}}";
const MIGRATE: &str = "mutation($stack:ID!,$integration:ID){legacyRoleMigrate(stack:$stack,\
    integration:$integration){integration madeIntegration attachment}}";
const UNDO: &str = "mutation($stack:ID!){legacyRoleMigrationUndo(stack:$stack){activated}}";
const STACK: &str = "query($stack:ID!){stack(id:$stack){legacyRoleMigration{roleArn integration} \
    integrations{aws{assumedRoleArn}}}}";

async fn a_stack_is_migrated_and_back_between_its_runs(builder: Builder) {
    let world = World::of(builder).await;
    let client = &world.client;
    let stack = world.plain_stack("migrating", ALWAYS_CHANGES).await;
    let own = format!("acme@{stack}");
    let arn = world.role("owner", &[&own]).await;
    client.set_legacy_role(&stack, &arn).await.unwrap();
    assert_eq!(
        run(&world, &stack).await,
        [own.clone(), own.clone(), own.clone()]
    );

    let plan = ask(&world, PLAN, &stack).await;
    assert_eq!(plan["ready"], false, "{plan:#}");
    assert_eq!(
        (&plan["read"], &plan["write"]),
        (&json!(true), &json!(true))
    );
    let new = plan["integration"].as_str().unwrap().to_owned();
    let of = |access: &str| format!("acme@{new}@{stack}@{access}");
    let missing: Value = serde_json::from_str(plan["missingStatement"].as_str().unwrap()).unwrap();
    assert_eq!(
        missing["Condition"]["StringEquals"]["sts:ExternalId"],
        json!([of("read"), of("write")])
    );

    // What the dry run gives is pasted beside what is there.
    let condition = json!({"StringEquals": {"sts:ExternalId": own}});
    let before = trust::statement(&world.server.identity().arn, condition);
    let policy = trust::document(&[before, missing]);
    let name = world.role_name("owner");
    world
        .ministack()
        .change_trust(&name, &policy)
        .await
        .unwrap();
    let plan = ask(&world, PLAN, &stack).await;
    assert_eq!(plan["ready"], true, "{plan:#}");
    assert!(plan["missingStatement"].is_null());

    let wanted = json!({"stack": stack, "integration": new});
    let done = client.query(MIGRATE, wanted).await.unwrap();
    assert_eq!(done["legacyRoleMigrate"]["integration"], json!(new));
    let shown = ask(&world, STACK, &stack).await;
    assert_eq!(shown["legacyRoleMigration"]["roleArn"], json!(arn));
    assert!(shown["integrations"]["aws"]["assumedRoleArn"].is_null());
    let migrated = [of("read"), of("read"), of("write")];
    assert_eq!(run(&world, &stack).await, migrated);

    let undone = client.query(UNDO, json!({"stack": stack})).await.unwrap();
    assert_eq!(undone["legacyRoleMigrationUndo"]["activated"], true);
    let shown = ask(&world, STACK, &stack).await;
    assert_eq!(shown["integrations"]["aws"]["assumedRoleArn"], json!(arn));
    assert_eq!(run(&world, &stack).await, [own.clone(), own.clone(), own]);

    let again = json!({"stack": stack});
    client.query(MIGRATE, again).await.unwrap();
    assert_eq!(run(&world, &stack).await, migrated);
}

/// The one field of a query about a stack.
async fn ask(world: &World, document: &str, stack: &str) -> Value {
    let answer = world.client.query(document, json!({"stack": stack})).await;
    let mut answer = answer.unwrap();
    let field = answer.as_object().unwrap().keys().next().unwrap().clone();
    answer[&field].take()
}

/// Applies once; the external IDs of its phases, as STS was sent them.
async fn run(world: &World, stack: &str) -> Vec<String> {
    world.server.proxy().forget_calls();
    world.apply(stack).await;
    let calls = world.server.proxy().calls().into_iter();
    calls.filter_map(|call| call.external_id).collect()
}
