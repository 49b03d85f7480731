//! What a plan would change, for people: counts, the list per resource, and the plan's JSON.

use bytes::Bytes;
use gantry_core::authz::Action;
use gantry_core::caller::Caller;
use gantry_core::ids::{RunId, StackId};
use gantry_core::plan::{Change, summarize};
use gantry_core::run::Run;
use gantry_store::run as runs;

use crate::gateway::GatewayError;
use crate::{App, OpError, Subject};

impl App {
    /// Takes the JSON form of the plan, in which the worker has masked what is sensitive. It may
    /// come while the plan is being applied already.
    pub async fn plan_json_put(
        &self,
        caller: &Caller,
        id: &RunId,
        fence: i64,
        json: Bytes,
    ) -> Result<(), GatewayError> {
        let run = self.held_run(caller, id, fence).await?;
        let summary =
            summarize(&json).map_err(|error| GatewayError::Malformed(error.to_string()))?;
        let changes = serde_json::to_vec(&summary.changes)
            .map_err(|error| OpError::internal("write a list of changes", error))?;
        let object = changes_object(id);
        let json_object = plan_json_object(id);
        let (listed, kept) = futures::join!(
            self.put_sealed(&object, &changes),
            self.put_sealed(&json_object, &json),
        );
        listed?;
        kept?;
        let tx = self.store.begin().await?;
        let noted = runs::set_changes(&tx, id, fence, &summary.delta, &object).await?;
        tx.commit().await?;
        if noted {
            self.say_run(&run.stack, id).await;
            Ok(())
        } else {
            Err(GatewayError::stale(id, fence))
        }
    }

    /// What the newest plan of a run would change; `None` before there is one.
    pub async fn run_changes(
        &self,
        subject: &Subject,
        stack: &StackId,
        id: &RunId,
    ) -> Result<Option<Vec<Change>>, OpError> {
        let Some(object) = self
            .run(subject, stack, id)
            .await?
            .and_then(|run| run.changes_object)
        else {
            return Ok(None);
        };
        let Some(text) = self.get_sealed(&object).await? else {
            return Ok(None);
        };
        serde_json::from_slice(&text)
            .map(Some)
            .map_err(|error| OpError::internal("read a list of changes", error))
    }

    /// The JSON form of a run's plan, masked. Planned values may still say more than a reader is to
    /// know, so it takes a writer.
    pub async fn run_plan_json(
        &self,
        subject: &Subject,
        run: &Run,
    ) -> Result<Option<String>, OpError> {
        self.stack_for(self.store.reader(), subject, &run.stack, Action::Operate)
            .await?;
        let Some(json) = self.get_sealed(&plan_json_object(&run.id)).await? else {
            return Ok(None);
        };
        String::from_utf8(json.to_vec())
            .map(Some)
            .map_err(|error| OpError::internal("read a plan's JSON", error))
    }
}

fn changes_object(run: &RunId) -> String {
    format!("runs/{run}/changes.json")
}

fn plan_json_object(run: &RunId) -> String {
    format!("runs/{run}/plan.json")
}
