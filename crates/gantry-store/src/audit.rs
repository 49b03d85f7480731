//! The audit trail. Events are added and read, never changed.

use gantry_core::audit::{Actor, AuditEvent, Target};
use gantry_core::ids::{RunId, SpaceId, StackId};

use crate::search::{After, Key, Select};
use crate::{Reader, Row, StoreError, Tx, Value};

const COLUMNS: &str = "SELECT id, at, action, actor_id, actor_name, space_id, target_kind, \
                       target_id, target_name, stack_id, run_id, details FROM audit_event";

pub async fn insert(tx: &Tx, event: &AuditEvent) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO audit_event
         (id, at, action, actor_id, actor_name, space_id, target_kind, target_id, target_name,
          stack_id, run_id, details)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        vec![
            event.id.as_str().into(),
            event.at.into(),
            event.action.as_str().into(),
            event.actor.id.as_str().into(),
            event.actor.name.as_str().into(),
            event.space.as_ref().map(SpaceId::as_str).into(),
            event.target.kind.as_str().into(),
            event.target.id.as_str().into(),
            event.target.name.as_deref().into(),
            event.stack.as_ref().map(StackId::as_str).into(),
            event.run.as_ref().map(RunId::as_str).into(),
            Value::json(&event.details),
        ],
    )
    .await?;
    Ok(())
}

/// One condition. The values within one are alternatives, compared exactly.
#[derive(Clone, Debug)]
pub enum Condition {
    Action(Vec<String>),
    /// The ID or the name of whoever did it.
    Actor(Vec<String>),
    Space(Vec<String>),
    Stack(Vec<String>),
    Run(Vec<String>),
    TargetKind(Vec<String>),
    TargetId(Vec<String>),
}

#[derive(Clone, Debug)]
pub struct Predicate {
    pub condition: Condition,
    /// Whether the events that match are the ones to leave out.
    pub exclude: bool,
}

/// A question, and which page of its answer, newest first unless `ascending`.
#[derive(Clone, Debug)]
pub struct Search {
    /// Only events of these spaces; `None` means all, those of the account included.
    pub spaces: Option<Vec<SpaceId>>,
    pub predicates: Vec<Predicate>,
    /// Epoch milliseconds: not before `from`, and before `until`.
    pub from: Option<i64>,
    pub until: Option<i64>,
    pub ascending: bool,
    pub after: Option<After>,
    pub limit: i64,
}

pub async fn search(reader: Reader<'_>, search: &Search) -> Result<Vec<AuditEvent>, StoreError> {
    let mut select = Select::from(COLUMNS);
    if let Some(spaces) = &search.spaces {
        select.each_of("space_id", spaces.iter().map(SpaceId::as_str));
    }
    if let Some(from) = search.from {
        let place = select.bind(from);
        select.and_must(&format!("at >= {place}"));
    }
    if let Some(until) = search.until {
        let place = select.bind(until);
        select.and_must(&format!("at < {place}"));
    }
    for Predicate { condition, exclude } in &search.predicates {
        let text = text(&mut select, condition);
        if *exclude {
            select.and(&text, true);
        } else {
            // As it stands, so that an index can serve it.
            select.and_must(&text);
        }
    }
    let rows = select
        .page(
            reader,
            "at",
            !search.ascending,
            search.after.as_ref(),
            search.limit,
        )
        .await?;
    rows.iter().map(from_row).collect()
}

/// The place right behind `event`.
pub fn place_of(event: &AuditEvent) -> After {
    After {
        key: Key::Number(event.at),
        id: event.id.clone(),
    }
}

fn text(select: &mut Select, condition: &Condition) -> String {
    let mut one_of = |column: &str, values: &[String]| {
        let list = select.bind_list(values.iter().map(String::as_str));
        format!("{column} IN ({list})")
    };
    match condition {
        Condition::Action(values) => one_of("action", values),
        Condition::Actor(values) => {
            let id = one_of("actor_id", values);
            let name = one_of("actor_name", values);
            format!("({id} OR {name})")
        }
        Condition::Space(values) => one_of("space_id", values),
        Condition::Stack(values) => one_of("stack_id", values),
        Condition::Run(values) => one_of("run_id", values),
        Condition::TargetKind(values) => one_of("target_kind", values),
        Condition::TargetId(values) => one_of("target_id", values),
    }
}

fn from_row(row: &Row) -> Result<AuditEvent, StoreError> {
    Ok(AuditEvent {
        id: row.text("id")?,
        at: row.int("at")?,
        action: row.text("action")?,
        actor: Actor {
            id: row.text("actor_id")?,
            name: row.text("actor_name")?,
        },
        space: row.opt_text("space_id")?.map(SpaceId::new),
        target: Target {
            kind: row.text("target_kind")?,
            id: row.text("target_id")?,
            name: row.opt_text("target_name")?,
        },
        stack: row.opt_text("stack_id")?.map(StackId::new),
        run: row.opt_text("run_id")?.map(RunId::new),
        details: row.json("details")?,
    })
}
