//! Where the files of a release are.

use gantry_core::engine::Engine;
use gantry_core::tool_version::ToolVersion;

/// Where OpenTofu's project answers which versions there are; its files are elsewhere.
const OPENTOFU: &str = "https://get.opentofu.org/tofu";
const OPENTOFU_FILES: &str = "https://github.com/opentofu/opentofu/releases/download";

/// A release server of one of the tools, or a mirror with the same layout.
#[derive(Clone, Debug)]
pub(crate) struct Mirror {
    engine: Engine,
    /// Without a slash at its end.
    base: String,
}

impl Mirror {
    pub fn new(engine: Engine, base: &str) -> Self {
        Mirror {
            engine,
            base: base.trim_end_matches('/').to_owned(),
        }
    }

    /// For people: where it is.
    pub fn place(&self) -> &str {
        &self.base
    }

    pub fn index(&self) -> String {
        match self.engine {
            Engine::Terraform => format!("{}/terraform/index.json", self.base),
            Engine::OpenTofu => format!("{}/api.json", self.base),
        }
    }

    pub fn file(&self, version: &ToolVersion, name: &str) -> String {
        match self.engine {
            Engine::Terraform => format!("{}/terraform/{version}/{name}", self.base),
            Engine::OpenTofu if self.base == OPENTOFU => {
                format!("{OPENTOFU_FILES}/v{version}/{name}")
            }
            Engine::OpenTofu => format!("{}/v{version}/{name}", self.base),
        }
    }
}

pub(crate) fn sums(engine: Engine, version: &ToolVersion) -> String {
    format!("{}_{version}_SHA256SUMS", engine.binary())
}

pub(crate) fn signature(engine: Engine, version: &ToolVersion) -> String {
    let ending = match engine {
        Engine::Terraform => "sig",
        Engine::OpenTofu => "gpgsig",
    };
    format!("{}.{ending}", sums(engine, version))
}

/// The archive for this machine. OpenTofu's mirrors need not have it as a zip.
pub(crate) fn archive(engine: Engine, version: &ToolVersion) -> String {
    let ending = match engine {
        Engine::Terraform => "zip",
        Engine::OpenTofu => "tar.gz",
    };
    format!("{}_{version}_linux_{}.{ending}", engine.binary(), machine())
}

/// What the tools' projects call this kind of processor.
pub(crate) fn machine() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}
