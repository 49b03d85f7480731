//! From the configuration to the parts of a worker.

use std::path::PathBuf;
use std::sync::Arc;

use gantry_cloud::aws::AwsSettings;
use gantry_cloud::registry::Registry;
use gantry_tools::{Cache, Network, Releases, Settings};

use super::StartError;
use crate::child_env::Base;
use crate::cli_config::{Mirror, Patterns, ProviderInstallation};
use crate::config::{Identity, Server, WorkerConfig};
use crate::provider_cache::ProviderCache;
use crate::sandbox::Sandbox;
use crate::tools::Tools;

pub(super) fn git(config: &WorkerConfig) -> Result<gantry_git::Settings, StartError> {
    let mut settings = gantry_git::Settings::new(config.data_dir.join("git"));
    settings.local_roots = config.local_repositories.clone();
    settings.proxy = config.proxy.https()?.or(config.proxy.http()?);
    settings.no_proxy = config.proxy.none.clone();
    settings.ca_bundle = config.ca_bundle.clone();
    if let Ok(path) = std::env::join_paths(&config.path) {
        settings.search_path = path.to_string_lossy().into_owned();
    }
    Ok(settings)
}

/// For a worker of a private pool, whose own identity is the user's. Nothing is asked yet.
pub(super) fn clouds(config: &WorkerConfig) -> Option<Registry> {
    let private = matches!(
        config.server,
        Server::Elsewhere {
            identity: Identity::Pool { .. },
            ..
        }
    );
    private.then(|| {
        Registry::new(AwsSettings {
            sts_endpoint: config.sts_endpoint.clone(),
            ..AwsSettings::default()
        })
    })
}

/// Before the sandbox is started: it shows children what is in the directory of downloaded tools.
pub(super) fn tools(config: &WorkerConfig) -> Result<Tools, StartError> {
    let given = &config.downloads;
    let releases = Releases::new(Settings {
        terraform: given.terraform.clone(),
        opentofu: given.opentofu.clone(),
        keys: given.keys.clone(),
        network: Network {
            http_proxy: config.proxy.http()?,
            https_proxy: config.proxy.https()?,
            no_proxy: config.proxy.none.clone(),
            ca_bundle: config.ca_bundle.clone(),
        },
    });
    let path = downloaded(config);
    let cache = Cache::open(path.clone(), Arc::new(releases));
    let cache = cache.map_err(|source| StartError::Downloads { path, source })?;
    Ok(Tools::new(
        config.versions_dir.clone(),
        config.path.clone(),
        cache,
    ))
}

pub(super) fn provider_cache(
    config: &WorkerConfig,
) -> Result<Option<Arc<ProviderCache>>, StartError> {
    if config.insecure_no_sandbox {
        return Ok(None);
    }
    let path = cached_providers(config);
    let cache = ProviderCache::open(path.clone(), config.provider_cache, providers(config));
    let cache = cache.map_err(|source| StartError::Downloads { path, source })?;
    Ok(Some(Arc::new(cache)))
}

fn downloaded(config: &WorkerConfig) -> PathBuf {
    config.data_dir.join("tools")
}

fn cached_providers(config: &WorkerConfig) -> PathBuf {
    config.data_dir.join("providers")
}

/// What describes the box and the installation.
pub(super) fn environment(config: &WorkerConfig, sandbox: &Sandbox) -> Result<Base, StartError> {
    let mut variables = sandbox.environment();
    variables.extend(config.proxy.environment());
    let proxies = [config.proxy.http()?, config.proxy.https()?];
    let masked = proxies.iter().flatten().flat_map(|proxy| proxy.masked());
    Ok(Base {
        masked: masked.collect(),
        variables,
    })
}

/// Where executables for children are: the tools', and cached providers; those below `/usr` are in every child's root anyway. Of PATH
/// only what really holds a tool: the rest of it is the server's business, not a child's.
pub(super) fn tool_directories(config: &WorkerConfig) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = config.versions_dir.iter().cloned().collect();
    found.extend([downloaded(config), cached_providers(config)]);
    for dir in &config.path {
        for name in ["terraform", "tofu"] {
            // What PATH names may be a link to somewhere else.
            if let Ok(real) = dir.join(name).canonicalize()
                && let Some(parent) = real.parent()
            {
                found.extend([dir.clone(), parent.to_owned()]);
            }
        }
    }
    found.retain(|dir| dir.is_dir() && !dir.starts_with("/usr") && !dir.starts_with("/bin"));
    found.sort();
    found.dedup();
    found
}

pub(super) fn providers(config: &WorkerConfig) -> ProviderInstallation {
    let patterns = |include: &[String], exclude: &[String]| Patterns {
        include: include.to_vec(),
        exclude: exclude.to_vec(),
    };
    let given = &config.providers;
    let filesystem = given.filesystem_mirrors.iter().map(|mirror| Mirror {
        place: mirror.path.clone(),
        patterns: patterns(&mirror.include, &mirror.exclude),
    });
    let network = given.network_mirrors.iter().map(|mirror| Mirror {
        place: mirror.url.clone(),
        patterns: patterns(&mirror.include, &mirror.exclude),
    });
    ProviderInstallation {
        filesystem_mirrors: filesystem.collect(),
        network_mirrors: network.collect(),
        direct: given.direct.then(Patterns::default),
    }
}
