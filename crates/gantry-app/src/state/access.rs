//! The token by which a phase's child reads and writes state: of its own kind, bound to the run, the
//! phase, its version and the fence of the lease, and dead with them. A run token is none.

use gantry_core::ids::StackId;
use gantry_core::protocol::EnvVar;
use gantry_core::run::{Phase, Run};
use gantry_core::stack::Stack;
use gantry_store::{Tx, run, stack};
use secrecy::{ExposeSecret as _, SecretString};

use super::StateRefused;
use crate::login::RunTokenFor;
use crate::{App, OpError, Subject, Who};

/// A run in the phase for which the token was made.
pub struct StateAccess {
    pub(super) run: Run,
    pub(super) phase: Phase,
}

impl App {
    /// Whose state token this is: `None` when it is forged, or its phase is over.
    pub async fn state_access(
        &self,
        password: &SecretString,
    ) -> Result<Option<StateAccess>, OpError> {
        let Some(claim) = self.check_state_token(password.expose_secret()) else {
            return Ok(None);
        };
        let run = self
            .run_at_work(&claim.sub, claim.phase, claim.version)
            .await?;
        Ok(run
            .filter(|run| run.fence == claim.fence)
            .map(|run| StateAccess {
                run,
                phase: claim.phase,
            }))
    }

    /// Tells the tool's HTTP backend where the state is, and how to get at it from this phase. Only
    /// what writes learns of a lock: the tool would take one for a plan too.
    pub(crate) fn state_environment(
        &self,
        stack: &StackId,
        token: &RunTokenFor<'_>,
        fence: i64,
    ) -> Result<Vec<EnvVar>, OpError> {
        let password = self.state_token(token, fence)?;
        let address = format!("{}/state/{stack}", self.settings.public_url);
        let mut env = vec![
            EnvVar::plain("TF_HTTP_ADDRESS", address.as_str()),
            EnvVar::plain("TF_HTTP_USERNAME", token.run.as_str()),
            EnvVar::masked("TF_HTTP_PASSWORD", password.expose_secret()),
        ];
        if token.phase.writes() {
            // Not the tool's own methods LOCK and UNLOCK: a proxy in front need not know them.
            env.extend([
                EnvVar::plain("TF_HTTP_LOCK_ADDRESS", format!("{address}/lock")),
                EnvVar::plain("TF_HTTP_LOCK_METHOD", "POST"),
                EnvVar::plain("TF_HTTP_UNLOCK_ADDRESS", format!("{address}/unlock")),
                EnvVar::plain("TF_HTTP_UNLOCK_METHOD", "POST"),
            ]);
        }
        Ok(env)
    }
}

impl StateAccess {
    pub fn run(&self) -> &Run {
        &self.run
    }

    /// The run as somebody who does things.
    pub(super) fn subject(&self, stack: &Stack) -> Subject {
        let who = Who::Run {
            run: self.run.id.clone(),
            stack: self.run.stack.clone(),
            space: stack.settings.space.clone(),
            kind: self.run.kind,
            phase: self.phase,
            administrative: stack.settings.administrative,
        };
        Subject::new(who, format!("{}/{}", self.run.stack, self.run.id))
    }

    /// Refuses what changes something, before anything is read of it.
    pub fn require_write(&self, id: &StackId) -> Result<(), StateRefused> {
        if self.run.stack != *id {
            return Err(StateRefused::Forbidden(format!(
                "run {} is of the stack `{}`, and may not write the state of `{id}`",
                self.run.id, self.run.stack
            )));
        }
        if !self.phase.writes() {
            return Err(StateRefused::Forbidden(format!(
                "the {} phase of run {} may only read the state of `{id}`: only apply, perform and \
                 destroy phases lock and write it",
                self.phase, self.run.id
            )));
        }
        Ok(())
    }

    /// Locks the row of the stack, and makes sure that the run still holds the stack, in this phase
    /// and under this lease.
    pub(super) async fn hold(&self, tx: &Tx) -> Result<Stack, StateRefused> {
        let lost = || {
            StateRefused::Conflict(format!(
                "run {} does not hold the stack `{}` any more: its phase has ended, or somebody has \
                 taken over",
                self.run.id, self.run.stack
            ))
        };
        let stack = stack::find_for_update(tx, &self.run.stack).await?;
        let stack = stack.ok_or_else(lost)?;
        let run = run::find(tx.reader(), &self.run.id).await?;
        let holds = run.is_some_and(|run| {
            run.lease.is_some()
                && run.fence == self.run.fence
                && run.version == self.run.version
                && run.state == self.phase.state()
        }) && stack.blocker.as_ref() == Some(&self.run.id);
        if holds { Ok(stack) } else { Err(lost()) }
    }
}
