use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::wire::State;

/// What became of one resource between two states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateChange {
    /// The full address, module path and instance key included.
    pub address: String,
    pub action: StateAction,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateAction {
    Added,
    Changed,
    Removed,
}

/// How many resources differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateDelta {
    pub added: i64,
    pub changed: i64,
    pub removed: i64,
    /// All that the newer state has.
    pub resources: i64,
}

/// What is known of the difference between a version and the one before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Counted {
    /// Nobody has looked yet.
    #[default]
    NotYet,
    /// One of the two can't be read.
    Unreadable,
    As(StateDelta),
}

impl Counted {
    pub fn delta(self) -> Option<StateDelta> {
        match self {
            Counted::As(delta) => Some(delta),
            Counted::NotYet | Counted::Unreadable => None,
        }
    }
}

/// The resources that differ, by address; without an older state every one of them is new. `None`
/// when one of the two can't be read: it is encrypted, or of a format of another time.
///
/// Data sources are read anew each time, and are no resources. Attributes are compared as they
/// stand: the same tool writes the same value in the same way.
pub fn diff(older: Option<&[u8]>, newer: &[u8]) -> Option<(StateDelta, Vec<StateChange>)> {
    let older = match older {
        Some(older) => read(older)?,
        None => State {
            resources: vec![],
            outputs: BTreeMap::new(),
        },
    };
    let newer = read(newer)?;
    let (older, newer) = (instances(&older), instances(&newer));
    let mut delta = StateDelta {
        resources: newer.len() as i64,
        ..StateDelta::default()
    };
    let mut changes = Vec::new();
    let mut changed = |address: &String, action| {
        changes.push(StateChange {
            address: address.clone(),
            action,
        });
    };
    for (address, now) in &newer {
        match older.get(address) {
            None => {
                delta.added += 1;
                changed(address, StateAction::Added);
            }
            Some(before) if before != now => {
                delta.changed += 1;
                changed(address, StateAction::Changed);
            }
            Some(_) => {}
        }
    }
    for address in older.keys().filter(|address| !newer.contains_key(*address)) {
        delta.removed += 1;
        changed(address, StateAction::Removed);
    }
    changes.sort_by(|one, other| one.address.cmp(&other.address));
    Some((delta, changes))
}

fn read(state: &[u8]) -> Option<State<'_>> {
    if super::Head::read(state).ok()?.encrypted {
        return None;
    }
    serde_json::from_slice(state).ok()
}

/// By address: whether it is tainted, and its attributes.
fn instances<'a>(state: &State<'a>) -> BTreeMap<String, (bool, &'a str)> {
    let mut instances = BTreeMap::new();
    for resource in state.resources.iter().filter(|one| !one.is_data()) {
        for instance in &resource.instances {
            let mut address = resource.address_of(instance);
            if let Some(deposed) = &instance.deposed {
                address = format!("{address} (deposed {deposed})");
            }
            let attributes = instance.attributes.map_or("", |raw| raw.get());
            instances.insert(address, (instance.is_tainted(), attributes));
        }
    }
    instances
}
