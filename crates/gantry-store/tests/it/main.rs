//! The contract of the store: each body runs on SQLite and on a real PostgreSQL.

#[macro_use]
mod databases;

mod api_key;
mod attachment;
mod cloud_integration;
mod config_element;
mod context;
mod context_attachment;
mod integration_search;
mod issuing;
mod legacy_role;
mod legacy_role_migration;
mod migrations;
mod run;
mod run_search;
mod search;
mod slug;
mod space;
mod stack;
mod state;
mod user;
mod verification;
mod worker_pool;
