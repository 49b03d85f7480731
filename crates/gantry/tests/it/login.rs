//! Tokens: who they stand for, and when they stop.

use gantry_testkit::client::{ApiKey, Client, StackInput};
use gantry_testkit::server::Builder;
use gantry_testkit::witness::Witness;
use serde_json::json;

use crate::cloud_integration::refusal;
use crate::world::{ALWAYS_CHANGES, World, eventually};

on_both_databases!(
    forged_and_foreign_tokens,
    a_revoked_key_takes_its_tokens_along,
    the_command_line_makes_keys_with_roles,
    the_token_of_a_run_reads_and_dies_with_its_phase,
);

const VIEWER: &str = "{viewer{id name}}";

/// Nobody: the viewer is null, and everything else says `unauthorized`.
async fn is_nobody(client: &Client) {
    let message = match client.query(VIEWER, json!({})).await {
        Ok(answer) => {
            assert!(answer["viewer"].is_null(), "{answer}");
            refusal(client.query("{stacks{id}}", json!({})).await)
        }
        Err(error) => error.to_string(),
    };
    assert!(message.contains("unauthorized"), "{message}");
}

async fn forged_and_foreign_tokens(builder: Builder) {
    let world = World::of(builder).await;
    let token = world.client.token().unwrap().to_owned();
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims, signature] = parts[..] else {
        panic!("{token}")
    };
    let turned: String = signature.chars().rev().collect();
    // {"alg":"none"}, without padding
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";
    let other = World::start().await;
    let forged = [
        String::new(),
        "nonsense".to_owned(),
        format!("{header}.{claims}.{turned}"),
        format!("{header}.{claims}."),
        format!("{none}.{claims}."),
        format!("{none}.{claims}.{signature}"),
        other.client.token().unwrap().to_owned(),
    ];
    for token in forged {
        is_nobody(&Client::with_token(world.server.url(), token)).await;
    }
    is_nobody(&Client::anonymous(world.server.url())).await;
    let answer = world.client.query(VIEWER, json!({})).await.unwrap();
    assert!(answer["viewer"]["id"].is_string(), "{answer}");
}

async fn a_revoked_key_takes_its_tokens_along(builder: Builder) {
    let world = World::of(builder).await;
    let key = world.server.create_key("short-lived").unwrap();
    let client = Client::login(&world.server.url(), &key).await.unwrap();
    client.query("{stacks{id}}", json!({})).await.unwrap();
    let delete = "mutation($id:ID!){apiKeyDelete(id:$id){id}}";
    world
        .client
        .query(delete, json!({"id": key.id}))
        .await
        .unwrap();
    is_nobody(&client).await;
    let anonymous = Client::anonymous(world.server.url());
    refusal(anonymous.exchange(&key).await);
    let wrong = ApiKey {
        secret: "wrong".into(),
        ..world.server.key().clone()
    };
    refusal(anonymous.exchange(&wrong).await);
}

async fn the_command_line_makes_keys_with_roles(builder: Builder) {
    let world = World::of(builder).await;
    let roles = ["legacy=reader", "root=writer"];
    let key = world.server.create_key_with("ci", &roles).unwrap();
    let client = Client::login(&world.server.url(), &key).await.unwrap();
    let levels = client.query("{spaces{id accessLevel}}", json!({})).await;
    // A role holds below its space: the smaller one there takes nothing away.
    assert_eq!(
        levels.unwrap()["spaces"],
        json!([
            { "id": "root", "accessLevel": "WRITE" },
            { "id": "legacy", "accessLevel": "WRITE" },
        ])
    );
    refusal(client.query("{apiKeys{id}}", json!({})).await);
    for (wrong, said) in [
        ("legacy", "SPACE=ROLE"),
        ("legacy=owner", "`owner` is no role"),
        ("gone=reader", "there is no space `gone`"),
    ] {
        let refused = world.server.create_key_with("ci", &[wrong]).err().unwrap();
        assert!(refused.to_string().contains(said), "{refused}");
    }
}

async fn the_token_of_a_run_reads_and_dies_with_its_phase(builder: Builder) {
    let world = World::of(builder).await;
    let witness = Witness::start().unwrap();
    let repository = world.repository("token", &[("main.tf", ALWAYS_CHANGES)]);
    let hook = witness.hook_with("plan", "$SPACELIFT_API_TOKEN");
    let mut input = StackInput::new("token", repository.path())
        .hook("beforePlan", &hook)
        .hook("beforePlan", "sleep 600");
    input.administrative = true;
    let stack = world.stack(&input).await;
    let run = world.client.trigger(&stack, "TRACKED", None).await.unwrap();
    let said = eventually("the phase told its token", || async {
        witness.heard().pop()
    })
    .await;
    assert_eq!(said.run, run);
    let child = Client::with_token(world.server.url(), said.identity);
    let seen = child.stack(&stack, "id name").await.unwrap();
    assert_eq!(seen["id"], stack.as_str());
    refusal(child.trigger(&stack, "TRACKED", None).await);
    refusal(child.confirm(&stack, &run).await);
    refusal(child.create_task(&stack, "true", false).await);
    refusal(child.set_variable(&stack, "TF_VAR_x", "y", false).await);
    world.client.act("runStop", &stack, &run).await.unwrap();
    world.client.wait_for_end(&stack, &run).await.unwrap();
    is_nobody(&child).await;
}
