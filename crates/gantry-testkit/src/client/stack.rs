use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Answer, Client, ClientError, text};

/// What a test says about a stack; the rest is what a client sends by default.
#[derive(Clone, Debug, Default)]
pub struct StackInput {
    pub name: String,
    pub slug: Option<String>,
    /// URL or path of the repository.
    pub repository: String,
    pub branch: String,
    pub project_root: Option<String>,
    pub autodeploy: bool,
    pub administrative: bool,
    pub labels: Vec<String>,
    /// By phase and side, such as `("beforePlan", ["echo hello"])`.
    pub hooks: Vec<(&'static str, Vec<String>)>,
    pub manage_state: bool,
    /// ID of the pool whose workers alone run it.
    pub worker_pool: Option<String>,
    /// Members of `vendorConfig.terraform`.
    pub terraform: Value,
}

impl StackInput {
    /// A Terraform stack on the `main` branch, with a backend of its own.
    pub fn new(name: &str, repository: impl AsRef<std::path::Path>) -> Self {
        Self {
            name: name.to_owned(),
            repository: repository.as_ref().display().to_string(),
            branch: "main".to_owned(),
            terraform: json!({}),
            ..Self::default()
        }
    }

    pub fn hook(mut self, place: &'static str, command: &str) -> Self {
        match self.hooks.iter_mut().find(|(known, _)| *known == place) {
            Some((_, commands)) => commands.push(command.to_owned()),
            None => self.hooks.push((place, vec![command.to_owned()])),
        }
        self
    }

    /// As the API wants it.
    pub fn wire(&self) -> Value {
        let mut input = json!({
            "administrative": self.administrative,
            "autodeploy": self.autodeploy,
            "autoretry": false,
            "branch": self.branch,
            "enableSensitiveOutputUpload": true,
            "enableWellKnownSecretMasking": false,
            "githubActionDeploy": true,
            "labels": self.labels,
            "localPreviewEnabled": false,
            "name": self.name,
            "projectRoot": self.project_root,
            "protectFromDeletion": false,
            "provider": "GIT",
            "repository": self.repository.rsplit('/').next().unwrap_or_default(),
            "repositoryURL": self.repository,
            "vendorConfig": {"terraform": self.terraform},
            "workerPool": self.worker_pool,
        });
        for (place, commands) in &self.hooks {
            input[*place] = json!(commands);
        }
        input
    }
}

const CREATE: &str = "mutation($input:StackInput!,$manageState:Boolean!,$slug:String){\
    stackCreate(input:$input,manageState:$manageState,slug:$slug){id}}";

impl Client {
    /// Answers with the stack's slug.
    pub async fn create_stack(&self, input: &StackInput) -> Answer<String> {
        let variables = json!({
            "input": input.wire(), "manageState": input.manage_state, "slug": input.slug,
        });
        let answer = self.query(CREATE, variables).await?;
        Ok(text(&answer["stackCreate"]["id"]))
    }

    pub async fn update_stack(&self, stack: &str, input: &StackInput) -> Answer<()> {
        self.query(
            "mutation($id:ID!,$input:StackInput!){stackUpdate(id:$id,input:$input){id}}",
            json!({"id": stack, "input": input.wire()}),
        )
        .await
        .map(drop)
    }

    /// Reads fields of a stack; `null` when it is gone.
    pub async fn stack(&self, stack: &str, fields: &str) -> Answer<Value> {
        let document = format!("query($id:ID!){{stack(id:$id){{{fields}}}}}");
        let mut answer = self.query(&document, json!({"id": stack})).await?;
        Ok(answer["stack"].take())
    }

    /// Sets an environment variable of the stack.
    pub async fn set_variable(
        &self,
        stack: &str,
        name: &str,
        value: &str,
        secret: bool,
    ) -> Answer<()> {
        self.query(
            "mutation($stack:ID!,$config:ConfigInput!){stackConfigAdd(stack:$stack,config:$config){id}}",
            json!({"stack": stack, "config": {
                "id": name, "type": "ENVIRONMENT_VARIABLE", "value": value, "writeOnly": secret,
            }}),
        )
        .await
        .map(drop)
    }

    pub async fn delete_stack(&self, stack: &str, destroy_resources: bool) -> Answer<Value> {
        self.query(
            "mutation($id:ID!,$destroy:Boolean){stackDelete(id:$id,destroyResources:$destroy){id deleting}}",
            json!({"id": stack, "destroy": destroy_resources}),
        )
        .await
    }

    /// Waits until the stack is gone, as the clients do: it must say `deleting` until then.
    pub async fn wait_until_gone(&self, stack: &str) -> Answer<()> {
        let begin = Instant::now();
        loop {
            let found = self.stack(stack, "id deleting state").await?;
            let why = match &found {
                Value::Null => return Ok(()),
                found if found["deleting"] != true => "is there and no longer being deleted",
                _ if begin.elapsed() > Duration::from_secs(60) => "is still there after 60 s",
                _ => {
                    tokio::time::sleep(super::run::PAUSE).await;
                    continue;
                }
            };
            let message = format!("the stack {stack} {why}: {found}");
            return Err(ClientError::Broken(anyhow::anyhow!(message)));
        }
    }
}
