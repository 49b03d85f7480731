use serde::Deserialize;
use serde::de::IgnoredAny;

/// What identifies a state among the others of its stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Names the line of states that belong together.
    pub lineage: String,
    /// Counts the states of one line.
    pub serial: i64,
    /// The tool that wrote it.
    pub tool_version: Option<String>,
    /// OpenTofu encrypted it: only the head can be read.
    pub encrypted: bool,
}

/// Why some bytes are no state. Never quotes them: a state holds secrets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error("the state is empty")]
    Empty,
    #[error("the state is not JSON: it breaks at line {line}, column {column}")]
    NotJson { line: usize, column: usize },
    #[error("the state is JSON, but not an object with the members of a state")]
    NoObject,
    #[error("the state has no `{0}`: it is not a state of Terraform or OpenTofu")]
    Missing(&'static str),
    #[error("the `serial` of the state is not a number from 0 to {}", i64::MAX - 1)]
    Serial,
}

/// Longer ones are no names of a tool's making.
const LONGEST_LINEAGE: usize = 255;

#[derive(Deserialize)]
struct Wire {
    version: Option<IgnoredAny>,
    encrypted_data: Option<IgnoredAny>,
    serial: Option<serde_json::Value>,
    lineage: Option<serde_json::Value>,
    terraform_version: Option<serde_json::Value>,
}

impl Head {
    /// Reads the head, and looks at the rest only to see that all of it is JSON.
    pub fn read(state: &[u8]) -> Result<Head, Unreadable> {
        if state.trim_ascii().is_empty() {
            return Err(Unreadable::Empty);
        }
        let wire: Wire = serde_json::from_slice(state).map_err(|error| {
            if error.is_data() {
                Unreadable::NoObject
            } else {
                Unreadable::NotJson {
                    line: error.line(),
                    column: error.column(),
                }
            }
        })?;
        let encrypted = wire.encrypted_data.is_some();
        if wire.version.is_none() && !encrypted {
            return Err(Unreadable::Missing("version"));
        }
        let serial = wire.serial.ok_or(Unreadable::Missing("serial"))?;
        let serial = serial
            .as_i64()
            .filter(|serial| (0..i64::MAX).contains(serial))
            .ok_or(Unreadable::Serial)?;
        let text = |value: Option<serde_json::Value>| match value {
            Some(serde_json::Value::String(text)) if !text.is_empty() => Some(text),
            _ => None,
        };
        let lineage = text(wire.lineage)
            .filter(|lineage| lineage.len() <= LONGEST_LINEAGE)
            .ok_or(Unreadable::Missing("lineage"))?;
        Ok(Head {
            lineage,
            serial,
            tool_version: text(wire.terraform_version).filter(|version| version.len() <= 64),
            encrypted,
        })
    }
}
