//! The variables by which the tool's http backend finds a state that the server keeps.
//!
//! They are the phase's, like its credentials: they win over everything, no reference to them is
//! resolved, and no export carries them into another phase. The tool writes none of them down, neither
//! beside the workspace nor into a plan, so apply asks with a token of its own.

use gantry_core::protocol::EnvVar;
use gantry_core::run::Phase;

const PREFIX: &str = "TF_HTTP_";

/// Others of the prefix (certificates) have no meaning with a managed state.
pub const NAMES: [&str; 8] = [
    "TF_HTTP_ADDRESS",
    "TF_HTTP_USERNAME",
    "TF_HTTP_PASSWORD",
    "TF_HTTP_UPDATE_METHOD",
    "TF_HTTP_LOCK_ADDRESS",
    "TF_HTTP_LOCK_METHOD",
    "TF_HTTP_UNLOCK_ADDRESS",
    "TF_HTTP_UNLOCK_METHOD",
];

/// Those that a phase gets which only reads: with a lock address the tool would lock while it plans.
const READING: [&str; 3] = ["TF_HTTP_ADDRESS", "TF_HTTP_USERNAME", "TF_HTTP_PASSWORD"];

/// What a phase gets of them. The server's come last, and the last one wins.
pub(super) fn issued(given: &[EnvVar], phase: Phase) -> Vec<EnvVar> {
    let names: &[&str] = if phase.writes() { &NAMES } else { &READING };
    given
        .iter()
        .filter(|variable| names.contains(&variable.name.as_str()))
        .cloned()
        .collect()
}

/// The variables that say nothing about where the state is.
pub fn without(given: &[EnvVar]) -> Vec<EnvVar> {
    given
        .iter()
        .filter(|variable| !variable.name.starts_with(PREFIX))
        .cloned()
        .collect()
}
