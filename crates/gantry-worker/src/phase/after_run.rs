use std::collections::BTreeSet;

use gantry_core::credentials::user_variables::is_credential_of_any;
use gantry_core::protocol::{EnvVar, MountedFile};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::child::{self, Command, Launch, Limits, Outcome, Share};
use crate::child_env::{ChildEnv, without_managed_state};
use crate::hooks::PhaseHooks;
use crate::job::AtWork;
use crate::logs::PhaseLog;
use crate::mounted_files::{self, MountedFiles};
use crate::report::Undelivered;
use crate::worker::{blocking, seconds};

impl AtWork {
    /// The hooks at the very end: no credentials, those that users set themselves included, and
    /// their failure changes nothing any more. What they print continues the log of the last phase.
    pub async fn after_run(
        &mut self,
        env: Vec<EnvVar>,
        files: Vec<MountedFile>,
    ) -> Result<(), Undelivered> {
        if self.job.after_run.iter().all(|hook| hook.trim().is_empty()) {
            return Ok(());
        }
        let env = match self.job.managed_state {
            true => without_managed_state(&env),
            false => env,
        };
        let base = &self.worker.environment;
        // What is left out may still stand in a file that a hook prints.
        let mut whole = ChildEnv::build(base, &env, &self.exports, &[]);
        whole.hide(&mounted_files::secrets(&files).0);
        let masks = whole.masks();
        let (exports, mut left_out) = self.exports.clone().without_credentials();
        let (credentials, env): (Vec<EnvVar>, Vec<EnvVar>) = env
            .into_iter()
            .partition(|variable| is_credential_of_any(&variable.name));
        left_out.extend(credentials.into_iter().map(|variable| variable.name));
        let env = ChildEnv::build(base, &env, &exports, &[]);
        let version = self.log.0;
        let opened = PhaseLog::open(
            &self.spool,
            self.log,
            self.limits.log,
            masks,
            self.report.clone(),
        );
        let Ok(mut log) = opened else { return Ok(()) };
        if !left_out.is_empty() {
            let names: BTreeSet<String> = left_out.into_iter().collect();
            let names: Vec<String> = names.into_iter().collect();
            log.say(&format!(
                "after_run gets no cloud credentials: its environment is without {}",
                names.join(", ")
            ));
        }
        let mounted = MountedFiles::decode(&files).unwrap_or_default();
        if let Err(error) = blocking(|| self.workspace.mount(&mounted)) {
            log.say(&format!("after_run: {error}"));
        }
        let launch = Launch {
            view: self.workspace.perform().with_files(&mounted.beside),
            tool: Some(self.tool.path.clone()),
            command: Command::Nothing,
            hooks: PhaseHooks {
                before: self.job.after_run.clone(),
                after: vec![],
            },
            environment: env.for_child(),
            steady: &[],
            capture_exports: false,
            limits: Limits {
                wall: seconds(self.limits.time),
                silence: (self.limits.silence > 0).then(|| seconds(self.limits.silence)),
                grace: seconds(self.limits.grace),
                haste: seconds(self.limits.grace.min(2)),
                share: Share::of(&self.limits),
            },
            processes: None,
        };
        let (sender, mut output) = mpsc::channel(64);
        let stop = CancellationToken::new();
        let child = child::run(&self.worker.sandbox, launch, sender, stop.clone());
        let mut child = std::pin::pin!(child);
        let (mut ended, mut listening) = (None, true);
        while listening || ended.is_none() {
            tokio::select! {
                chunk = output.recv(), if listening => match chunk {
                    Some(chunk) => log.write(&chunk),
                    None => listening = false,
                },
                outcome = &mut child, if ended.is_none() => ended = Some(outcome),
                // A stop of the run is what led here; only the worker's end interrupts these.
                _ = self.orders.abandoned(), if !stop.is_cancelled() => stop.cancel(),
            }
        }
        if let Some(ended) = ended
            && ended.outcome != (Outcome::Exited { status: 0 })
        {
            log.say(&format!("after_run: {}", ended.outcome));
        }
        let length = log.finish().await?;
        self.log = (version, length);
        Ok(())
    }
}
