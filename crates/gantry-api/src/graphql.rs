//! The GraphQL schema: the contract's names, one file per noun.

pub mod account;
pub mod api_key;
pub mod context;
pub mod document;
pub mod login;
pub mod schema;
pub mod space;

pub use schema::{ApiSchema, build, sdl};
