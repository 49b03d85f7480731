use gantry_core::protocol::PhaseOutcome;
use gantry_core::run::Phase;

use super::child::Wanted;
use super::outcome::status;
use super::{Failure, Running};
use crate::child::Command;
use crate::child_env::Exports;
use crate::hooks::PhaseHooks;
use crate::job::AtWork;
use crate::provider_cache::Offer;
use crate::worker::blocking;

impl AtWork {
    pub(super) async fn initialize(
        &mut self,
        running: &mut Running,
    ) -> Result<PhaseOutcome, Failure> {
        let hooks = PhaseHooks {
            before: running.start.before.clone(),
            after: running.start.after.clone(),
        };
        self.init(running, hooks).await?;
        Ok(PhaseOutcome::Succeeded)
    }

    /// The initialisation that has to be repeated inside plan or apply, because the clean workspace
    /// is gone: with that phase's credentials, and with the init hooks again.
    pub(super) async fn repeat_initialize(
        &mut self,
        running: &mut Running,
        lock_file: Option<&[u8]>,
    ) -> Result<(), Failure> {
        running
            .log
            .say("The workspace of this run is gone from the worker: initializing again");
        if let Some(lock_file) = lock_file {
            blocking(|| self.workspace.put_lock_file(lock_file))?;
        }
        let hooks = PhaseHooks {
            before: running.start.init_before.clone(),
            after: running.start.init_after.clone(),
        };
        self.init(running, hooks)
            .await
            .map_err(|failure| match failure {
                Failure::Because(reason) => {
                    Failure::Because(format!("the repeated initialisation failed: {reason}"))
                }
                other => other,
            })?;
        running.env = self.environment(&running.start);
        Ok(())
    }

    async fn init(&mut self, running: &mut Running, hooks: PhaseHooks) -> Result<(), Failure> {
        let offer = blocking(|| self.offer());
        for sentence in &offer.refused {
            running.log.say(sentence);
        }
        let command = match (self.job.workspace.as_deref(), offer.is_empty()) {
            (None, true) => Command::Tool {
                arguments: self.tool.init(),
                changes_are_two: false,
            },
            (None, false) => Command::Shell(offer.command(&self.tool.init_line())),
            (Some(name), _) => Command::Shell(offer.command(&self.tool.init_and_select(name))),
        };
        let beside = blocking(|| match &self.worker.providers {
            Some(cache) => self.workspace.offer(offer, cache.installation()),
            None => Ok(vec![]),
        })?;
        let wanted = Wanted {
            view: self.workspace.initialize().and(beside),
            command,
            hooks,
            capture_exports: true,
        };
        let ended = self.child(running, wanted).await?;
        match status(Phase::Initialize, &ended.outcome, &self.orders.current())? {
            0 => {}
            other => {
                return Err(Failure::Because(format!(
                    "`{} init` failed with exit status {other}",
                    self.tool.engine.binary()
                )));
            }
        }
        let managed = self.job.managed_state;
        self.exports
            .extend(Exports::capture(&running.env, ended.exports, managed));
        blocking(|| self.workspace.seal())?;
        if managed {
            blocking(|| self.workspace.check_managed_state())?;
        }
        self.initialized = true;
        self.keep_providers();
        Ok(())
    }

    /// What earlier runs of the stack have downloaded of the providers that the commit locks.
    fn offer(&self) -> Offer {
        match (&self.worker.providers, self.workspace.committed_lock()) {
            (Some(cache), Some(lock_file)) => cache.offer(&self.job.stack, lock_file),
            _ => Offer::default(),
        }
    }

    /// Keeps what was downloaded for later runs, beside whatever comes next in this one.
    fn keep_providers(&mut self) {
        let (Some(cache), Some(lock_file)) =
            (&self.worker.providers, self.workspace.committed_lock())
        else {
            return;
        };
        let (cache, stack) = (cache.clone(), self.job.stack.clone());
        let (lock_file, installed) = (lock_file.to_vec(), self.workspace.installed_providers());
        self.keeping = Some(tokio::task::spawn_blocking(move || {
            cache.keep(&stack, &lock_file, &installed);
        }));
    }
}
