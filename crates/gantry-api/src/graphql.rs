//! The GraphQL schema: the contract's names, one file per noun.

pub mod account;
pub mod api_key;
pub mod attachment;
pub mod audit;
pub mod batch;
pub mod cloud_integration;
pub mod commit;
pub mod config_element;
pub mod context;
pub mod cx;
pub mod document;
pub mod issuing;
pub mod legacy_role;
pub mod login;
pub mod role;
pub mod run;
pub mod schema;
pub mod search;
pub mod sign_on;
pub mod space;
pub mod stack;
pub mod stack_integrations;
pub mod state;
pub mod tool_version;
pub mod vendor;
pub mod verification;
pub mod worker_pool;

pub use schema::{ApiSchema, build, sdl};
