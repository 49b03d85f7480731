//! Integration tests of `gantry-core`: goldens and properties over its public face.

mod credentials;
mod golden;
mod run_states;
