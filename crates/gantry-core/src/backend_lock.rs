//! The lock of a state's own backend, as the tool describes it when it meets one.
//!
//! A run that was lost in a write phase may have left its lock in S3, in DynamoDB or wherever else
//! the state lives. Nobody but the tool can look there, and only a phase that writes tries to lock:
//! so the lock becomes known when the next write phase runs into it.

use serde::{Deserialize, Serialize};

use crate::utc;

/// What the tool says of a lock that somebody else holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackendLock {
    /// Safe as a word of a shell's command line.
    pub id: String,
    pub who: Option<String>,
    /// When it was made, as the tool wrote it.
    pub created: Option<String>,
}

/// Begins the tool's complaint. The rest of what it says follows within [`LONGEST`].
pub const COMPLAINT: &str = "Error acquiring the state lock";

/// Bytes after the complaint that may hold what is known of the lock.
pub const LONGEST: usize = 8 << 10;

/// Longer words are none of a lock's.
const LONGEST_VALUE: usize = 128;

impl BackendLock {
    /// From what follows the complaint, with its colours and its frame.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = without_colours(text);
        if let Some(id) = named_by_http(&plain) {
            return Some(BackendLock {
                id,
                who: None,
                created: None,
            });
        }
        let mut lines = plain.lines().map(line);
        lines.find(|line| line.starts_with("Lock Info:"))?;
        let mut lock = BackendLock {
            id: String::new(),
            who: None,
            created: None,
        };
        for line in lines {
            let Some((name, value)) = line.split_once(':') else {
                break;
            };
            let value = value.trim();
            if value.is_empty() || value.len() > LONGEST_VALUE {
                continue;
            }
            match name {
                "ID" if is_word(value) => lock.id = value.to_owned(),
                "Who" => lock.who = Some(printable(value)),
                "Created" => lock.created = Some(printable(value)),
                _ => {}
            }
        }
        (!lock.id.is_empty()).then_some(lock)
    }

    /// Unix milliseconds at which it was made, where that can be read.
    pub fn created_ms(&self) -> Option<i64> {
        utc::parse(self.created.as_deref()?)
    }

    /// The task that removes it. Nobody answers a question in a task, so it must not be asked.
    pub fn removal(&self, tool: &str) -> String {
        format!("{tool} force-unlock -force {}", self.id)
    }
}

/// The `http` backend describes the lock that it wanted to make. That which is there it names in its
/// message, which is broken into lines.
fn named_by_http(plain: &str) -> Option<String> {
    let words = plain.lines().flat_map(|text| line(text).split_whitespace());
    let message = words.collect::<Vec<_>>().join(" ");
    let (_, rest) = message.split_once("HTTP remote state already locked: ID=")?;
    let id = rest.split_whitespace().next()?;
    (id.len() <= LONGEST_VALUE && is_word(id)).then(|| id.to_owned())
}

fn line(line: &str) -> &str {
    line.trim_start_matches(['│', '|', ' ']).trim_end()
}

fn is_word(value: &str) -> bool {
    value
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "-_.:/=".contains(c))
        && !value.starts_with('-')
}

fn printable(value: &str) -> String {
    value.chars().filter(|c| !c.is_control()).collect()
}

/// Leaves out the sequences by which a terminal changes colours.
fn without_colours(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("\u{1b}[") {
        plain.push_str(&rest[..start]);
        let sequence = &rest[start + 2..];
        let end = sequence.find(|c: char| c.is_ascii_alphabetic());
        rest = end.map_or("", |end| &sequence[end + 1..]);
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests;
