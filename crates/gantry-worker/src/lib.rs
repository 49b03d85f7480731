//! Runs a job: workspace, sandbox, child process, hooks and what may travel from plan to apply.
//!
//! What is deliberately missing here: a database, the API and the cloud. A worker knows only the
//! protocol, so even one that is taken over can't reach what it doesn't link.

pub mod child;
pub mod cli_config;
pub mod hooks;
pub mod sandbox;
pub mod workspace;
