//! What a run gets of the cache, and how its initialisation finds it.
//!
//! The tool takes a mirror's word for which versions exist, and asks every method that may have a
//! provider. So for one command, the initialisation itself, it gets a CLI configuration in which the
//! packages are a mirror and the only place of their providers: then it asks nobody for them. That holds
//! only while the run does what its commit says. Where the lock file is another one by then, where
//! the user brings a CLI configuration, or asks for newer versions, the usual configuration stays.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::locked::Locked;
use crate::cli_config::{Mirror, Patterns, ProviderInstallation};
use crate::sandbox::{CLI_CONFIG, Mount};

/// Inside the sandbox.
const PACKAGES: &str = "/opt/gantry/providers";
const INITIALIZE: &str = "/opt/gantry/initialize.rc";
const LOCK: &str = "/opt/gantry/lock.hcl";

/// A package that stays where it is for as long as this value lives.
#[derive(Clone)]
pub struct Offered {
    pub(super) path: PathBuf,
    pub(super) _held: Arc<()>,
}

/// Packages for the runs of one commit.
#[derive(Clone, Default)]
pub struct Offer {
    /// The lock file of the commit.
    lock_file: Vec<u8>,
    /// Address, the place in a mirror, and the package.
    packages: Vec<(String, PathBuf, Offered)>,
    /// Sentences for the log.
    pub refused: Vec<String>,
}

impl Offer {
    pub(super) fn new(lock_file: &[u8]) -> Self {
        Offer {
            lock_file: lock_file.to_vec(),
            ..Offer::default()
        }
    }

    pub(super) fn add(&mut self, locked: &Locked, package: Offered) {
        self.packages
            .push((locked.address.clone(), locked.below(), package));
    }

    pub fn is_empty(&self) -> bool {
        self.packages.is_empty()
    }

    /// For every phase of the run: what is installed are links to these.
    pub(crate) fn mounts(&self) -> Vec<Mount> {
        let packages = self.packages.iter();
        packages
            .map(|(_, below, package)| {
                Mount::read_only(&package.path, Path::new(PACKAGES).join(below))
            })
            .collect()
    }

    /// Writes what the initialisation needs into a directory of the run that its user can't change,
    /// and answers with the mounts for it.
    pub(crate) fn write(
        &self,
        installation: &ProviderInstallation,
        inside: impl Fn(usize, &Path) -> PathBuf,
        directory: &Path,
    ) -> std::io::Result<[Mount; 2]> {
        let (config, lock) = (directory.join("initialize.rc"), directory.join("lock.hcl"));
        std::fs::write(&config, self.cli_config(installation, inside))?;
        std::fs::write(&lock, &self.lock_file)?;
        for path in [&config, &lock] {
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644))?;
        }
        Ok([
            Mount::read_only(config, INITIALIZE),
            Mount::read_only(lock, LOCK),
        ])
    }

    /// The installation's own, but for the providers that are here.
    fn cli_config(
        &self,
        installation: &ProviderInstallation,
        inside: impl Fn(usize, &Path) -> PathBuf,
    ) -> String {
        let mut with = installation.clone();
        let here: Vec<String> = self.packages.iter().map(|(a, _, _)| a.clone()).collect();
        let filesystem = with.filesystem_mirrors.iter_mut().map(|m| &mut m.patterns);
        let network = with.network_mirrors.iter_mut().map(|m| &mut m.patterns);
        for patterns in filesystem.chain(network).chain(with.direct.as_mut()) {
            patterns.exclude.extend(here.iter().cloned());
        }
        let own = with.filesystem_mirrors.len();
        with.filesystem_mirrors.push(Mirror {
            place: PACKAGES.into(),
            patterns: Patterns {
                include: here,
                exclude: vec![],
            },
        });
        with.render(|n, place| match n == own {
            true => place.to_path_buf(),
            false => inside(n, place),
        })
    }

    /// The initialisation as text for a shell, around the tool's own.
    pub fn command(&self, init: &str) -> String {
        if self.is_empty() {
            return init.to_owned();
        }
        let mut text = String::new();
        let _ = write!(
            text,
            "case \"$TF_CLI_CONFIG_FILE $TF_CLI_ARGS $TF_CLI_ARGS_init\" in\n\
             *upgrade*) ;;\n\
             \"{CLI_CONFIG} \"*)\n\
             if cmp -s .terraform.lock.hcl {LOCK}; then export TF_CLI_CONFIG_FILE={INITIALIZE}; fi ;;\n\
             esac\n\
             {init}\n"
        );
        text
    }
}
