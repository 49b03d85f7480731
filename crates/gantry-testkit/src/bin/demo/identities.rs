//! What each phase said about itself, read from the logs of the runs.

use anyhow::Result;
use gantry_testkit::client::Client;

/// States in which a child works, with the name of their phase.
const PHASES: [(&str, &str); 5] = [
    ("INITIALIZING", "initialize"),
    ("PLANNING", "plan"),
    ("APPLYING", "apply"),
    ("PERFORMING", "perform"),
    ("DESTROYING", "destroy"),
];

/// The hook that makes a phase say it.
pub const HOOK: &str =
    "echo \"identity: $(aws sts get-caller-identity --query Arn --output text 2>&1 | tail -n 1)\"";

/// One row of the table at the end.
#[derive(Clone, Debug)]
pub struct Said {
    pub run: &'static str,
    pub phase: &'static str,
    pub identity: String,
}

/// Logs of one run, followed while it runs: a destroy run takes its logs with it.
pub struct Follower<'a> {
    client: &'a Client,
    stack: &'a str,
    run: String,
    logs: [(Option<String>, String); 5],
}

impl<'a> Follower<'a> {
    pub fn new(client: &'a Client, stack: &'a str, run: &str) -> Self {
        Self {
            client,
            stack,
            run: run.to_owned(),
            logs: Default::default(),
        }
    }

    /// Reads what is new. Whether the run is still there.
    pub async fn read(&mut self) -> Result<bool> {
        let Some(view) = self.client.find_run(self.stack, &self.run).await? else {
            return Ok(false);
        };
        for ((state, _), (token, log)) in PHASES.iter().zip(&mut self.logs) {
            if !view
                .history
                .iter()
                .any(|step| step.state == *state && step.has_logs)
            {
                continue;
            }
            let page = self
                .client
                .log_page(self.stack, &self.run, state, token.as_deref())
                .await?;
            log.push_str(&page.text);
            *token = page.next.or_else(|| token.take());
        }
        Ok(!view.finished)
    }

    /// Reads until nothing more comes.
    pub async fn read_to_end(&mut self) -> Result<()> {
        while self.read().await? {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        loop {
            let before = self.length();
            self.read().await?;
            if self.length() == before {
                return Ok(());
            }
        }
    }

    fn length(&self) -> usize {
        self.logs.iter().map(|(_, log)| log.len()).sum()
    }

    pub fn log(&self, phase: &str) -> &str {
        let place = PHASES.iter().position(|(_, name)| *name == phase);
        place.map_or("", |place| &self.logs[place].1)
    }

    pub fn whole(&self) -> String {
        self.logs.iter().map(|(_, log)| log.as_str()).collect()
    }

    /// What the hook of each phase printed.
    pub fn said(&self, run: &'static str) -> Vec<Said> {
        let mut all = Vec::new();
        for ((_, phase), (_, log)) in PHASES.iter().zip(&self.logs) {
            let lines = log
                .lines()
                .filter_map(|line| line.trim().strip_prefix("identity: "));
            all.extend(lines.map(|line| Said {
                run,
                phase,
                identity: line.to_owned(),
            }));
        }
        all
    }
}
