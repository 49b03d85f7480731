//! What a placeholder becomes. Each asking gets things of its own, so that no answer depends on
//! another one.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::future::BoxFuture;
use gantry_cloud::error::{AssumeError, AssumeErrorKind};
use gantry_cloud::provider::{CloudProvider, Identity, Patience, Verification};
use gantry_cloud::registry::Registry;
use gantry_core::credentials::cloud::Cloud;
use gantry_core::credentials::external_id::ExternalId;
use gantry_core::credentials::grant::AssumeRequest;
use gantry_core::credentials::phase_env::PhaseEnv;
use gantry_core::credentials::trial::Trial;
use gantry_core::protocol::Job;
use serde_json::{Value, json};

use super::{Filled, World};
use crate::authorization::rows::Row;

/// SHA-256 of `hush`, the value of the secret variable.
const CHECKSUM: &str = "dc8331bcb2283e89d275a1c2fe66f7bf5ac3163ec1967f149dd7e27906365f0c";

impl World {
    /// Makes what the row asks about, and what its answer has to show.
    pub async fn fill(&self, row: &Row) -> Filled {
        let mut filled = Filled {
            text: row.document.to_owned(),
            shows: row.shows.unwrap_or_default(),
            values: vec![],
        };
        let n = self.number();
        for (placeholder, value) in [
            ("<n>", n.to_string()),
            ("<team>", self.team.clone()),
            ("<inner>", self.inner.clone()),
            ("<commit>", self.commit.clone()),
            ("<request>", request()),
            ("<variable>", "in the open".to_owned()),
            ("<secret variable>", "hush".to_owned()),
            ("<secret checksum>", CHECKSUM.to_owned()),
            ("<output>", "an output".to_owned()),
            ("<secret output>", "a secret output".to_owned()),
            ("<attribute>", "an attribute".to_owned()),
            ("<secret attribute>", "a secret attribute".to_owned()),
            ("<input>", self.input(&self.team, n, false)),
            ("<input of inner>", self.input(&self.inner, n, false)),
        ] {
            filled.put(placeholder, value);
        }
        if filled.wants("<space>") {
            let name = format!("space {n}");
            filled.put("<space>", self.space(&name, &self.team, true).await);
        }
        self.fill_stacks(&mut filled).await;
        self.fill_contexts(&mut filled).await;
        self.fill_pools(&mut filled).await;
        self.fill_state(&mut filled).await;
        self.fill_integrations(&mut filled, n).await;
        if filled.wants("<key>") {
            let (id, secret) = self.key(None).await;
            filled.put("<key>", id);
            filled.put("<secret>", secret);
        }
        self.fill_runs(&mut filled).await;
        assert!(!filled.text.contains('<'), "what is {}?", filled.text);
        filled
    }

    async fn fill_stacks(&self, filled: &mut Filled) {
        if filled.wants("<stack>") {
            let stack = self.stack_in(&self.team, false).await;
            self.variables(&format!(r#"stackConfigAdd(stack: "{stack}""#))
                .await;
            filled.put("<stack>", stack);
        }
        for (space, id) in [("root", "root"), ("inner", self.inner.as_str())] {
            let placeholder = format!("<stack of {space}>");
            if filled.wants(&placeholder) {
                filled.put(&placeholder, self.stack_in(id, false).await);
            }
        }
        for (placeholder, migrated) in [("<stack with role>", false), ("<migrated stack>", true)] {
            if filled.wants(placeholder) {
                filled.put(placeholder, self.stack_with_role(migrated).await);
            }
        }
        if filled.wants("<locked stack>") {
            let stack = self.stack_in(&self.team, false).await;
            self.made(&format!(r#"mutation{{stackLock(id: "{stack}"){{id}}}}"#))
                .await;
            filled.put("<locked stack>", stack);
        }
    }

    async fn stack_with_role(&self, migrated: bool) -> String {
        let stack = self.stack_in(&self.team, false).await;
        self.made(&format!(
            r#"mutation{{stackIntegrationAwsCreate(id: "{stack}",
               roleArn: "arn:aws:iam::111122223333:role/own",
               generateCredentialsInWorker: false){{activated}}}}"#
        ))
        .await;
        if migrated {
            self.made(&format!(
                r#"mutation{{legacyRoleMigrate(stack: "{stack}"){{stack}}}}"#
            ))
            .await;
        }
        stack
    }

    async fn variables(&self, mutation: &str) {
        for variable in [
            r#"id: "PLAIN", value: "in the open", writeOnly: false"#,
            r#"id: "SECRET", value: "hush", writeOnly: true"#,
        ] {
            self.made(&format!(
                "mutation{{{mutation}, config: {{type: ENVIRONMENT_VARIABLE, {variable}}}){{id}}}}"
            ))
            .await;
        }
    }

    async fn fill_contexts(&self, filled: &mut Filled) {
        if filled.wants("<context of root>") {
            filled.put("<context of root>", self.context("root").await);
        }
        if !filled.wants("<context>") && !filled.wants("<context attachment>") {
            return;
        }
        let context = self.context(&self.team).await;
        self.variables(&format!(r#"contextConfigAdd(context: "{context}""#))
            .await;
        if filled.wants("<context attachment>") || filled.wants("<stack with context>") {
            let stack = self.stack_in(&self.team, false).await;
            let attachment = self
                .made_id(&format!(
                    r#"mutation{{contextAttach(id: "{context}", stack: "{stack}",
                       priority: 0){{id}}}}"#
                ))
                .await;
            filled.put("<context attachment>", attachment);
            filled.put("<stack with context>", stack);
        }
        filled.put("<context>", context);
    }

    async fn context(&self, space: &str) -> String {
        let name = format!("context {}", self.number());
        self.made_id(&format!(
            r#"mutation{{contextCreateV2(input: {{name: "{name}", space: "{space}"}}){{id}}}}"#
        ))
        .await
    }

    async fn fill_pools(&self, filled: &mut Filled) {
        if filled.wants("<worker pool of root>") {
            filled.put("<worker pool of root>", self.pool("root").await);
        }
        if !filled.wants("<worker pool>") {
            return;
        }
        let pool = self.pool(&self.team).await;
        if filled.wants("<stack that waits>") {
            let input = self.input(&self.team, self.number(), false);
            let input = input.replacen('{', &format!(r#"{{workerPool: "{pool}", "#), 1);
            let stack = self
                .made_id(&format!(
                    "mutation{{stackCreate(input: {input}, manageState: false){{id}}}}"
                ))
                .await;
            self.made(&format!(
                r#"mutation{{runTrigger(stack: "{stack}"){{id}}}}"#
            ))
            .await;
            filled.put("<stack that waits>", stack);
        }
        filled.put("<worker pool>", pool);
    }

    async fn pool(&self, space: &str) -> String {
        let (name, request) = (format!("pool {}", self.number()), request());
        self.made_id(&format!(
            r#"mutation{{workerPoolCreate(name: "{name}", space: "{space}",
               certificateSigningRequest: "{request}"){{id}}}}"#
        ))
        .await
    }

    async fn fill_state(&self, filled: &mut Filled) {
        if !filled.wants("<managed stack>") {
            return;
        }
        let upload = self.made("mutation{stateUploadUrl{objectId}}").await;
        let object = upload["objectId"].as_str().unwrap();
        let put = self.client.app.state_upload_put(object, state().into());
        put.await.unwrap();
        let input = self.input(&self.team, self.number(), false);
        let made = self
            .made(&format!(
                r#"mutation{{stackCreate(input: {input}, manageState: true,
                   stackObjectID: "{object}"){{id stateVersions{{id}}}}}}"#
            ))
            .await;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        filled.put("<managed stack>", text(&made["id"]));
        filled.put("<state version>", text(&made["stateVersions"][0]["id"]));
    }

    async fn fill_integrations(&self, filled: &mut Filled, n: usize) {
        if filled.wants("<integration of root>") {
            let made = self.integration(&format!("of root {n}"), "root").await;
            filled.put("<integration of root>", made);
        }
        let names = ["<integration>", "<integration name>", "<attachment>"];
        if !names.iter().any(|name| filled.wants(name)) {
            return;
        }
        let name = format!("integration {n}");
        let integration = self.integration(&name, &self.team).await;
        filled.put("<integration name>", name);
        if filled.wants("<attached>") || filled.wants("<attachment>") {
            let stack = self.stack_in(&self.team, false).await;
            let attachment = self
                .made_id(&format!(
                    r#"mutation{{awsIntegrationAttach(id: "{integration}", stack: "{stack}",
                       read: true, write: true){{id}}}}"#
                ))
                .await;
            filled.put("<attached>", stack);
            filled.put("<attachment>", attachment);
        }
        filled.put("<integration>", integration);
    }

    async fn fill_runs(&self, filled: &mut Filled) {
        for state in ["run", "working run", "planned run", "canceled run"] {
            let placeholder = format!("<{state}>");
            let of_it = format!("<stack of {state}>");
            if !filled.wants(&placeholder) && !filled.wants(&of_it) {
                continue;
            }
            let stack = self.stack_in(&self.team, false).await;
            let run = self
                .made_id(&format!(
                    r#"mutation{{runTrigger(stack: "{stack}"){{id}}}}"#
                ))
                .await;
            let of = format!(r#"(stack: "{stack}", run: "{run}""#);
            match state {
                "working run" => drop(self.claim(&of, &run).await),
                "planned run" => {
                    let job = self.claim(&of, &run).await;
                    self.worker.plan(&job).await;
                    self.worker.released(&job).await;
                }
                "canceled run" => {
                    self.made(&format!("mutation{{runCancel{of}){{id}}}}"))
                        .await;
                }
                _ => {}
            }
            filled.put(&of_it, stack);
            filled.put(&placeholder, run);
        }
    }

    /// Gives the run to the worker, before all those that others of these tests left waiting.
    async fn claim(&self, of: &str, run: &str) -> Job {
        self.made(&format!(
            "mutation{{runPrioritizeSet{of}, prioritize: true){{id}}}}"
        ))
        .await;
        loop {
            let job = self.worker.claim().await.unwrap();
            if job.run.as_str() == run {
                return job;
            }
        }
    }

    pub(super) async fn stack_in(&self, space: &str, administrative: bool) -> String {
        let input = self.input(space, self.number(), administrative);
        self.made_id(&format!(
            "mutation{{stackCreate(input: {input}, manageState: false){{id}}}}"
        ))
        .await
    }

    fn input(&self, space: &str, n: usize, administrative: bool) -> String {
        let repository = self.client.repository();
        format!(
            r#"{{administrative: {administrative}, autodeploy: false, autoretry: false,
                branch: "main", enableSensitiveOutputUpload: false,
                enableWellKnownSecretMasking: false, githubActionDeploy: false,
                localPreviewEnabled: false, name: "Stack {n}", protectFromDeletion: false,
                provider: GIT, repository: "infra", repositoryURL: "{repository}",
                space: "{space}"}}"#
        )
    }

    async fn integration(&self, name: &str, space: &str) -> String {
        self.made_id(&format!(
            r#"mutation{{awsIntegrationCreate(name: "{name}", space: "{space}",
               roleArn: "arn:aws:iam::111122223333:role/x",
               generateCredentialsInWorker: false){{id}}}}"#
        ))
        .await
    }
}

impl Filled {
    fn wants(&self, placeholder: &str) -> bool {
        self.text.contains(placeholder) || self.shows == placeholder
    }

    fn put(&mut self, placeholder: &str, value: String) {
        self.text = self.text.replace(placeholder, &value);
        self.values.push((placeholder.to_owned(), value));
    }
}

/// For the certificate of a worker pool.
fn request() -> String {
    STANDARD.encode(include_str!("../../../fixtures/worker_pool.csr"))
}

fn state() -> String {
    json!({
        "version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": "line",
        "outputs": {
            "open": {"value": "an output", "type": "string"},
            "closed": {"value": "a secret output", "type": "string", "sensitive": true},
        },
        "resources": [{
            "mode": "managed", "type": "thing", "name": "one",
            "provider": "provider[\"registry.terraform.io/acme/thing\"]",
            "instances": [{
                "attributes": {"id": "an attribute", "key": "a secret attribute"},
                "sensitive_attributes": [[{"type": "get_attr", "value": "key"}]],
            }],
        }],
    })
    .to_string()
}

/// A cloud in which every role trusts the server.
pub fn trusting_cloud() -> Registry {
    Registry::of(vec![Arc::new(Trusting)])
}

struct Trusting;

impl CloudProvider for Trusting {
    fn cloud(&self) -> Cloud {
        Cloud::Aws
    }

    fn assume<'a>(&'a self, _: &'a AssumeRequest) -> BoxFuture<'a, Result<PhaseEnv, AssumeError>> {
        Box::pin(async {
            Err(AssumeError::new(
                AssumeErrorKind::Denied,
                "no run of these tests has anything attached",
            ))
        })
    }

    fn verify<'a>(&'a self, trials: &'a [Trial], _: Patience) -> BoxFuture<'a, Vec<Verification>> {
        Box::pin(async { trials.iter().map(|_| Verification::TrustsUs).collect() })
    }

    fn identity(&self) -> BoxFuture<'_, Result<Identity, AssumeError>> {
        Box::pin(async {
            Ok(Identity {
                arn: "arn:aws:iam::111122223333:user/gantry".into(),
                account: "111122223333".into(),
            })
        })
    }

    fn trust_statement<'a>(
        &'a self,
        _: &'a [ExternalId],
        _: bool,
    ) -> BoxFuture<'a, Result<String, AssumeError>> {
        Box::pin(async { Ok("{}".into()) })
    }
}
