//! A stack, and somebody who runs it again and again and does what its pages ask for.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use gantry_testkit::client::{Answer, Client, StackInput};
use serde_json::{Value, json};

use super::states::States;
use super::{PATIENCE, Stage};
use crate::world::Access;

/// Where a child finds the witnesses, and how long it stays with them, in seconds.
const HERE: &str = "127.0.0.1";
const MOMENT: &str = "0.2";

/// Longer than a lease.
const AWAY: Duration = Duration::from_secs(8);

/// What somebody wants of a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    Apply,
    Task,
    Proposed,
    /// Plans twice and discards.
    Replan,
    /// Stops what has begun.
    Stop,
    /// Applies, and meanwhile the server is gone for longer than a lease.
    ApplyAlone,
    /// Applies, and its worker is lost: killed, and away for longer than a lease.
    ApplyAndLose,
}

impl Wish {
    pub const ALL: [Wish; 7] = [
        Wish::Apply,
        Wish::Task,
        Wish::Proposed,
        Wish::Replan,
        Wish::Stop,
        Wish::ApplyAlone,
        Wish::ApplyAndLose,
    ];

    fn applies(self) -> bool {
        matches!(self, Wish::Apply | Wish::ApplyAlone | Wish::ApplyAndLose)
    }
}

/// More than one piece of a log.
const TALK: &str = "head -c 400000 /dev/zero | base64";

/// A run as it stands.
#[derive(Clone, Debug)]
pub struct Standing {
    pub run: String,
    pub state: String,
    pub reason: String,
}

impl Standing {
    fn is_over(&self) -> bool {
        matches!(
            self.state.as_str(),
            "FINISHED" | "FAILED" | "CANCELED" | "DISCARDED" | "STOPPED"
        )
    }
}

#[derive(Clone)]
pub struct Looped {
    pub stack: String,
    client: Client,
}

impl Looped {
    /// A stack whose state Gantry keeps, with a role for each access where `cloud` says so.
    pub async fn create(stage: &Stage, name: &str, cloud: bool) -> Self {
        let code = stage.applies.code(HERE, MOMENT);
        let looped = Self::with_files(stage, name, &[("main.tf", &code)], true).await;
        if cloud {
            let (world, stack) = (&stage.world, &looped.stack);
            let accesses = [Access::Read, Access::Write];
            let integration = world.integration(name, stack, &accesses).await;
            let attached = world.client.attach(&integration, stack, true, true);
            attached.await.unwrap();
        }
        looped
    }

    /// One that keeps its state elsewhere.
    pub async fn with_backend(stage: &Stage, name: &str, states: &States) -> Self {
        let (code, backend) = (stage.applies.code(HERE, MOMENT), states.backend(name));
        let files = [("main.tf", code.as_str()), ("backend.tf", &backend)];
        Self::with_files(stage, name, &files, false).await
    }

    pub async fn with_files(
        stage: &Stage,
        name: &str,
        files: &[(&str, &str)],
        manage_state: bool,
    ) -> Self {
        let repository = stage.world.repository(name, files);
        let mut input = StackInput::new(name, repository.path());
        input.manage_state = manage_state;
        let client = stage.world.client.clone();
        let stack = client.create_stack(&input).await.unwrap();
        Looped { stack, client }
    }

    /// From the wish to the end of everything, whoever dies meanwhile: the run that was asked for last,
    /// and how all of them stand.
    pub async fn fulfil(&self, wish: Wish) -> (String, Vec<Standing>) {
        let run = self.ask(wish).await;
        let all = self.settle(wish).await;
        let known = all.iter().any(|one| one.run == run);
        assert!(known, "{run} was accepted, and nobody knows of it");
        (run, all)
    }

    /// The same, with whatever the wish takes.
    pub async fn fulfil_on(&self, stage: &mut Stage, wish: Wish) -> (String, Vec<Standing>) {
        let (looped, applied) = (self.clone(), stage.applies.expect_once_each());
        let fulfilled = tokio::spawn(async move { looped.fulfil(wish).await });
        if matches!(wish, Wish::ApplyAlone | Wish::ApplyAndLose) {
            let applies = stage.applies.clone();
            let begun = async {
                while applies.expect_once_each() == applied && !fulfilled.is_finished() {
                    pause().await;
                }
            };
            stage.alive_while(begun).await;
            match wish {
                Wish::ApplyAlone => stage.world.server.kill9(),
                _ => stage.worker.kill9(),
            }
            tokio::time::sleep(AWAY).await;
        }
        stage.alive_while(fulfilled).await.unwrap()
    }

    /// Asks however often it takes: a run whose answer was lost is accepted all the same.
    async fn ask(&self, wish: Wish) -> String {
        let begin = Instant::now();
        loop {
            let asked = match wish {
                Wish::Proposed => self.client.trigger(&self.stack, "PROPOSED", None).await,
                Wish::Task => self.client.create_task(&self.stack, TALK, false).await,
                _ => self.client.trigger(&self.stack, "TRACKED", None).await,
            };
            match asked {
                Ok(run) => return run,
                Err(error) => assert!(begin.elapsed() < PATIENCE, "no run is taken: {error}"),
            }
            let _ = self.clear().await;
            pause().await;
        }
    }

    /// Waits for the end of every run. Each has to say why it ended otherwise than well.
    async fn settle(&self, wish: Wish) -> Vec<Standing> {
        let begin = Instant::now();
        let mut replanned = HashSet::new();
        loop {
            let standing = self.standing().await;
            if let Ok(all) = &standing {
                for one in all.iter().filter(|one| !one.is_over()) {
                    self.go_on(wish, one, &mut replanned).await;
                }
                if all.iter().all(Standing::is_over) && matches!(self.clear().await, Ok(true)) {
                    for one in all {
                        let said = one.state == "FINISHED" || !one.reason.is_empty();
                        assert!(said, "{one:?} for no reason");
                    }
                    return all.clone();
                }
            }
            assert!(
                begin.elapsed() < PATIENCE,
                "{} is stuck: {standing:?}",
                self.stack
            );
            pause().await;
        }
    }

    async fn go_on(&self, wish: Wish, one: &Standing, replanned: &mut HashSet<String>) {
        let run = &one.run;
        let did = match (wish, one.state.as_str()) {
            (wish, "UNCONFIRMED") if wish.applies() => self.client.confirm(&self.stack, run).await,
            (Wish::Replan, "UNCONFIRMED") if !replanned.contains(run) => {
                let asked = self.client.replan(&self.stack, run).await;
                if asked.is_ok() {
                    replanned.insert(run.clone());
                }
                asked
            }
            (_, "UNCONFIRMED") => self.client.act("runDiscard", &self.stack, run).await,
            (Wish::Stop, "INITIALIZING" | "PLANNING") => {
                self.client.act("runStop", &self.stack, run).await
            }
            _ => return,
        };
        // Somebody may have died over it, or have been faster.
        drop(did);
    }

    /// Does what the page of a locked stack says. Answers whether nothing is locked any more; the lock
    /// for a lost worker has to go by itself.
    async fn clear(&self) -> Answer<bool> {
        let fields = "lockedBy lockNote stateLock{id run}";
        let found = self.client.stack(&self.stack, fields).await?;
        let held = found["stateLock"]["id"].as_str();
        let note = found["lockNote"].as_str().unwrap_or_default();
        if note.contains("errored.tfstate") {
            let mut command = "terraform state push errored.tfstate".to_owned();
            if let Some(id) = held {
                command = format!("terraform force-unlock -force {id} && {command}");
            }
            let task = self
                .client
                .create_task(&self.stack, &command, false)
                .await?;
            let view = self.client.wait_for_end(&self.stack, &task).await?;
            let log = self.client.whole_log(&self.stack, &task).await?;
            // The answer to an earlier attempt was lost: the tool stores what it pushes under the next
            // serial.
            let stored = log.contains(" over newer state with serial ");
            match view.state == "FINISHED" || stored {
                true => self.unlock().await?,
                false => println!("`{command}` failed: {}\n{log}", view.reason()),
            }
            return Ok(false);
        }
        if held.is_some() {
            let remove = "mutation($stack:ID!){stateLockRemove(stack:$stack){id}}";
            let stack = json!({"stack": self.stack});
            self.client.query(remove, stack).await?;
            return Ok(false);
        }
        Ok(found["lockedBy"].is_null())
    }

    async fn unlock(&self) -> Answer<()> {
        let unlock = "mutation($id:ID!){stackUnlock(id:$id){id}}";
        let id = json!({"id": self.stack});
        self.client.query(unlock, id).await.map(drop)
    }

    pub async fn standing(&self) -> Answer<Vec<Standing>> {
        let run = "{id state history{state note}}";
        let lists = format!("runs{run} tasks{run} proposedRuns{run}");
        let document = format!("query($stack:ID!){{stack(id:$stack){{{lists}}}}}");
        let stack = json!({"stack": self.stack});
        let answer = self.client.query(&document, stack).await?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let lists = ["runs", "tasks", "proposedRuns"].iter();
        let runs = lists.filter_map(|list| answer["stack"][*list].as_array());
        Ok(runs
            .flatten()
            .map(|run| Standing {
                run: text(&run["id"]),
                state: text(&run["state"]),
                reason: text(&run["history"][0]["note"]),
            })
            .collect())
    }
}

async fn pause() {
    tokio::time::sleep(Duration::from_millis(50)).await;
}
