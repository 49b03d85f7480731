//! Cloud integrations, one file per cloud: what a cloud calls its things is its own.

pub mod aws;
pub mod search;
