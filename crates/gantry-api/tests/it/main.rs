//! The schema against the contract, and documents of the known clients against the operations.

mod api_key;
mod audit;
mod audit_export;
mod authorization;
mod batch;
mod client;
mod cloud_integration;
mod context;
mod contract;
mod error;
mod events;
mod gateway;
mod run;
mod sdl;
mod session;
mod sign_on;
mod space;
mod stack;
mod state;
mod worker_gateway;
mod worker_pool;
