//! Tasks: one free command with write access.

use std::sync::Arc;

use gantry_core::authz::Action;
use gantry_core::ids::StackId;
use gantry_core::run::{Run, RunKind};

use crate::run::{NewRun, check_startable};
use crate::{App, OpError, Subject};

/// What fits on a command line with room to spare.
const LONGEST_COMMAND: usize = 64 << 10;

impl App {
    pub async fn task_create(
        self: &Arc<Self>,
        subject: &Subject,
        stack: &StackId,
        command: &str,
        skip_initialization: bool,
        metadata: Option<String>,
    ) -> Result<Run, OpError> {
        let command = command.trim();
        if command.is_empty() {
            return Err(OpError::invalid("command: a task needs one"));
        }
        if command.len() > LONGEST_COMMAND || command.contains('\0') {
            return Err(OpError::invalid(format!(
                "command: it has more than {LONGEST_COMMAND} bytes, or a zero byte; put it into a \
                 script of the repository"
            )));
        }
        let tx = self.store.begin().await?;
        let stack = self
            .stack_for_update(&tx, subject, stack, Action::Operate)
            .await?;
        check_startable(&stack, RunKind::Task, subject)?;
        self.repository_url(&stack.settings.source)?;
        let new = NewRun {
            title: Some(command.to_owned()),
            command: Some(command.to_owned()),
            skip_initialization,
            metadata,
            ..NewRun::of(RunKind::Task)
        };
        self.add_run(&tx, stack, new, subject)
            .await?
            .commit(self, tx, subject, "task.create")
            .await
    }
}
