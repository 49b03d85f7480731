//! The testkit's provider over a network mirror on loopback, which counts who asks.

use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::file_server::FileServer;
use crate::provider::{VERSION, executable};

const ADDRESS: &str = "registry.terraform.io/gantry/probe";

pub struct ProviderMirror {
    pub files: FileServer,
    /// What its clients must trust.
    pub certificate: PathBuf,
    /// Of the package, as a lock file has it.
    pub hash: String,
}

impl ProviderMirror {
    /// `directory`: for the certificate and its key.
    pub async fn start(directory: &Path) -> Result<Self> {
        let (files, certificate) = FileServer::start_tls(directory).await?;
        let name = format!("terraform-provider-probe_v{VERSION}");
        let content = std::fs::read(executable()?)?;
        let hash = package_hash(&[(&name, &content)]);
        let machine = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        };
        let archive = format!("terraform-provider-probe_{VERSION}_linux_{machine}.zip");
        let index = json!({ "versions": { VERSION: {} } });
        let platform = format!("linux_{machine}");
        let version = json!({
            "archives": { platform: { "url": archive, "hashes": [hash] } },
        });
        files.put(
            &format!("/{ADDRESS}/index.json"),
            index.to_string().into_bytes(),
        );
        files.put(
            &format!("/{ADDRESS}/{VERSION}.json"),
            version.to_string().into_bytes(),
        );
        files.put(&format!("/{ADDRESS}/{archive}"), zip(&name, &content)?);
        Ok(ProviderMirror {
            files,
            certificate,
            hash,
        })
    }

    /// For the configuration: a network mirror's address ends with a slash.
    pub fn address(&self) -> String {
        format!("{}/", self.files.address())
    }

    /// A dependency lock file that allows these packages of the provider.
    pub fn lock_file(&self, hashes: &[&str]) -> String {
        let hashes: String = hashes
            .iter()
            .map(|hash| format!("    \"{hash}\",\n"))
            .collect();
        format!(
            "provider \"{ADDRESS}\" {{\n  version = \"{VERSION}\"\n  hashes = [\n{hashes}  ]\n}}\n"
        )
    }

    /// How often the package was downloaded, and how often anything was asked, since the last time.
    pub fn asked(&self) -> (usize, usize) {
        let asked = self.files.asked();
        let archives = asked.iter().filter(|path| path.ends_with(".zip")).count();
        (archives, asked.len())
    }
}

/// Terraform's hash of a directory with these files.
pub fn package_hash(files: &[(&str, &[u8])]) -> String {
    let mut files = files.to_vec();
    files.sort_by_key(|(name, _)| *name);
    let mut list = String::new();
    for (name, content) in files {
        list.push_str(&format!(
            "{}  {name}\n",
            hex::encode(Sha256::digest(content))
        ));
    }
    format!("h1:{}", STANDARD.encode(Sha256::digest(list)))
}

fn zip(name: &str, content: &[u8]) -> Result<Vec<u8>> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Stored)
        .unix_permissions(0o755);
    zip.start_file(name, options)?;
    zip.write_all(content)?;
    Ok(zip.finish()?.into_inner())
}
