//! Operations on a real database, with clouds and workers that the tests play themselves.

#[macro_use]
mod world;

mod api_key;
mod attachment;
mod audit;
mod aws;
mod backup;
mod cloud_integration;
mod config_element;
mod context;
mod credentials;
mod disk;
mod legacy_role;
mod legacy_role_migration;
mod login;
mod master_key;
mod news;
mod run;
mod servers;
mod session;
mod space;
mod stack;
mod state;
mod worker_pool;
