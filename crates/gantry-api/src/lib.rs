//! The face of Gantry: GraphQL for people and their clients, state for Terraform, and the gateway
//! that workers talk to.
//!
//! This crate has no database and no cloud in its manifest: a resolver can't run SQL or assume a
//! role. It decodes, calls one operation of `gantry-app`, and converts the answer.

mod audit_export;
mod error;
mod events;
pub mod gateway;
pub mod graphql;
mod health;
pub mod http;
pub mod metrics;
mod session;
mod sign_on;
mod state;
