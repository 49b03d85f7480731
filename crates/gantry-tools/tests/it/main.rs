//! Downloads from a release server on loopback, with keys of the test's own.

mod download;
mod refused;
mod world;
