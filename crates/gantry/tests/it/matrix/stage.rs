//! Plays the runs of a column: its stack, what is attached to it, and one run of each kind.

use std::collections::HashMap;

use gantry_testkit::client::{Client, IntegrationInput, StackInput};
use gantry_testkit::repository::s3_backend_with_keys;
use gantry_testkit::trust;
use gantry_testkit::witness::Witness;

use super::Played;
use crate::private_pool::PrivatePool;
use crate::world::{ALWAYS_CHANGES, World, eventually};

/// Where a column is played.
pub struct Stage<'a> {
    pub world: &'a World,
    pub pool: Option<&'a PrivatePool>,
    pub witness: &'a Witness,
}

impl Stage<'_> {
    pub async fn play(&self, set: &'static str, slug: &str) -> Played {
        let Stage { world, witness, .. } = *self;
        let client = &world.client;
        let key = format!("{slug}.tfstate");
        let backend = s3_backend_with_keys(&world.ministack().endpoint(), &world.bucket(), &key);
        let files = [
            ("backend.tf", backend.as_str()),
            ("main.tf", ALWAYS_CHANGES),
        ];
        let repository = world.repository(slug, &files);
        let mut input = StackInput::new(slug, repository.path());
        input.worker_pool = self.pool.map(|pool| pool.id.clone());
        if set == "A automatic" {
            input.labels = vec!["matrix".to_owned()];
        }
        for (place, phase) in [
            ("beforeInit", "initialize"),
            ("beforePlan", "plan"),
            ("beforeApply", "apply"),
            ("beforePerform", "perform"),
            ("beforeDestroy", "destroy"),
        ] {
            input = input.hook(place, &witness.hook(phase));
        }
        let stack = world.stack(&input).await;
        let names = self.attach(set, &stack).await;
        let mut runs = HashMap::new();

        let run = client.trigger(&stack, "PROPOSED", None).await.unwrap();
        finish(world, &stack, &run).await;
        runs.insert("proposed", run);

        let run = planned(world, &stack).await;
        client.confirm(&stack, &run).await.unwrap();
        finish(world, &stack, &run).await;
        runs.insert("tracked", run);

        let run = planned(world, &stack).await;
        client.replan(&stack, &run).await.unwrap();
        let view = client.wait_for(&stack, &run, "UNCONFIRMED").await.unwrap();
        world.expect(&stack, &view, "UNCONFIRMED").await;
        client.confirm(&stack, &run).await.unwrap();
        finish(world, &stack, &run).await;
        runs.insert("replanned", run);

        input.autodeploy = true;
        client.update_stack(&stack, &input).await.unwrap();
        let run = client.trigger(&stack, "TRACKED", None).await.unwrap();
        finish(world, &stack, &run).await;
        runs.insert("autodeployed", run);

        for (name, skip) in [("task", false), ("task, not initialized", true)] {
            let run = client.create_task(&stack, "true", skip).await.unwrap();
            finish(world, &stack, &run).await;
            runs.insert(name, run);
        }

        client.delete_stack(&stack, true).await.unwrap();
        client.wait_until_gone(&stack).await.unwrap();
        let run = eventually("the destroy run was heard", || async {
            let heard = witness.heard();
            let mut heard = heard
                .into_iter()
                .filter(|one| one.stack == stack && one.kind == "DESTROY");
            heard.next().map(|one| one.run)
        });
        runs.insert("destroy", run.await);
        Played {
            set,
            stack,
            runs,
            names,
        }
    }

    /// Attaches what the column says. Answers with the meaning of roles and integrations.
    async fn attach(&self, set: &str, stack: &str) -> HashMap<String, &'static str> {
        let client = &self.world.client;
        let mut names = HashMap::new();
        let role = |letter: &str| format!("{}-{stack}", letter.to_lowercase());
        let mut integrations: Vec<(&'static str, bool, bool)> = Vec::new();
        match set {
            "A read" | "legacy, A read" => integrations.push(("A", true, false)),
            "A write" => integrations.push(("A", false, true)),
            "A both" => integrations.push(("A", true, true)),
            "A read, B write" => integrations.extend([("A", true, false), ("B", false, true)]),
            _ => {}
        }
        for (letter, read, write) in integrations {
            let id = self.integration(&role(letter), vec![]).await;
            let mut ids = Vec::new();
            for (on, (r, w)) in [(read, (true, false)), (write, (false, true))] {
                if on {
                    ids.push(client.external_id(&id, stack, r, w).await.unwrap());
                }
            }
            self.role(&role(letter), &ids).await;
            names.insert(self.world.role_name(&role(letter)), letter);
            client.attach(&id, stack, read, write).await.unwrap();
            names.insert(id, letter);
        }
        if set.starts_with("legacy") {
            let arn = self.role(&role("L"), &[format!("acme@{stack}")]).await;
            let set = match self.pool {
                Some(_) => client.set_legacy_role_in_worker(stack, &arn, None).await,
                None => client.set_legacy_role(stack, &arn).await,
            };
            set.unwrap();
            names.insert(self.world.role_name(&role("L")), "L");
        }
        if set == "A automatic" {
            let label = "autoattach:matrix".to_owned();
            let id = self.integration(&role("A"), vec![label]).await;
            let ids = both_ids(client, &id, stack).await;
            self.role(&role("A"), &ids).await;
            names.insert(self.world.role_name(&role("A")), "A");
            names.insert(id, "A");
        }
        names
    }

    /// Attached by label if it has one.
    async fn integration(&self, role: &str, labels: Vec<String>) -> String {
        let input = IntegrationInput {
            in_worker: self.pool.is_some(),
            autoattach: !labels.is_empty(),
            labels,
            ..IntegrationInput::new(role, &self.world.role_arn(role))
        };
        self.world.client.create_integration(&input).await.unwrap()
    }

    /// A role that trusts whoever assumes it here, with these external IDs.
    async fn role(&self, name: &str, ids: &[String]) -> String {
        let asker = match self.pool {
            Some(pool) => &pool.identity.arn,
            None => &self.world.server.identity().arn,
        };
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let policy = trust::requires(asker, &ids);
        let name = self.world.role_name(name);
        let made = self.world.ministack().create_role(&name, &policy).await;
        made.unwrap()
    }
}

async fn both_ids(client: &Client, integration: &str, stack: &str) -> [String; 2] {
    [
        client
            .external_id(integration, stack, true, false)
            .await
            .unwrap(),
        client
            .external_id(integration, stack, false, true)
            .await
            .unwrap(),
    ]
}

async fn planned(world: &World, stack: &str) -> String {
    let run = world.client.trigger(stack, "TRACKED", None).await.unwrap();
    let view = world
        .client
        .wait_for(stack, &run, "UNCONFIRMED")
        .await
        .unwrap();
    world.expect(stack, &view, "UNCONFIRMED").await;
    run
}

async fn finish(world: &World, stack: &str, run: &str) {
    let view = world.client.wait_for_end(stack, run).await.unwrap();
    world.expect(stack, &view, "FINISHED").await;
}
