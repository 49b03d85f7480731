//! End to end: the real binary, real terraform, the real sandbox, and an AWS stand-in that refuses.

#[macro_use]
mod databases;

mod backup;
mod bad_input;
mod clock;
mod cloud_integration;
mod console;
mod context;
mod documents;
mod faults;
mod hostile;
mod issuing;
mod keys;
mod legacy_role;
mod login;
mod matrix;
mod operations;
mod packaging;
mod private_pool;
mod private_role;
mod provider_cache;
mod run;
mod server;
mod state;
mod stored_state;
mod tool_version;
mod traces;
mod upgrade;
mod worker;
mod worker_pool;
mod world;
