//! The worker against real things: bubblewrap, shells, `terraform`.

mod backend;
mod bench;
mod child;
mod gateway;
mod hooks;
mod interrupted;
mod job;
mod killed_worker;
mod metadata_filter;
mod s3_backend;
mod sandbox;
mod sandbox_of_a_normal_user;
mod stage;
mod workspace;
