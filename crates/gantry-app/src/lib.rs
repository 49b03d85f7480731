//! What Gantry does: each operation authorises, loads, decides (in `gantry-core`), saves, and tells.
//!
//! Knows no HTTP and no GraphQL. A file is named after its noun, the same as in the store below
//! and in the API above.

mod app;
mod clock;
mod error;
pub mod keyring;
pub mod master_key;
mod objects;
mod subject;
pub mod trace;
mod wake;

pub mod account;
pub mod api_key;
pub mod attachment;
pub mod audit;
pub mod backup;
pub mod change;
pub mod cloud_integration;
pub mod config_element;
pub mod context;
pub mod context_attachment;
pub mod credentials;
pub mod gateway;
pub mod health;
pub mod lease;
pub mod legacy_role;
pub mod login;
pub mod metrics;
pub mod news;
mod phase;
pub mod plan;
mod repository;
pub mod restore;
pub mod role;
pub mod run;
mod run_environment;
pub mod run_log;
mod sealed_object;
pub mod search;
pub mod session;
mod sight;
pub mod sign_on;
pub mod space;
pub mod stack;
pub mod state;
pub mod task;
mod tool_version;
pub mod trust_statement;
pub mod verification;
pub mod worker_authority;
pub mod worker_pool;
pub mod worker_token;

pub use app::{App, Settings};
pub use clock::{Clock, rfc3339};
pub use error::OpError;
pub use keyring::{Keyring, Sealed};
pub use master_key::{MasterKey, MasterKeyFile, MasterKeySource, MasterKeys};
pub use objects::{Objects, ObjectsLocation};
pub use subject::{Subject, Who};
pub use wake::Wake;
