//! The console in a real browser, against the real binary. The scenarios stand in `console/e2e`; they ask
//! this test for what a browser can't do, a line of JSON at a time.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use gantry_testkit::client::StackInput;
use gantry_testkit::golden::repository;
use gantry_testkit::ministack::ACCOUNT;
use gantry_testkit::trust;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::Command;

use crate::world::World;

const WITHIN: Duration = Duration::from_secs(240);

const CODE: &str = r#"
resource "terraform_data" "greeting" {
  input = "hello"
}
"#;

#[tokio::test]
async fn a_person_connects_a_cloud_and_applies() {
    let world = World::start().await;
    let stack = world.plain_stack("network", CODE).await;
    let legacy = world.plain_stack("old-network", CODE).await;
    let old = format!("acme@{legacy}");
    let role = world.role("old", &[&old]).await;
    let set = "mutation($id:ID!,$role:String!){stackIntegrationAwsCreate(id:$id,roleArn:$role,\
               generateCredentialsInWorker:false){activated}}";
    let set = world
        .client
        .query(set, json!({"id": legacy, "role": role}))
        .await;
    set.unwrap();
    let prefix = format!("{}-", world.role_name("console"));
    let arn = format!("arn:aws:iam::{ACCOUNT}:role/{prefix}");
    let told = [
        ("GANTRY_STACK", stack.as_str()),
        ("GANTRY_LEGACY_STACK", &legacy),
        ("GANTRY_ROLE_PREFIX", &arn),
    ];
    play(&world, "main.mjs", &told, async |question| {
        if let Some(statements) = question["admit"].as_array() {
            // The role goes on to accept what it accepted.
            let mut policy = trust::requires(&world.server.identity().arn, &[&old]);
            let all = policy["Statement"].as_array_mut().unwrap();
            all.extend(statements.iter().cloned());
            let name = world.role_name("old");
            return world
                .ministack()
                .change_trust(&name, &policy)
                .await
                .unwrap();
        }
        let name = format!("{prefix}{}", question["role"].as_str().unwrap());
        let policy = serde_json::from_str(question["policy"].as_str().unwrap()).unwrap();
        world.ministack().create_role(&name, &policy).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn nothing_that_strangers_wrote_does_anything() {
    let world = World::start().await;
    let strings = hostile_strings();
    assert_eq!(strings.len(), 500);
    let name = |n: usize| {
        strings[n % strings.len()]
            .chars()
            .take(80)
            .collect::<String>()
    };
    let quoted: Vec<String> = strings.iter().map(|text| hcl(text)).collect();
    let code = format!(
        "resource \"terraform_data\" \"strings\" {{\n  input = [{}]\n}}\n",
        quoted.join(", ")
    );
    let log = format!("{}\nthe last hostile line\n", strings.join("\n"));
    let files = [("main.tf", code.as_str()), ("hostile.txt", log.as_str())];
    let repository = world.repository("hostile", &files);
    repository.commit(&name(0), &[]).unwrap();
    let mut input = StackInput::new("hostile", repository.path());
    input.name = name(1);
    input.slug = Some("hostile".into());
    input.labels = (2..40).map(|n| label(&strings[n])).collect();
    let stack = world
        .client
        .create_stack(&input.hook("beforePlan", "cat hostile.txt"))
        .await;
    let stack = stack.unwrap();
    fill(&world, &stack, &strings).await;
    let run = world
        .client
        .trigger(&stack, "PROPOSED", None)
        .await
        .unwrap();
    let view = world.client.wait_for_end(&stack, &run).await.unwrap();
    world.expect(&stack, &view, "FINISHED").await;
    let command = format!("echo {}", name(3).replace(['\'', '\n'], " "));
    let task = world
        .client
        .create_task(&stack, &command, true)
        .await
        .unwrap();
    world.client.wait_for_end(&stack, &task).await.unwrap();
    let runs = format!("{run},{task}");
    let told = [("GANTRY_STACK", stack.as_str()), ("GANTRY_RUNS", &runs)];
    play(&world, "hostile.mjs", &told, async |_| ()).await;
}

/// Variables, a context and integrations with these names and values.
async fn fill(world: &World, stack: &str, strings: &[String]) {
    let client = &world.client;
    for (n, text) in strings.iter().enumerate().step_by(8) {
        let name = format!("TEXT_{n}");
        client
            .set_variable(stack, &name, text, false)
            .await
            .unwrap();
    }
    let make = "mutation($input:ContextInput!){contextCreateV2(input:$input){id}}";
    let mut input = json!({"name": "hostile", "labels": ["autoattach:*"]});
    client.query(make, json!({"input": input})).await.unwrap();
    for text in strings.iter().step_by(25) {
        input["name"] = text.chars().take(60).collect::<String>().into();
        input["description"] = text.as_str().into();
        // Some are no names; those that are have to be shown.
        let _ = client.query(make, json!({"input": input})).await;
        let make = "mutation($name:String!){awsIntegrationCreate(name:$name,\
                    roleArn:\"arn:aws:iam::111122223333:role/x\",generateCredentialsInWorker:false){id}}";
        let _ = client.query(make, json!({"name": input["name"]})).await;
    }
}

/// 500 texts that want to be more than text: markup, escape sequences, marks that turn text around, and
/// texts that never end.
fn hostile_strings() -> Vec<String> {
    const SEEDS: [&str; 20] = [
        "<script>struck(NN)</script>",
        "<img src=x onerror=struck(NN)>",
        "\"><svg onload=struck(NN)>",
        "'-struck(NN)-'",
        "javascript:struck(NN)",
        "</title><script>struck(NN)</script>",
        "{{constructor.constructor('struck(NN)')()}}",
        "<a href=\"javascript:struck(NN)\">click NN</a>",
        "<style>*{display:none}</style>NN",
        "<iframe srcdoc='<script>parent.struck(NN)</script>'>",
        "<base href=//evil.test/>NN",
        "\u{1b}[31mred NN\u{1b}[0m",
        "\u{1b}]0;title NN\u{7}after",
        "\u{1b}]8;;javascript:struck(NN)\u{1b}\\link\u{1b}]8;;\u{1b}\\",
        "\u{1b}[2J\u{1b}[1;1HNN",
        "\u{202e}txt.NN\u{202c}",
        "\u{2066}NN\u{2069}\u{200f}right",
        "__proto__NN",
        "\u{0}\u{8}\u{b}NN\u{7f}",
        "NNlongWithoutAnyBreak",
    ];
    (0..500)
        .map(|n| {
            let text = SEEDS[n % SEEDS.len()].replace("NN", &n.to_string());
            match n % SEEDS.len() {
                19 => text.repeat(40 + n),
                _ => text,
            }
        })
        .collect()
}

fn label(text: &str) -> String {
    let plain = text.chars().filter(|c| !c.is_control());
    plain.take(60).collect()
}

/// A literal of Terraform's language.
fn hcl(text: &str) -> String {
    let plain: String = text.chars().filter(|c| *c != '\0').collect();
    let escaped: String = plain
        .chars()
        .flat_map(|c| match c {
            '"' | '\\' => vec!['\\', c],
            c if c.is_control() => format!("\\u{:04x}", u32::from(c)).chars().collect(),
            c => vec![c],
        })
        .collect();
    format!("\"{}\"", escaped.replace("${", "$${").replace("%{", "%%{"))
}

/// Runs a scenario to its end; answers what it asks.
async fn play(
    world: &World,
    scenario: &str,
    told: &[(&str, &str)],
    mut answer: impl AsyncFnMut(Value),
) {
    let console = console();
    let mut child = Command::new("node")
        .arg(console.join("e2e").join(scenario))
        .env("GANTRY_URL", world.server.url())
        .env("GANTRY_KEY_ID", &world.server.key().id)
        .env("GANTRY_KEY_SECRET", &world.server.key().secret)
        .envs(told.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("there is no `node`: Node 20 or newer");
    let mut to = child.stdin.take().unwrap();
    let mut from = BufReader::new(child.stdout.take().unwrap()).lines();
    let whole = async {
        while let Some(line) = from.next_line().await.unwrap() {
            answer(serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}"))).await;
            to.write_all(b"{}\n").await.unwrap();
        }
        child.wait().await.unwrap()
    };
    let status = tokio::time::timeout(WITHIN, whole).await;
    let status = status.unwrap_or_else(|_| panic!("{scenario} did not end within {WITHIN:?}"));
    assert!(
        status.success(),
        "{scenario} failed; its pictures are in console/screenshots"
    );
}

/// Where the console is built and its tests are installed.
fn console() -> PathBuf {
    let console = repository().join("console");
    let there = |path: &str| Path::exists(&console.join(path));
    assert!(
        there("dist/index.html") && there("node_modules/playwright-core"),
        "the console is not built: `make console` first"
    );
    console
}
