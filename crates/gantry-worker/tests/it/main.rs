//! The worker against real things: bubblewrap, shells, `terraform`.

mod backend;
mod bench;
mod child;
mod control_groups;
mod gateway;
mod hooks;
mod interrupted;
mod job;
mod killed_worker;
mod limits;
mod log_limit;
mod managed_state;
mod metadata_filter;
mod mounted_files;
mod provider_cache;
mod proxy;
mod s3_backend;
mod sandbox;
mod sandbox_of_a_normal_user;
mod stage;
mod state_server;
mod system_calls;
mod workspace;
