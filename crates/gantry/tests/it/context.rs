//! Contexts and mounted files: what a run of a stack gets of them, and what it shows of them.

use gantry_testkit::client::StackInput;
use serde_json::json;

use crate::world::World;

/// Says in each phase what it got.
const CODE: &str = r#"
variable "winner" {}

resource "terraform_data" "winner" {
  input            = var.winner
  triggers_replace = timestamp()

  provisioner "local-exec" {
    command = "echo applied with $AUTO $LOW $HIGH $STACK $OVERRIDE; cat /mnt/workspace/secret.txt | wc -c"
  }
}

output "secret" {
  value = filesha256("/mnt/workspace/secret.txt")
}
"#;

const SECRET: &str = "canary-of-a-mounted-file\nand-its-second-line\n";

fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}

async fn context(world: &World, name: &str, labels: &[&str], hook: &str) -> String {
    let none: [&str; 0] = [];
    let hooks = json!({
        "afterApply": none, "afterDestroy": none, "afterInit": none, "afterPerform": none,
        "afterPlan": [format!("echo after-{name}")], "afterRun": none, "beforeApply": none,
        "beforeDestroy": none, "beforeInit": none, "beforePerform": none, "beforePlan": [hook],
    });
    let answer = world
        .client
        .query(
            "mutation($input:ContextInput!){contextCreateV2(input:$input){id}}",
            json!({"input": {
                "name": name, "description": null, "labels": labels, "space": null, "hooks": hooks,
            }}),
        )
        .await
        .unwrap();
    answer["contextCreateV2"]["id"].as_str().unwrap().to_owned()
}

async fn set(world: &World, owner: (&str, &str), id: &str, kind: &str, value: &str, secret: bool) {
    let (noun, name) = owner;
    let document = format!(
        "mutation($owner:ID!,$config:ConfigInput!){{{noun}ConfigAdd({noun}:$owner,config:$config){{id}}}}"
    );
    let variables = json!({"owner": name, "config": {
        "id": id, "type": kind, "value": value, "writeOnly": secret,
    }});
    world.client.query(&document, variables).await.unwrap();
}

async fn attach(world: &World, context: &str, stack: &str, priority: i64) {
    world
        .client
        .query(
            "mutation($id:ID!,$stack:ID!,$priority:Int!){\
             contextAttach(id:$id,stack:$stack,priority:$priority){id}}",
            json!({"id": context, "stack": stack, "priority": priority}),
        )
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_gets_what_wins_and_keeps_secret_files_to_itself() {
    let world = World::start().await;
    let client = &world.client;
    let repository = world.repository("layers", &[("main.tf", CODE)]);
    let show = "cat ../secret.txt; echo; cat extra.txt";
    let mut input = StackInput::new("layers", repository.path())
        .hook("beforePlan", "echo stack-before")
        .hook("beforePlan", show)
        .hook("afterPlan", "echo after-stack")
        .hook("beforeApply", show);
    input.labels = vec!["prod".into()];
    let stack = world.stack(&input).await;
    let auto = context(&world, "auto", &["autoattach:prod"], "echo auto-before").await;
    let low = context(&world, "low", &[], "echo low-before").await;
    let high = context(&world, "high", &[], "echo high-before").await;
    attach(&world, &low, &stack, 0).await;
    attach(&world, &high, &stack, 10).await;
    let variables = ["AUTO", "HIGH", "LOW", "STACK", "OVERRIDE"];
    // Each layer sets its own name and all stronger ones.
    for (owner, from) in [
        (("context", auto.as_str()), 0),
        (("context", high.as_str()), 1),
        (("context", low.as_str()), 2),
        (("stack", stack.as_str()), 3),
    ] {
        for name in &variables[from..] {
            let value = format!("{}-{}", name.to_lowercase(), owner.1);
            set(&world, owner, name, "ENVIRONMENT_VARIABLE", &value, false).await;
        }
    }
    let variable = "ENVIRONMENT_VARIABLE";
    set(
        &world,
        ("context", &high),
        "TF_VAR_winner",
        variable,
        "high",
        false,
    )
    .await;
    set(
        &world,
        ("context", &low),
        "TF_VAR_winner",
        variable,
        "low",
        false,
    )
    .await;
    set(
        &world,
        ("context", &low),
        "secret.txt",
        "FILE_MOUNT",
        &base64(SECRET),
        true,
    )
    .await;
    set(
        &world,
        ("context", &high),
        "secret.txt",
        "FILE_MOUNT",
        &base64("hidden"),
        false,
    )
    .await;
    let plain = base64("mounted into the project\n");
    set(
        &world,
        ("stack", &stack),
        "source/extra.txt",
        "FILE_MOUNT",
        &plain,
        false,
    )
    .await;

    let answer = client
        .query(
            "mutation($stack:ID!,$config:RuntimeConfigInput){\
             runTrigger(stack:$stack,runType:TRACKED,runtimeConfig:$config){id}}",
            json!({"stack": stack, "config": {"environment": [
                {"key": "OVERRIDE", "value": "of-this-run"},
            ]}}),
        )
        .await
        .unwrap();
    let run = answer["runTrigger"]["id"].as_str().unwrap().to_owned();
    let view = client.wait_for(&stack, &run, "UNCONFIRMED").await.unwrap();
    world.expect(&stack, &view, "UNCONFIRMED").await;
    client.confirm(&stack, &run).await.unwrap();
    let view = client.wait_for_end(&stack, &run).await.unwrap();
    world.expect(&stack, &view, "FINISHED").await;

    let plan = client.log(&stack, &run, "PLANNING").await.unwrap();
    let order: Vec<&str> = plan
        .lines()
        .filter(|line| line.ends_with("-before") || line.starts_with("after-"))
        .collect();
    assert_eq!(
        order,
        [
            "low-before",
            "high-before",
            "auto-before",
            "stack-before",
            "after-auto",
            "after-high",
            "after-low",
            "after-stack"
        ],
        "{plan}"
    );
    assert!(plan.contains("= \"low\""), "{plan}");
    let apply = client.log(&stack, &run, "APPLYING").await.unwrap();
    // The value of an override is masked.
    let applied = "applied with auto-auto low-low high-high stack-layers *****";
    assert!(apply.contains(applied), "{apply}");
    assert!(apply.contains(&SECRET.len().to_string()), "{apply}");
    for log in [&plan, &apply] {
        assert!(log.contains("mounted into the project"), "{log}");
        assert!(log.contains("*****"), "{log}");
        for line in SECRET.lines() {
            assert!(!log.contains(line), "{log}");
        }
    }
    // The page says which one won.
    let answer = client
        .stack(
            &stack,
            "effectiveConfig{context{contextId}element{id}hides{context{contextId}}}",
        )
        .await
        .unwrap();
    let element = |id: &str| {
        let all = answer["effectiveConfig"].as_array().unwrap();
        all.iter()
            .find(|element| element["element"]["id"] == id)
            .unwrap()
            .clone()
    };
    assert_eq!(element("secret.txt")["context"]["contextId"], "low");
    let hides = json!([{ "context": { "contextId": "high" } }]);
    assert_eq!(element("secret.txt")["hides"], hides);
    assert!(element("STACK")["context"].is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_can_not_change_what_apply_gets_of_a_mounted_file() {
    let world = World::start().await;
    let client = &world.client;
    let code = "resource \"terraform_data\" \"it\" {\n  triggers_replace = timestamp()\n}\n";
    let repository = world.repository("steady", &[("main.tf", code)]);
    let attack = "for file in ../beside.txt inside.txt mounted.tf; do \
                  rm -f $file; echo evil > $file; done; rm mounted.tf; \
                  ln -s /etc/passwd ../beside.txt 2>/dev/null; rm inside.txt; mkdir inside.txt";
    let input = StackInput::new("steady", repository.path())
        .hook("afterPlan", attack)
        .hook("beforeApply", "cat ../beside.txt inside.txt mounted.tf");
    let stack = world.stack(&input).await;
    for (path, content) in [
        ("beside.txt", "genuine-beside\n"),
        ("source/inside.txt", "genuine-inside\n"),
        (
            "source/mounted.tf",
            "output \"mounted\" {\n  value = \"genuine-output\"\n}\n",
        ),
    ] {
        let owner = ("stack", stack.as_str());
        set(&world, owner, path, "FILE_MOUNT", &base64(content), false).await;
    }
    world.apply(&stack).await;
    let runs = client.stack(&stack, "runs{id}").await.unwrap();
    let run = runs["runs"][0]["id"].as_str().unwrap().to_owned();
    let log = client.log(&stack, &run, "APPLYING").await.unwrap();
    for genuine in ["genuine-beside", "genuine-inside", "genuine-output"] {
        assert!(log.contains(genuine), "{genuine}: {log}");
    }
    assert!(!log.contains("evil"), "{log}");

    // A task has them too, but for one that was taken off.
    let task = "test ! -e inside.txt && test -e mounted.tf && echo as-it-should-be";
    let document = "mutation($stack:ID!,$id:ID!){stackConfigDelete(stack:$stack,id:$id){id}}";
    client
        .query(document, json!({"stack": stack, "id": "source/inside.txt"}))
        .await
        .unwrap();
    let run = client.create_task(&stack, task, false).await.unwrap();
    let view = client.wait_for_end(&stack, &run).await.unwrap();
    world.expect(&stack, &view, "FINISHED").await;
}
