//! What tests stand on: a cloud that can refuse, a real Postgres, a proxy that listens and breaks.
//!
//! Development only, never in the release graph. Nothing here skips silently: a missing tool is an
//! error that names it and the way to get it.

pub mod aws_request;
pub mod client;
pub mod collector;
pub mod disk;
pub mod file_server;
pub mod golden;
pub mod http;
pub mod identity_provider;
pub mod keeper;
pub mod machine_clock;
pub mod ministack;
pub mod network;
pub mod port;
pub mod postgres;
pub mod process;
pub mod provider;
pub mod provider_mirror;
pub mod release_server;
pub mod repository;
pub mod server;
pub mod sigv4;
pub mod sts_proxy;
pub mod trust;
pub mod venv;
pub mod witness;
pub mod worker;
