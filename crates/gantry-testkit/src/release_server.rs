//! A release server of the tools on loopback: the layouts of the real ones, and keys of its own.

use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Result;
use gantry_core::engine::Engine;
use pgp::composed::{
    ArmorOptions, DetachedSignature, KeyType, SecretKeyParamsBuilder, SignedPublicKey,
    SignedSecretKey, SubkeyParamsBuilder,
};
use pgp::crypto::hash::HashAlgorithm;
use pgp::ser::Serialize as _;
use pgp::types::{Password, SigningKey};
use sha2::{Digest as _, Sha256};

use crate::file_server::FileServer;

/// Whoever signs: a key, and a subkey for signing.
pub struct Signer(SignedSecretKey);

impl Signer {
    pub fn new() -> Result<Self> {
        let subkey = SubkeyParamsBuilder::default()
            .key_type(KeyType::Ed25519Legacy)
            .can_sign(true)
            .build()?;
        let key = SecretKeyParamsBuilder::default()
            .key_type(KeyType::Ed25519Legacy)
            .can_certify(true)
            .can_sign(true)
            .primary_user_id("A release server of tests".into())
            .subkey(subkey)
            .build()?;
        Ok(Signer(key.generate(rand_08::thread_rng())?))
    }

    /// Armored.
    pub fn public_key(&self) -> Result<String> {
        let public = SignedPublicKey::from(self.0.clone());
        Ok(public.to_armored_string(ArmorOptions::default())?)
    }

    /// With the key itself.
    pub fn sign(&self, content: &[u8]) -> Result<Vec<u8>> {
        sign(&self.0.primary_key, content, HashAlgorithm::Sha256)
    }

    pub fn sign_with_subkey(&self, content: &[u8]) -> Result<Vec<u8>> {
        let subkey = &self.0.secret_subkeys[0].key;
        sign(subkey, content, HashAlgorithm::Sha512)
    }
}

fn sign(key: &impl SigningKey, content: &[u8], hash: HashAlgorithm) -> Result<Vec<u8>> {
    let random = rand_08::thread_rng();
    let signature =
        DetachedSignature::sign_binary_data(random, key, &Password::empty(), hash, content)?;
    Ok(signature.to_bytes()?)
}

pub struct ReleaseServer {
    pub files: FileServer,
    pub signer: Signer,
    published: std::sync::Mutex<Vec<(Engine, String)>>,
}

impl ReleaseServer {
    pub async fn start() -> Result<Self> {
        Ok(ReleaseServer {
            files: FileServer::start().await?,
            signer: Signer::new()?,
            published: std::sync::Mutex::default(),
        })
    }

    /// What the installation's settings name.
    pub fn mirror(&self, engine: Engine) -> String {
        match engine {
            Engine::Terraform => self.files.address().to_owned(),
            Engine::OpenTofu => format!("{}/tofu", self.files.address()),
        }
    }

    /// Writes the key that its releases are signed with.
    pub fn key_file(&self, directory: &Path) -> Result<PathBuf> {
        let path = directory.join("release-key.asc");
        std::fs::write(&path, self.signer.public_key()?)?;
        Ok(path)
    }

    /// Releases a version whose executable holds these bytes.
    pub fn publish(&self, engine: Engine, version: &str, executable: &[u8]) -> Result<()> {
        let archive = match engine {
            Engine::Terraform => zip(engine.binary(), executable)?,
            Engine::OpenTofu => tar(engine.binary(), executable)?,
        };
        self.files.put(&self.archive(engine, version), archive);
        self.sum_up(engine, version)?;
        self.published
            .lock()
            .expect("nobody panics with it")
            .push((engine, version.to_owned()));
        self.list(engine);
        Ok(())
    }

    /// Makes the list of checksums of what is there, and signs it.
    pub fn sum_up(&self, engine: Engine, version: &str) -> Result<()> {
        let path = self.archive(engine, version);
        let content = self.files.file(&path).unwrap_or_default();
        let name = path.rsplit('/').next().unwrap_or_default();
        let sums = format!(
            "{}  {}_{version}_plan9_amd64.zip\n{}  {name}\n",
            "0".repeat(64),
            engine.binary(),
            hex::encode(Sha256::digest(&content)),
        );
        // HashiCorp signs with a subkey, OpenTofu with the key itself.
        let signature = match engine {
            Engine::Terraform => self.signer.sign_with_subkey(sums.as_bytes())?,
            Engine::OpenTofu => self.signer.sign(sums.as_bytes())?,
        };
        self.files.put(&self.sums(engine, version), sums);
        self.files.put(&self.signature(engine, version), signature);
        Ok(())
    }

    fn list(&self, engine: Engine) {
        let published = self.published.lock().expect("nobody panics with it");
        let versions = published.iter().filter(|(of, _)| *of == engine);
        match engine {
            Engine::Terraform => {
                let versions: serde_json::Map<_, _> = versions
                    .map(|(_, version)| {
                        let build = serde_json::json!({ "os": "linux", "arch": machine() });
                        let release = serde_json::json!({ "version": version, "builds": [build] });
                        (version.clone(), release)
                    })
                    .collect();
                let index = serde_json::json!({ "name": "terraform", "versions": versions });
                self.files
                    .put("/terraform/index.json", index.to_string().into_bytes());
            }
            Engine::OpenTofu => {
                let versions: Vec<_> = versions
                    .map(|(_, version)| {
                        let archive = self.archive(engine, version);
                        let name = archive.rsplit('/').next();
                        serde_json::json!({ "id": version, "files": [name] })
                    })
                    .collect();
                let index = serde_json::json!({ "versions": versions });
                self.files
                    .put("/tofu/api.json", index.to_string().into_bytes());
            }
        }
    }

    pub fn archive(&self, engine: Engine, version: &str) -> String {
        let (name, machine) = (engine.binary(), machine());
        match engine {
            Engine::Terraform => {
                format!("/terraform/{version}/{name}_{version}_linux_{machine}.zip")
            }
            Engine::OpenTofu => format!("/tofu/v{version}/{name}_{version}_linux_{machine}.tar.gz"),
        }
    }

    pub fn sums(&self, engine: Engine, version: &str) -> String {
        match engine {
            Engine::Terraform => format!("/terraform/{version}/terraform_{version}_SHA256SUMS"),
            Engine::OpenTofu => format!("/tofu/v{version}/tofu_{version}_SHA256SUMS"),
        }
    }

    pub fn signature(&self, engine: Engine, version: &str) -> String {
        let ending = match engine {
            Engine::Terraform => "sig",
            Engine::OpenTofu => "gpgsig",
        };
        format!("{}.{ending}", self.sums(engine, version))
    }
}

/// A tool that says its version, and does nothing else.
pub fn stand_in(version: &str) -> Vec<u8> {
    format!("#!/bin/sh\necho '{{\"terraform_version\":\"{version}\"}}'\n").into_bytes()
}

fn zip(name: &str, executable: &[u8]) -> Result<Vec<u8>> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    // Not packed: what is released in tests may be the real tool, and large.
    let options = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Stored)
        .unix_permissions(0o755);
    zip.start_file("LICENSE.txt", options)?;
    zip.write_all(b"Nothing is forbidden.\n")?;
    zip.start_file(name, options)?;
    zip.write_all(executable)?;
    Ok(zip.finish()?.into_inner())
}

fn tar(name: &str, executable: &[u8]) -> Result<Vec<u8>> {
    let packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut tar = tar::Builder::new(packed);
    for (name, content) in [("LICENSE", b"None.\n".as_slice()), (name, executable)] {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o755);
        tar.append_data(&mut header, name, content)?;
    }
    Ok(tar.into_inner()?.finish()?)
}

fn machine() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}
