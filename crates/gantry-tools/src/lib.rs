//! Terraform and OpenTofu from where their projects release them: which versions there are, and the
//! executables, verified and kept.
//!
//! A download counts only when a key of the project has signed the list of checksums, and the
//! archive is what that list says. Nothing here trusts the server, the network or a proxy, so a
//! mirror of an installation needs no more trust than they do.
//!
//! Knows no runs and no database: the server asks for the versions, the worker for executables.

mod archive;
mod cache;
mod error;
mod http;
mod index;
mod mirror;
mod network;
mod releases;
mod signature;

pub use cache::{Cache, Cached};
pub use error::ToolsError;
pub use network::Network;
pub use releases::{Releases, Settings};
