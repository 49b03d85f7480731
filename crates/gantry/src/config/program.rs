//! Which settings a program reads: a worker of its own needs none of the server's, and gets none.

/// Who reads the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// The server, and every command about an installation.
    Server,
    /// `gantry worker`.
    Worker,
}

/// How a worker elsewhere joins; a server has its embedded one.
const JOINING: [&str; 4] = [
    "worker.join",
    "worker.join_file",
    "worker.pool_config_file",
    "worker.pool_private_key_file",
];

/// What a worker elsewhere reads beside its own group.
const SHARED: [&str; 3] = ["data_dir", "aws.sts_endpoint", "source.local_roots"];

const SHARED_GROUPS: [&str; 3] = ["worker.", "child.", "log."];

impl Program {
    pub(super) fn reads(self, path: &str) -> bool {
        let joining = JOINING.contains(&path);
        match self {
            Program::Server => !joining,
            Program::Worker => {
                joining
                    || SHARED.contains(&path)
                    || SHARED_GROUPS.iter().any(|group| path.starts_with(group))
            }
        }
    }

    /// Whom a setting of the other program belongs to.
    pub(super) const fn others(self) -> &'static str {
        match self {
            Program::Server => "`gantry worker`",
            Program::Worker => "the server",
        }
    }
}
