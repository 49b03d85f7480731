//! Talks to clouds: turns a grant into secrets, and finds out whether a role may be relied on.
//!
//! The only crate that speaks to STS. It knows no database, no runs table and no user; it answers
//! what it is asked, and every secret it makes leaves it as a `PhaseEnv`.

pub mod aws;
pub mod error;
pub mod provider;
pub mod registry;
