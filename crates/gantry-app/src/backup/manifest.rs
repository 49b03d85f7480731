use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Of the files of a backup. Another number is another arrangement.
pub const FORMAT: u32 = 1;

/// What a backup says about itself; it is written last.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Manifest {
    pub format: u32,
    /// The version that made it.
    pub gantry: String,
    pub account: String,
    /// `sqlite` or `postgres`.
    pub database: String,
    pub schema: i64,
    pub epoch: String,
    /// Unix milliseconds.
    pub taken_at: i64,
    /// The names of the master keys that open it.
    pub master_keys: Vec<String>,
    pub has_master_key: bool,
    /// Objects that the database names and that were lost before.
    pub missing: Vec<String>,
    /// By their names below the folder.
    pub files: BTreeMap<String, File>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    pub bytes: u64,
    pub sha256: String,
}
