//! The audit trail: one event for each thing that somebody did, in the transaction that does it. What
//! is not written there did not happen, and what did not happen is not written there.

mod export;
mod search;

use std::sync::Mutex;
use std::time::{Duration, UNIX_EPOCH};

use gantry_core::audit::{Actor, AuditEvent, Target};
use gantry_core::ids::{RunId, SpaceId, StackId};
use gantry_core::run::Run;
use gantry_core::stack::Stack;
use gantry_store::{Tx, audit};
use serde_json::{Map, Value};
use ulid::Generator;

pub use search::Period;

use crate::{App, OpError, Subject};

/// What was done, without who and when. `action` is `noun.verb`; `docs/audit.md` lists them.
pub(crate) struct Deed {
    action: &'static str,
    target: Target,
    space: Option<SpaceId>,
    stack: Option<StackId>,
    run: Option<RunId>,
    details: Map<String, Value>,
}

impl Deed {
    pub(crate) fn new(action: &'static str, target: Target) -> Self {
        Deed {
            action,
            target,
            space: None,
            stack: None,
            run: None,
            details: Map::new(),
        }
    }

    /// To a stack itself.
    pub(crate) fn to_stack(action: &'static str, stack: &Stack) -> Self {
        let target = Target::named("stack", &stack.id, &stack.settings.name);
        Deed::new(action, target).on_stack(stack)
    }

    /// To a run of a stack.
    pub(crate) fn to_run(action: &'static str, stack: &Stack, run: &Run) -> Self {
        let target = match &run.title {
            Some(title) => Target::named("run", &run.id, title),
            None => Target::new("run", &run.id),
        };
        Deed {
            run: Some(run.id.clone()),
            ..Deed::new(action, target).on_stack(stack)
        }
    }

    /// To something that belongs to a stack: then it shows with the stack and in its space.
    pub(crate) fn on_stack(self, stack: &Stack) -> Self {
        Deed {
            space: Some(stack.settings.space.clone()),
            stack: Some(stack.id.clone()),
            ..self
        }
    }

    /// To something that lives in a space.
    pub(crate) fn in_space(self, space: &SpaceId) -> Self {
        Deed {
            space: Some(space.clone()),
            ..self
        }
    }

    /// Something else to know. Never a secret.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.details.insert(name.to_owned(), value.into());
        self
    }

    fn event(self, actor: Actor, at: i64) -> AuditEvent {
        AuditEvent {
            id: new_id(at),
            at,
            action: self.action.to_owned(),
            actor,
            space: self.space,
            target: self.target,
            stack: self.stack,
            run: self.run,
            details: self.details,
        }
    }
}

impl App {
    /// Writes down that `by` does this, as a part of doing it.
    pub(crate) async fn audit(&self, tx: &Tx, by: &Subject, deed: Deed) -> Result<(), OpError> {
        let actor = Actor {
            id: by.id(),
            name: by.name.clone(),
        };
        let event = deed.event(actor, self.clock.now());
        audit::insert(tx, &event).await?;
        self.say_deed(tx, &event);
        Ok(())
    }
}

/// Writes down what the installation itself does: what follows from a worker's loss or from time.
pub(crate) async fn by_gantry(tx: &Tx, at: i64, deed: Deed) -> Result<(), OpError> {
    write(tx, "gantry", at, deed).await
}

/// Writes down what somebody with access to the data directory does.
pub(crate) async fn by_command_line(tx: &Tx, at: i64, deed: Deed) -> Result<(), OpError> {
    write(tx, "command line", at, deed).await
}

async fn write(tx: &Tx, name: &str, at: i64, deed: Deed) -> Result<(), OpError> {
    let actor = Actor {
        id: name.to_owned(),
        name: name.to_owned(),
    };
    audit::insert(tx, &deed.event(actor, at)).await?;
    Ok(())
}

/// IDs sort in the order of the deeds, also within one millisecond.
fn new_id(at: i64) -> String {
    static IDS: Mutex<Option<Generator>> = Mutex::new(None);
    let at = UNIX_EPOCH + Duration::from_millis(at.max(0) as u64);
    let mut ids = IDS.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let id = match ids
        .get_or_insert_with(Generator::new)
        .generate_from_datetime(at)
    {
        Ok(id) => id,
        Err(overflow) => overflow.commit_overflow_increment(),
    };
    id.to_string()
}
