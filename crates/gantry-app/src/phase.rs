//! The start of a phase, the moment at which its credentials come into being.
//!
//! In one transaction: the lease is this worker's, the run is in that phase, and what is going to be
//! issued is recorded. Then, outside of it, the cloud is asked. What it answered goes to the worker
//! and nowhere else.

use std::sync::Arc;

use gantry_core::credentials::user_variables::leads_state_astray;
use gantry_core::protocol::{EnvVar, Next, PhaseStart};
use gantry_core::run::transition::{Event, PhaseOutcome};
use gantry_core::run::{Phase, Run};
use gantry_core::stack::Stack;
use gantry_store::run;

use crate::credentials::{Decision, Issued};
use crate::gateway::{GatewayError, leased};
use crate::login::RunTokenFor;
use crate::run::{Deciding, Denied};
use crate::run_environment::{Surroundings, computed};
use crate::{App, OpError};

/// What a run token lives longer than its phase may last.
const TOKEN_SPARE_SECONDS: u64 = 60;

/// A phase that may start as soon as the transaction is durable.
pub(crate) struct Opening {
    run: Run,
    stack: Stack,
    phase: Phase,
    around: Surroundings,
    decision: Decision,
}

impl App {
    /// Records that the phase starts, and decides what is issued for it. `None` when it does not
    /// start after all: then the run has ended.
    pub(crate) async fn open_phase(
        &self,
        deciding: &mut Deciding<'_>,
        run: &mut Run,
        phase: Phase,
    ) -> Result<Option<Opening>, Denied> {
        let reader = deciding.tx.reader();
        let overrides = self.overrides_of(reader, &run.id).await?;
        let stack = overrides.applied(&deciding.stack);
        let around = self.surroundings(reader, overrides, &stack).await?;
        if phase.writes() {
            run.user_secrets |= around.hold_secrets();
        }
        deciding
            .decide(run, &Event::PhaseStarted { phase }, None)
            .await?;
        if run.state.is_terminal() {
            return Ok(None);
        }
        if let Some(reason) = around.refused() {
            let event = failed(phase, reason);
            deciding.decide(run, &event, None).await?;
            return Ok(None);
        }
        let names = around.names();
        let decision = self.decide(deciding.tx, run, &stack, phase, &names).await?;
        if let Some(reason) = decision.refused() {
            let event = failed(phase, reason.to_owned());
            deciding.decide(run, &event, None).await?;
            return Ok(None);
        }
        Ok(Some(Opening {
            run: run.clone(),
            stack,
            phase,
            around,
            decision,
        }))
    }

    /// Asks the clouds, and tells the worker to go. A phase whose credentials can't be issued fails
    /// here, before its command.
    pub(crate) async fn start_phase(
        self: &Arc<Self>,
        opening: Opening,
    ) -> Result<Next, GatewayError> {
        let Opening {
            run,
            stack,
            phase,
            around,
            decision,
        } = opening;
        let issued = match self.mint(decision).await {
            Ok(issued) => issued,
            Err(failed) => return self.fail_phase(&run, phase, failed.reason).await,
        };
        let claims = RunTokenFor {
            run: &run.id,
            stack: &stack.id,
            space: &stack.settings.space,
            phase,
            version: run.version,
            lifetime: self.token_lifetime(),
        };
        let token = self.run_token(&claims)?;
        let env = computed(&self.account, &stack, &run, Some(&token));
        let mut start = self.phase_start(&run, phase, env, around, issued);
        if stack.manages_state {
            start
                .env
                .retain(|variable| !leads_state_astray(&variable.name));
            start
                .env
                .extend(self.state_environment(&stack.id, &claims, run.fence)?);
        }
        Ok(Next::Phase(Box::new(start)))
    }

    fn phase_start(
        &self,
        run: &Run,
        phase: Phase,
        mut env: Vec<EnvVar>,
        around: Surroundings,
        issued: Issued,
    ) -> PhaseStart {
        let hooks = around.hooks.clone();
        let (variables, files) = around.into_wire();
        env.extend(variables);
        PhaseStart {
            phase,
            version: run.version,
            env,
            files,
            credentials: issued.env,
            grants: issued.grants,
            credentials_expire: issued.expires_at_ms,
            notices: issued.notices,
            before: hooks.before(phase).to_vec(),
            after: hooks.after(phase).to_vec(),
            init_before: hooks.before_init,
            init_after: hooks.after_init,
            limits: self.settings.limits,
        }
    }

    async fn fail_phase(
        self: &Arc<Self>,
        opened: &Run,
        phase: Phase,
        reason: String,
    ) -> Result<Next, GatewayError> {
        let tx = self.store.begin().await?;
        let mut deciding = self.deciding(&tx, &opened.stack).await?;
        let mut run = leased(tx.reader(), &opened.id, opened.fence).await?;
        if run.version == opened.version {
            let event = failed(phase, reason);
            deciding.decide(&mut run, &event, None).await?;
        }
        let stack = deciding.stack.clone();
        let after = deciding.finish().await?;
        tx.commit().await?;
        after.perform(self);
        self.let_go(&run, &stack).await
    }

    /// Tells the worker that the run waits for a person, or has ended: then with the environment of
    /// `after_run`, which has neither cloud credentials nor a token.
    pub(crate) async fn let_go(&self, run: &Run, stack: &Stack) -> Result<Next, GatewayError> {
        let ended = run.state.is_terminal();
        let (mut env, mut files) = (vec![], vec![]);
        if ended {
            env = computed(&self.account, stack, run, None);
            // A destroy run is gone with its stack, and so is what was set on the stack.
            let reader = self.store.reader();
            if run::find(reader, &run.id).await?.is_some() {
                let overrides = self.overrides_of(reader, &run.id).await?;
                let stack = overrides.applied(stack);
                env = computed(&self.account, &stack, run, None);
                let around = self.surroundings(reader, overrides, &stack).await?;
                if around.refused().is_none() {
                    let (variables, mounted) = around.into_wire();
                    env.extend(variables);
                    files = mounted;
                }
            }
        }
        Ok(Next::Release { ended, env, files })
    }

    /// Seconds.
    fn token_lifetime(&self) -> i64 {
        let settings = &self.settings;
        (settings.limits.time + settings.limits.grace + TOKEN_SPARE_SECONDS) as i64
    }

    /// The run that a token names, while it is in that phase, in that version.
    pub(crate) async fn run_at_work(
        &self,
        sub: &str,
        phase: Phase,
        version: i64,
    ) -> Result<Option<Run>, OpError> {
        let Some((stack, id)) = sub.rsplit_once('/') else {
            return Ok(None);
        };
        let id = gantry_core::ids::RunId::new(id);
        let run = run::find(self.store.reader(), &id).await?;
        Ok(run.filter(|run| {
            run.stack.as_str() == stack
                && run.version == version
                && run.state == phase.state()
                && run.lease.is_some()
        }))
    }

    /// Whose token this is: a run's, while it is in that phase, in that version.
    pub(crate) async fn subject_of_run(
        &self,
        sub: &str,
        phase: Phase,
        version: i64,
    ) -> Result<Option<crate::Subject>, OpError> {
        let Some(run) = self.run_at_work(sub, phase, version).await? else {
            return Ok(None);
        };
        let reader = self.store.reader();
        let Some(stack) = gantry_store::stack::find(reader, &run.stack).await? else {
            return Ok(None);
        };
        let name = format!("{}/{}", run.stack, run.id);
        let who = crate::Who::Run {
            run: run.id,
            stack: run.stack,
            space: stack.settings.space,
            kind: run.kind,
            phase,
            administrative: stack.settings.administrative,
        };
        let given = who.of_run();
        let subject = crate::Subject::new(who, name);
        Ok(Some(self.in_tree(subject, given.as_slice()).await?))
    }
}

fn failed(phase: Phase, reason: String) -> Event {
    Event::PhaseFinished {
        phase,
        outcome: PhaseOutcome::Failed { reason },
        errored_state: false,
    }
}
