//! The contract of the store: each body runs on SQLite and on a real PostgreSQL.

#[macro_use]
mod databases;

mod api_key;
mod config_element;
mod migrations;
mod search;
mod slug;
mod space;
mod stack;
