//! Everything that Gantry keeps in its relational database, and the only place with SQL.
//!
//! [`Store`] hides which database is there: SQLite in the data directory, or PostgreSQL. Each
//! statement is written once, in the subset both understand (TEXT identifiers, BIGINT epoch
//! milliseconds and 0/1 flags, JSON as TEXT, `$1` placeholders); what differs stands in
//! `dialect.rs`. Functions are named by intent, take a [`Reader`] or a [`Tx`], and live in a file
//! named after their noun. Logs, plans and workspaces are not here but in object storage.

mod db;
mod dialect;
mod error;
mod role_config;

pub mod account;
pub mod api_key;
pub mod api_key_access;
pub mod attachment;
pub mod audit;
pub mod census;
pub mod cloud_integration;
pub mod config_element;
pub mod context;
pub mod context_attachment;
pub mod data_key;
pub mod hint;
pub mod installation_secret;
pub mod issuing;
pub mod legacy_role;
pub mod legacy_role_migration;
pub mod migrate;
pub mod object;
pub mod object_storage;
pub mod restore;
pub mod run;
pub mod run_log;
pub mod run_transition;
pub mod search;
pub mod session;
pub mod sight;
pub mod slug;
pub mod space;
pub mod stack;
pub mod state;
pub mod time;
pub mod user;
pub mod verification;
pub mod worker;
pub mod worker_authority;
pub mod worker_pool;
pub mod worker_token;

pub use db::{Connect, Reader, Row, Store, Tx, Value};
pub use dialect::Dialect;
pub use error::StoreError;
