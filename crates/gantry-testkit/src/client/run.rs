use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Answer, Client, ClientError, text};

/// Between two looks at something that changes by itself; the API has no way to be told.
pub(super) const PAUSE: Duration = Duration::from_millis(20);

/// A run as its page shows it.
#[derive(Clone, Debug)]
pub struct RunView {
    pub id: String,
    pub kind: String,
    pub state: String,
    pub finished: bool,
    /// Oldest first, the other way round than the API has it.
    pub history: Vec<Transition>,
    pub commit: Option<String>,
    pub delta: Option<[i64; 3]>,
}

#[derive(Clone, Debug)]
pub struct Transition {
    pub state: String,
    pub version: i64,
    pub note: String,
    pub has_logs: bool,
}

impl RunView {
    /// The states it went through, with spaces between.
    pub fn path(&self) -> String {
        let states: Vec<&str> = self
            .history
            .iter()
            .map(|step| step.state.as_str())
            .collect();
        states.join(" ")
    }

    /// What the last transition says.
    pub fn reason(&self) -> &str {
        self.history.last().map_or("", |step| step.note.as_str())
    }

    fn read(run: &Value) -> Self {
        let step = |step: &Value| Transition {
            state: text(&step["state"]),
            version: step["stateVersion"].as_i64().unwrap_or_default(),
            note: text(&step["note"]),
            has_logs: step["hasLogs"] == true,
        };
        let delta = &run["delta"];
        let count = |name: &str| delta[name].as_i64();
        Self {
            id: text(&run["id"]),
            kind: text(&run["type"]),
            state: text(&run["state"]),
            finished: run["finished"] == true,
            history: run["history"]
                .as_array()
                .into_iter()
                .flatten()
                .rev()
                .map(step)
                .collect(),
            commit: run["commit"]["hash"].as_str().map(str::to_owned),
            delta: (|| {
                Some([
                    count("addCount")?,
                    count("changeCount")?,
                    count("deleteCount")?,
                ])
            })(),
        }
    }
}

const RUN: &str = "id type state finished commit{hash} delta{addCount changeCount deleteCount} \
    history{state stateVersion note hasLogs}";

impl Client {
    /// `kind`: `TRACKED` or `PROPOSED`; without a commit, the tip of the tracked branch.
    pub async fn trigger(&self, stack: &str, kind: &str, commit: Option<&str>) -> Answer<String> {
        let answer = self
            .query(
                "mutation($stack:ID!,$type:RunType,$commit:String){\
                 runTrigger(stack:$stack,runType:$type,commitSha:$commit){id}}",
                json!({"stack": stack, "type": kind, "commit": commit}),
            )
            .await?;
        Ok(text(&answer["runTrigger"]["id"]))
    }

    pub async fn create_task(&self, stack: &str, command: &str, skip: bool) -> Answer<String> {
        let answer = self
            .query(
                "mutation($stack:ID!,$command:String!,$skip:Boolean){\
                 taskCreate(stack:$stack,command:$command,skipInitialization:$skip){id}}",
                json!({"stack": stack, "command": command, "skip": skip}),
            )
            .await?;
        Ok(text(&answer["taskCreate"]["id"]))
    }

    /// `how` is the mutation: `runConfirm`, `runDiscard`, `runCancel`, `runStop`.
    pub async fn act(&self, how: &str, stack: &str, run: &str) -> Answer<()> {
        let document =
            format!("mutation($stack:ID!,$run:ID!){{{how}(stack:$stack,run:$run){{id}}}}");
        self.query(&document, json!({"stack": stack, "run": run}))
            .await
            .map(drop)
    }

    pub async fn confirm(&self, stack: &str, run: &str) -> Answer<()> {
        self.act("runConfirm", stack, run).await
    }

    pub async fn replan(&self, stack: &str, run: &str) -> Answer<()> {
        self.query(
            "mutation($stack:ID!,$run:ID!){runTargetedReplan(stack:$stack,run:$run,targets:[]){id}}",
            json!({"stack": stack, "run": run}),
        )
        .await
        .map(drop)
    }

    /// `None` when the run, or its stack, is gone.
    pub async fn find_run(&self, stack: &str, run: &str) -> Answer<Option<RunView>> {
        let document =
            format!("query($stack:ID!,$run:ID!){{stack(id:$stack){{run(id:$run){{{RUN}}}}}}}");
        let answer = self
            .query(&document, json!({"stack": stack, "run": run}))
            .await?;
        let run = &answer["stack"]["run"];
        Ok(run.is_object().then(|| RunView::read(run)))
    }

    pub async fn run(&self, stack: &str, run: &str) -> Answer<RunView> {
        self.find_run(stack, run).await?.ok_or_else(|| {
            ClientError::Broken(anyhow::anyhow!(
                "there is no run {run} of the stack {stack}"
            ))
        })
    }

    /// Follows the run until it is in that state, or has ended; the caller looks which.
    pub async fn wait_for(&self, stack: &str, run: &str, state: &str) -> Answer<RunView> {
        let begin = Instant::now();
        loop {
            let view = self.run(stack, run).await?;
            if view.finished || view.state == state {
                return Ok(view);
            }
            if begin.elapsed() > Duration::from_secs(300) {
                let message = format!("after 300 s the run is not {state}: {}", view.path());
                return Err(ClientError::Broken(anyhow::anyhow!(message)));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Follows the run to its end.
    pub async fn wait_for_end(&self, stack: &str, run: &str) -> Answer<RunView> {
        self.wait_for(stack, run, "").await
    }

    /// The whole log of a state's newest visit; waits until it is complete.
    pub async fn log(&self, stack: &str, run: &str, state: &str) -> Answer<String> {
        let (mut token, mut log) = (None::<String>, String::new());
        let begin = Instant::now();
        loop {
            let page = self.log_page(stack, run, state, token.as_deref()).await?;
            log.push_str(&page.text);
            if page.finished || begin.elapsed() > Duration::from_secs(60) {
                return Ok(log);
            }
            token = page.next;
            if !page.has_more {
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    /// One page of a log, which may still be growing.
    pub async fn log_page(
        &self,
        stack: &str,
        run: &str,
        state: &str,
        token: Option<&str>,
    ) -> Answer<LogPage> {
        let answer = self
            .query(
                "query($stack:ID!,$run:ID!,$state:RunState!,$token:String){stack(id:$stack){\
                 run(id:$run){logs(state:$state,token:$token){exists finished hasMore nextToken \
                 messages{message}}}}}",
                json!({"stack": stack, "run": run, "state": state, "token": token}),
            )
            .await?;
        let page = &answer["stack"]["run"]["logs"];
        let messages = page["messages"].as_array().into_iter().flatten();
        Ok(LogPage {
            text: messages.map(|message| text(&message["message"])).collect(),
            // What is gone, or never was, does not grow.
            finished: page.is_null() || page["finished"] == true,
            has_more: page["hasMore"] == true,
            next: page["nextToken"].as_str().map(str::to_owned),
        })
    }

    /// The logs of every state of the run that has one, each under its state's name.
    pub async fn whole_log(&self, stack: &str, run: &str) -> Answer<String> {
        let view = self.run(stack, run).await?;
        let mut all = String::new();
        let mut seen = Vec::new();
        for step in view.history.iter().filter(|step| step.has_logs) {
            if !seen.contains(&&step.state) {
                seen.push(&step.state);
                let log = self.log(stack, run, &step.state).await?;
                all.push_str(&format!("--- {}\n{log}\n", step.state));
            }
        }
        Ok(all)
    }
}

/// Part of a log.
pub struct LogPage {
    pub text: String,
    pub finished: bool,
    pub has_more: bool,
    pub next: Option<String>,
}
