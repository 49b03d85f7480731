//! What happens in the demo, in order, each with what must come of it.

use anyhow::{Context, Result, ensure};
use gantry_testkit::aws_request;
use gantry_testkit::client::{Client, StackInput};
use gantry_testkit::server::TestServer;

use crate::cloud::{self, Role};
use crate::identities::{Follower, HOOK, Said};
use crate::managed;
use crate::run::{expect, expect_end};
use crate::sample::{self, BUCKET};
use crate::terminal::{Terminal, table};

pub async fn play(terminal: &Terminal, server: &TestServer) -> Result<()> {
    let ministack = server.ministack();
    terminal.step("The stand-in refuses a wrong external ID");
    ministack
        .assume_with_wrong_id_is_refused(server.identity())
        .await?;
    terminal.done();

    terminal.step("A sample repository, and a stack for it with its state in S3");
    ministack.create_bucket(BUCKET).await?;
    let sample = sample::create(server)?;
    let client = Client::login(&server.url(), server.key()).await?;
    let mut input = StackInput::new("Greeting", sample.repository.path());
    for place in [
        "beforeInit",
        "beforePlan",
        "beforeApply",
        "beforePerform",
        "beforeDestroy",
    ] {
        input = input.hook(place, HOOK);
    }
    let stack = client
        .create_stack(&input.hook("beforePlan", "sh check.sh"))
        .await?;
    for (name, value) in [
        ("AWS_ENDPOINT_URL", ministack.endpoint()),
        ("AWS_DEFAULT_REGION", "us-east-1".to_owned()),
    ] {
        client.set_variable(&stack, name, &value, false).await?;
    }
    terminal.done_with(&stack);

    terminal.step("Two roles, each demanding its own external ID, and an integration for each");
    let reader = cloud::create_role(&client, ministack, &stack, "reader", false).await?;
    let writer = cloud::create_role(&client, ministack, &stack, "writer", true).await?;
    terminal.done();
    for role in [&reader, &writer] {
        println!("      {} demands {}", role.name, role.external_id);
    }

    terminal.step("Both are attached: read and write; Gantry proved that each role refuses others");
    client
        .attach(&reader.integration, &stack, true, false)
        .await?;
    client
        .attach(&writer.integration, &stack, false, true)
        .await?;
    terminal.done();

    let demo = Demo {
        terminal,
        client: &client,
        stack: &stack,
    };
    let mut said = demo.tracked_run().await?;
    said.extend(demo.task().await?);
    said.extend(
        demo.hostile_proposed_run(server, &sample.hostile_commit)
            .await?,
    );
    said.extend(demo.destructor(server).await?);
    managed::play(terminal, server, &client).await?;

    print_identities(&said, server);
    check_identities(&said, &reader, &writer)
}

struct Demo<'a> {
    terminal: &'a Terminal,
    client: &'a Client,
    stack: &'a str,
}

impl Demo<'_> {
    async fn tracked_run(&self) -> Result<Vec<Said>> {
        self.terminal
            .step("A tracked run plans and waits for somebody to confirm");
        let run = self.client.trigger(self.stack, "TRACKED", None).await?;
        let view = self
            .client
            .wait_for(self.stack, &run, "UNCONFIRMED")
            .await?;
        expect(self.client, self.stack, &view, "UNCONFIRMED").await?;
        ensure!(
            view.delta == Some([1, 0, 0]),
            "the plan should add one resource: {:?}",
            view.delta
        );
        self.terminal.done_with("1 to add");

        self.terminal.step("It is confirmed and applied");
        self.client.confirm(self.stack, &run).await?;
        expect_end(self.client, self.stack, &run, "FINISHED").await?;
        self.terminal.done();
        self.said("tracked", &run).await
    }

    async fn task(&self) -> Result<Vec<Said>> {
        self.terminal.step("A task writes into the bucket");
        let command =
            format!("aws s3api put-object --bucket {BUCKET} --key by-task --body main.tf");
        let run = self.client.create_task(self.stack, &command, false).await?;
        expect_end(self.client, self.stack, &run, "FINISHED").await?;
        self.terminal.done();
        self.said("task", &run).await
    }

    async fn hostile_proposed_run(&self, server: &TestServer, commit: &str) -> Result<Vec<Said>> {
        self.terminal
            .step("A proposed run of a branch tries to write, and IAM refuses");
        let run = self
            .client
            .trigger(self.stack, "PROPOSED", Some(commit))
            .await?;
        expect_end(self.client, self.stack, &run, "FAILED").await?;
        let log = self.client.log(self.stack, &run, "PLANNING").await?;
        let refusal = log.lines().find(|line| line.contains("AccessDenied"));
        ensure!(refusal.is_some(), "its log shows no refusal:\n{log}");
        for (key, expected) in [("planted", false), ("by-task", true)] {
            let there = object_exists(server, key).await?;
            ensure!(there == expected, "the object {key} is there: {there}");
        }
        self.terminal.done_with("AccessDenied");
        self.said("proposed", &run).await
    }

    async fn destructor(&self, server: &TestServer) -> Result<Vec<Said>> {
        self.terminal
            .step("The destructor destroys the resources, then the stack");
        self.client.delete_stack(self.stack, true).await?;
        let run = self.blocker().await?;
        let mut follower = Follower::new(self.client, self.stack, &run);
        follower.read_to_end().await?;
        self.client
            .wait_until_gone(self.stack)
            .await
            .with_context(|| follower.whole())?;
        ensure!(
            follower.log("destroy").contains("destroyed by"),
            "its log does not show the destruction:\n{}",
            follower.whole()
        );
        let state = get_object(server, "greeting.tfstate").await?;
        ensure!(
            state.contains("\"resources\": []"),
            "resources stay in the state: {state}"
        );
        self.terminal.done();
        Ok(follower.said("destroy"))
    }

    /// The run that holds the stack, as soon as one does.
    async fn blocker(&self) -> Result<String> {
        let begin = std::time::Instant::now();
        loop {
            let found = self
                .client
                .stack(self.stack, "deleting blocker{id}")
                .await?;
            if let Some(run) = found["blocker"]["id"].as_str() {
                return Ok(run.to_owned());
            }
            ensure!(
                begin.elapsed().as_secs() < 10,
                "no destroy run began: {found}"
            );
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    async fn said(&self, name: &'static str, run: &str) -> Result<Vec<Said>> {
        let mut follower = Follower::new(self.client, self.stack, run);
        follower.read_to_end().await?;
        Ok(follower.said(name))
    }
}

fn print_identities(said: &[Said], server: &TestServer) {
    let rows: Vec<Vec<String>> = said
        .iter()
        .map(|said| {
            vec![
                said.run.to_owned(),
                said.phase.to_owned(),
                said.identity.clone(),
            ]
        })
        .collect();
    println!("\nWho each phase was, as STS told its child:\n");
    print!("{}", table(&["run", "phase", "identity"], &rows));
    let issued: Vec<Vec<String>> = server
        .proxy()
        .calls()
        .into_iter()
        // Requests that only prove what the roles accept carry a policy that denies everything.
        .filter(|call| call.action == "AssumeRole" && call.policy.is_none())
        .map(|call| {
            vec![
                call.session_name.unwrap_or_default(),
                call.external_id.unwrap_or_default(),
            ]
        })
        .collect();
    println!("\nWhat STS was sent for them, in order:\n");
    print!("{}", table(&["session", "external ID"], &issued));
    println!();
}

/// The table of the spec, for what was played.
fn check_identities(said: &[Said], reader: &Role, writer: &Role) -> Result<()> {
    let expected = [
        ("tracked", "initialize", reader),
        ("tracked", "plan", reader),
        ("tracked", "apply", writer),
        ("task", "initialize", reader),
        ("task", "perform", writer),
        ("proposed", "initialize", reader),
        ("proposed", "plan", reader),
        ("destroy", "initialize", reader),
        ("destroy", "plan", reader),
        ("destroy", "destroy", writer),
    ];
    ensure!(
        said.len() == expected.len(),
        "{} phases were expected",
        expected.len()
    );
    for (said, (run, phase, role)) in said.iter().zip(expected) {
        let right = said.run == run
            && said.phase == phase
            && said
                .identity
                .contains(&format!(":assumed-role/{}/", role.name));
        ensure!(
            right,
            "{run}, {phase}: expected {}, got {said:?}",
            role.name
        );
    }
    println!("Every phase had the identity that it should, and no other.");
    Ok(())
}

async fn object_exists(server: &TestServer, key: &str) -> Result<bool> {
    Ok(request(server, key).await?.status == 200)
}

async fn get_object(server: &TestServer, key: &str) -> Result<String> {
    Ok(request(server, key)
        .await?
        .expect_success("GetObject")?
        .body)
}

async fn request(server: &TestServer, key: &str) -> Result<aws_request::Answer> {
    let ministack = server.ministack();
    let path = format!("/{BUCKET}/{key}");
    aws_request::send(
        &ministack.endpoint(),
        "s3",
        "GET",
        &path,
        Vec::new(),
        Some(&ministack.root()),
    )
    .await
}
