use serde::{Deserialize, Serialize};

/// The tool that a stack runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    Terraform,
    #[serde(rename = "opentofu")]
    OpenTofu,
}

impl Engine {
    pub const fn as_str(self) -> &'static str {
        match self {
            Engine::Terraform => "terraform",
            Engine::OpenTofu => "opentofu",
        }
    }

    /// The name of the executable.
    pub const fn binary(self) -> &'static str {
        match self {
            Engine::Terraform => "terraform",
            Engine::OpenTofu => "tofu",
        }
    }
}

/// A tool at one version: what a run was prepared with, and what its plan is applied with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinnedTool {
    pub engine: Engine,
    pub version: String,
}

impl std::fmt::Display for PinnedTool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.engine.as_str(), self.version)
    }
}
