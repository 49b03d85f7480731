//! Runs a job: workspace, sandbox, child process, hooks and what may travel from plan to apply.
//!
//! What is deliberately missing here: a database and the API. A worker knows only the protocol, so even
//! one that is taken over can't reach what it doesn't link. To a cloud it speaks only as a worker of a
//! private pool, which assumes roles with an identity of its own (`phase/assume.rs`).

pub mod child;
pub mod child_env;
pub mod cli_config;
pub mod client;
pub mod config;
pub mod embedded;
pub mod engine;
pub mod health;
mod heartbeat;
pub mod hooks;
mod job;
mod logs;
pub mod memory;
pub mod metadata_filter;
pub mod mounted_files;
pub mod orders;
mod phase;
pub mod plan_file;
mod plan_json;
mod poll;
pub mod provider_cache;
mod report;
pub mod sandbox;
mod spool;
mod takeover;
pub mod tools;
mod transport;
mod worker;
pub mod workspace;

pub use config::WorkerConfig;
pub use embedded::{WorkerError, read_config, run, run_elsewhere, work};
