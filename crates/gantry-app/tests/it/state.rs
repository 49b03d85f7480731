//! Stacks whose state is kept here, with tools that the tests play themselves.

mod backend;
mod history;
mod lock;
mod roles;
mod transfer;

use gantry_app::state::{StateAccess, StateRefused};
use gantry_core::ids::StackId;
use gantry_core::protocol::{Job, PhaseOutcome, PhaseStart};
use gantry_core::run::RunKind;
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::run::variable;
use crate::world::{Worker, World};

/// A tool in a phase of a run.
pub struct Tool<'a> {
    pub world: &'a World,
    pub worker: Worker,
    pub stack: StackId,
    pub job: Job,
    pub start: PhaseStart,
}

impl<'a> Tool<'a> {
    /// In the apply phase of a tracked run.
    pub async fn applying(world: &'a World, stack: &StackId) -> Tool<'a> {
        let mut tool = Tool::planning(world, stack, RunKind::Tracked).await;
        tool.worker.put_plan(&tool.job, b"the plan").await;
        let finished = tool
            .worker
            .let_go(&tool.job, &tool.start, PhaseOutcome::Changes)
            .await;
        assert!(!finished);
        let run = tool.job.run.clone();
        world
            .app
            .run_confirm(&world.admin, stack, &run)
            .await
            .unwrap();
        tool.job = tool.worker.claim().await.unwrap();
        tool.start = tool.worker.prepare(&tool.job).await;
        tool
    }

    /// In the plan phase.
    pub async fn planning(world: &'a World, stack: &StackId, kind: RunKind) -> Tool<'a> {
        let worker = world.worker().await;
        world.trigger(stack, kind).await;
        let job = worker.claim().await.unwrap();
        let init = worker.prepare(&job).await;
        let start = worker.go_on(&job, &init, PhaseOutcome::Succeeded).await;
        Tool {
            world,
            worker,
            stack: stack.clone(),
            job,
            start,
        }
    }

    /// In the perform phase of a task.
    pub async fn performing(world: &'a World, stack: &StackId) -> Tool<'a> {
        let worker = world.worker().await;
        let made = world
            .app
            .task_create(&world.admin, stack, "true", true, None);
        made.await.unwrap();
        let job = worker.claim().await.unwrap();
        let start = worker.prepare(&job).await;
        Tool {
            world,
            worker,
            stack: stack.clone(),
            job,
            start,
        }
    }

    pub fn password(&self) -> SecretString {
        variable(&self.start, "TF_HTTP_PASSWORD").unwrap().into()
    }

    /// What the token is good for now; `None` when its phase is over.
    pub async fn access(&self) -> Option<StateAccess> {
        let found = self.world.app.state_access(&self.password()).await;
        found.unwrap()
    }

    pub async fn get(&self, stack: &StackId) -> Result<Option<Vec<u8>>, StateRefused> {
        let access = self.access().await.unwrap();
        let found = self.world.app.state_get(&access, stack).await?;
        Ok(found.map(|content| content.to_vec()))
    }

    pub async fn lock(&self, id: &str) -> Result<(), StateRefused> {
        let access = self.access().await.unwrap();
        let body = lock_info(id);
        let app = &self.world.app;
        app.state_lock_take(&access, &self.stack, body.as_bytes())
            .await
    }

    /// Without an ID as `force-unlock` does it.
    pub async fn unlock(&self, id: Option<&str>) -> Result<(), StateRefused> {
        let access = self.access().await.unwrap();
        let body = id.map(lock_info).unwrap_or_default();
        let app = &self.world.app;
        app.state_lock_release(&access, &self.stack, body.as_bytes())
            .await
    }

    pub async fn store(&self, lock: &str, content: &str) -> Result<(), StateRefused> {
        let access = self.access().await.unwrap();
        let lock = (!lock.is_empty()).then_some(lock);
        let content = content.to_owned().into();
        let app = &self.world.app;
        app.state_store(&access, &self.stack, lock, content).await
    }

    /// Stores it under a lock of its own.
    pub async fn stored(&self, content: &str) {
        self.lock("own").await.unwrap();
        self.store("own", content).await.unwrap();
        self.unlock(Some("own")).await.unwrap();
    }

    pub async fn end(&self, outcome: PhaseOutcome) {
        self.worker.let_go(&self.job, &self.start, outcome).await;
    }
}

pub fn lock_info(id: &str) -> String {
    json!({
        "ID": id, "Operation": "OperationTypeApply", "Info": "", "Who": "root@box",
        "Version": "1.11.4", "Created": "2026-01-01T00:00:00Z", "Path": "",
    })
    .to_string()
}

/// A state with one resource for each of `things`.
pub fn content(serial: i64, things: &[(&str, &str)]) -> String {
    let resources: Vec<Value> = things
        .iter()
        .map(|(name, id)| {
            json!({
                "mode": "managed", "type": "thing", "name": name,
                "provider": "provider[\"registry.terraform.io/acme/thing\"]",
                "instances": [{
                    "attributes": {"id": id, "secret": "canary of the state"},
                    "sensitive_attributes": [[{"type": "get_attr", "value": "secret"}]],
                }],
            })
        })
        .collect();
    json!({
        "version": 4, "terraform_version": "1.11.4", "serial": serial, "lineage": "line",
        "outputs": {
            "address": {"value": "10.0.0.1", "type": "string"},
            "password": {"value": "canary of the output", "type": "string", "sensitive": true},
        },
        "resources": resources,
    })
    .to_string()
}

/// The sentence of a refusal, and what kind it is.
pub fn refused<T: std::fmt::Debug>(answer: Result<T, StateRefused>) -> (&'static str, String) {
    match answer {
        Err(StateRefused::Forbidden(text)) => ("forbidden", text),
        Err(StateRefused::Missing(text)) => ("missing", text),
        Err(StateRefused::Conflict(text)) => ("conflict", text),
        Err(StateRefused::Malformed(text)) => ("malformed", text),
        Err(StateRefused::Locked { lock, remedy }) => (
            "locked",
            format!("{} of {}: {remedy}", lock.info.id, lock.run),
        ),
        Err(StateRefused::Failed(error)) => panic!("{error}"),
        Ok(answer) => panic!("not refused: {answer:?}"),
    }
}
