//! Opens what an installation consists of, in the order in which one thing needs another.

use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use gantry_app::sign_on::SignOnSettings;
use gantry_app::{MasterKeyFile, MasterKeySource, MasterKeys, ObjectsLocation, Settings};
use gantry_cloud::aws::AwsSettings;
use gantry_cloud::registry::Registry;
use gantry_core::authz::group::GroupRoles;
use gantry_core::engine::Engine;
use gantry_core::protocol::Limits;
use gantry_core::proxy::ProxyAddress;
use gantry_store::{Connect, Store};
use nix::fcntl::{Flock, FlockArg};
use secrecy::{ExposeSecret as _, SecretString};

use crate::config::Config;

/// Makes the data directory and what in it nobody else may read.
pub fn make_data_dir(config: &Config) -> anyhow::Result<()> {
    make_folders(config)?;
    // SQLite gives its other files the mode of this one.
    let database = config.below_data("gantry.sqlite");
    if matches!(connect(config), Connect::Sqlite(_)) {
        std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&database)
            .with_context(|| format!("{} can't be made", database.display()))?;
    }
    Ok(())
}

/// The data directory without anything in it that an installation has.
pub fn make_folders(config: &Config) -> anyhow::Result<()> {
    for dir in [
        config.data_dir.clone(),
        config.below_data("git"),
        config.below_data("objects"),
    ] {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&dir)
            .with_context(|| format!("the data directory {} can't be made", dir.display()))?;
    }
    Ok(())
}

/// Closes the data directory to others. Children without a sandbox have users of their own when we are
/// root, and have to walk through it to their workspace.
pub fn close_data_dir(config: &Config) -> anyhow::Result<()> {
    let mode = match config.worker.insecure_no_sandbox {
        true => 0o711,
        false => 0o700,
    };
    let dir = &config.data_dir;
    std::fs::set_permissions(dir, std::fs::Permissions::from_mode(mode))
        .with_context(|| format!("the data directory {} is not ours", dir.display()))
}

/// Held while a server uses the data directory; the operating system lets go of it with us.
pub struct DataDirLock(#[expect(dead_code, reason = "held, not read")] Flock<File>);

pub fn lock_data_dir(config: &Config) -> anyhow::Result<DataDirLock> {
    let (path, file) = lock_file(config, SERVER_LOCK)?;
    match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
        Ok(mut lock) => {
            // For commands that have something to tell the server.
            lock.set_len(0)
                .and_then(|()| write!(lock, "{}", std::process::id()))
                .with_context(|| format!("{} can't be written", path.display()))?;
            Ok(DataDirLock(lock))
        }
        Err(_) => bail!(
            "another gantry server uses the data directory {}: stop it, or give this one a \
             directory of its own",
            config.data_dir.display()
        ),
    }
}

const SERVER_LOCK: &str = "server.lock";

fn lock_file(config: &Config, name: &str) -> anyhow::Result<(PathBuf, File)> {
    let path = config.below_data(name);
    let file = std::fs::OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(&path)
        .with_context(|| format!("{} can't be written", path.display()))?;
    Ok((path, file))
}

/// One at a time changes the master key.
pub fn lock_master_key(config: &Config) -> anyhow::Result<DataDirLock> {
    let (path, file) = lock_file(config, "master-key.lock")?;
    match Flock::lock(file, FlockArg::LockExclusive) {
        Ok(lock) => Ok(DataDirLock(lock)),
        Err((_, error)) => bail!("{} can't be locked: {error}", path.display()),
    }
}

/// Tells the server that uses the data directory to look at its keys again; answers with its process.
pub fn tell_server(config: &Config) -> anyhow::Result<Option<i32>> {
    let (path, file) = lock_file(config, SERVER_LOCK)?;
    if Flock::lock(file, FlockArg::LockExclusiveNonblock).is_ok() {
        return Ok(None);
    }
    let text = std::fs::read_to_string(&path)?;
    let Ok(pid) = text.trim().parse() else {
        bail!("a server of an older version runs: restart it, so that it takes the new key");
    };
    nix::sys::signal::kill(
        nix::unistd::Pid::from_raw(pid),
        nix::sys::signal::Signal::SIGHUP,
    )
    .with_context(|| format!("the server (process {pid}) can't be told: send it SIGHUP"))?;
    Ok(Some(pid))
}

pub async fn open_store(config: &Config) -> anyhow::Result<Store> {
    Ok(Store::open(&connect(config)).await?)
}

pub fn connect(config: &Config) -> Connect {
    let url = config.database_url.expose_secret();
    if url.is_empty() {
        Connect::Sqlite(config.below_data("gantry.sqlite"))
    } else {
        Connect::Postgres(url.to_owned())
    }
}

/// Where the master key is, which may be missing.
pub fn master_key_source(config: &Config) -> anyhow::Result<MasterKeySource> {
    let given = config.master_key.expose_secret();
    if given.is_empty() {
        return Ok(MasterKeySource::File(master_key_file(config)));
    }
    MasterKeys::parse(given)
        .map(MasterKeySource::Given)
        .map_err(|error| anyhow::anyhow!("master_key: {error}"))
}

/// The same; the file is made while nothing is sealed with another one yet.
pub async fn master_key(config: &Config, store: &Store) -> anyhow::Result<MasterKeySource> {
    let source = master_key_source(config)?;
    let MasterKeySource::File(path) = &source else {
        return Ok(source);
    };
    let nothing_sealed = gantry_store::data_key::list(store.reader())
        .await?
        .is_empty();
    if nothing_sealed {
        MasterKeyFile::new(path)
            .create()
            .map_err(|error| anyhow::anyhow!(error))?;
    }
    Ok(source)
}

pub fn master_key_file(config: &Config) -> PathBuf {
    if config.master_key_file.is_empty() {
        config.below_data("master.key")
    } else {
        PathBuf::from(&config.master_key_file)
    }
}

pub fn objects(config: &Config) -> anyhow::Result<ObjectsLocation> {
    if config.objects.is_empty() {
        return Ok(ObjectsLocation::Directory(config.below_data("objects")));
    }
    match config.objects.strip_prefix("s3://") {
        Some(rest) => {
            let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
            Ok(ObjectsLocation::S3 {
                bucket: bucket.to_owned(),
                prefix: prefix.to_owned(),
            })
        }
        None if Path::new(&config.objects).is_absolute() => {
            Ok(ObjectsLocation::Directory(PathBuf::from(&config.objects)))
        }
        None => bail!(
            "objects `{}`: write s3://bucket/prefix or an absolute path",
            config.objects
        ),
    }
}

pub fn settings(config: &Config) -> anyhow::Result<Settings> {
    let mut roots = Vec::new();
    for root in &config.source.local_roots {
        match root.canonicalize() {
            Ok(root) => roots.push(root),
            Err(error) if error.kind() == ErrorKind::NotFound => bail!(
                "source.local_roots: the directory {} does not exist",
                root.display()
            ),
            Err(error) => bail!("source.local_roots: {}: {error}", root.display()),
        }
    }
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let mut git = gantry_git::Settings::new(config.below_data("git"));
    git.local_roots = roots.clone();
    git.proxy = proxy(&config.child.https_proxy)?.or(proxy(&config.child.http_proxy)?);
    git.no_proxy = some(&config.child.no_proxy);
    git.ca_bundle = some(&config.child.ca_bundle).map(PathBuf::from);
    if let Ok(path) = std::env::var("PATH") {
        git.search_path = path;
    }
    let network = gantry_tools::Network {
        http_proxy: proxy(&config.child.http_proxy)?,
        https_proxy: proxy(&config.child.https_proxy)?,
        no_proxy: some(&config.child.no_proxy),
        ca_bundle: some(&config.child.ca_bundle).map(PathBuf::from),
    };
    Ok(Settings {
        public_url: config.server.public_url.clone(),
        worker_gateway_url: some(&config.worker_gateway.public_url),
        local_repository_roots: roots,
        git: Some(git),
        tools: gantry_tools::Settings {
            terraform: config.worker.mirror(Engine::Terraform),
            opentofu: config.worker.mirror(Engine::OpenTofu),
            keys: some(&config.worker.tools_keys).map(PathBuf::from),
            network: network.clone(),
        },
        sign_on: sign_on(config, network)?,
        tools_dir: some(&config.worker.tools_dir).map(PathBuf::from),
        repository_template: some(&config.source.template),
        limits: Limits {
            time: config.run.time_limit,
            silence: config.run.silence_limit,
            grace: config.run.stop_grace,
            log: mib(config.run.log_limit),
            disk: mib(config.run.disk_limit),
            files: config.run.file_limit,
            memory: mib(config.run.memory_limit),
            processes: config.run.process_limit,
        },
        lease: config.run.lease,
    })
}

fn mib(number: u32) -> u64 {
    u64::from(number) << 20
}

fn proxy(value: &SecretString) -> anyhow::Result<Option<ProxyAddress>> {
    let value = value.expose_secret();
    match value.is_empty() {
        true => Ok(None),
        false => Ok(Some(ProxyAddress::parse(value)?)),
    }
}

/// The clouds; none is asked anything before somebody needs it.
pub fn clouds(config: &Config) -> Registry {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Registry::new(AwsSettings {
        sts_endpoint: some(&config.aws.sts_endpoint),
        principal: some(&config.aws.principal),
        ..AwsSettings::default()
    })
}

/// `None` when no issuer is configured.
fn sign_on(
    config: &Config,
    network: gantry_tools::Network,
) -> anyhow::Result<Option<SignOnSettings>> {
    let given = &config.sign_on;
    if given.issuer.is_empty() {
        return Ok(None);
    }
    if given.client_id.is_empty() {
        bail!("sign_on.client_id: set it: the identity provider has to know who asks");
    }
    if !given.scopes.iter().any(|scope| scope == "openid") {
        bail!(
            "sign_on.scopes {:?}: `openid` has to be among them",
            given.scopes
        );
    }
    let roles = GroupRoles::parse(given.roles.iter().map(String::as_str));
    let roles = roles.map_err(|error| anyhow::anyhow!("sign_on.roles: {error}"))?;
    if roles.is_empty() {
        bail!("sign_on.roles: set it: without a role for any group nobody is let in");
    }
    Ok(Some(SignOnSettings {
        issuer: given.issuer.clone(),
        client_id: given.client_id.clone(),
        client_secret: given.client_secret.clone(),
        scopes: given.scopes.clone(),
        groups_claim: given.groups_claim.clone(),
        roles,
        name: given.name.clone(),
        network,
    }))
}
