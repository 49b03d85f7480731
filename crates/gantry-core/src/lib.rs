//! The domain of Gantry: values and decisions, no input or output.
//!
//! What is deliberately missing here: a clock, a random source, a socket, a file, an async runtime.
//! A decision takes everything it needs as arguments and answers with a value, so that it can be
//! read, tabulated and tested without a server.

pub mod account;
pub mod api_key;
pub mod audit;
pub mod authz;
pub mod backend_lock;
pub mod caller;
pub mod commit;
pub mod config_element;
pub mod context;
pub mod credentials;
pub mod engine;
pub mod hooks;
pub mod ids;
pub mod masking;
pub mod mounted_file;
pub mod plan;
pub mod protocol;
pub mod proxy;
pub mod quoted;
pub mod run;
pub mod slug;
pub mod space;
pub mod stack;
pub mod state;
pub mod tool_version;
pub mod utc;
pub mod worker_pool;
pub mod worker_token;
