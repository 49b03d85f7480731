//! Which credentials a phase may get: the decision side of the credential path.
//!
//! It reads as one line: `Phase → Access → Attachment or LegacyRole → Grant → ExternalId`. What
//! follows (asking the cloud, building the child's environment) lives in `gantry-cloud`,
//! `gantry-app` and `gantry-worker`.

pub mod access;
pub mod attachment;
pub mod cloud;
pub mod duration;
pub mod external_id;
pub mod grant;
pub mod integration;
pub mod issuing;
pub mod legacy_role;
pub mod migration;
pub mod phase_env;
pub mod role;
pub mod select;
pub mod session_name;
pub mod trial;
pub mod user_variables;
pub mod verification;
