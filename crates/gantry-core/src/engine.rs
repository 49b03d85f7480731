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
