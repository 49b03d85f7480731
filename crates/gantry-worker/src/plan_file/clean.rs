//! The side that a plan is compared with. Links are followed here as far as they stay inside the
//! repository: sharing a file by a link is common, and it is the reviewed repository's own.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::fd::AsRawFd;
use std::path::{Component, Path, PathBuf};

use nix::fcntl::{OFlag, OpenHow, ResolveFlag, openat2};

use super::{Engine, PlanFileError};

/// The clean workspace, as initialize left it.
#[derive(Clone, Copy, Debug)]
pub struct Clean<'a> {
    /// The repository's directory on the host.
    pub repository: &'a Path,
    /// The project root, relative to it.
    pub project_root: &'a Path,
    pub engine: Engine,
    /// The Terraform workspace that the phase's environment chose (`TF_WORKSPACE`), if it did.
    pub workspace: Option<&'a str>,
}

const LARGEST: u64 = 64 << 20;

impl Clean<'_> {
    /// A file of the configuration; `None`: there is none.
    pub(super) fn config_file(
        &self,
        module: &Path,
        name: &str,
    ) -> Result<Option<Vec<u8>>, PlanFileError> {
        self.read(&module.join(name))
    }

    /// The names of the files in a module's directory that the tool reads as configuration.
    pub(super) fn config_files(&self, module: &Path) -> Result<Vec<String>, PlanFileError> {
        let Some(directory) = self.open(module, OFlag::O_DIRECTORY)? else {
            return Ok(Vec::new());
        };
        let failed = |error: std::io::Error| self.error(module, &error.to_string());
        let path = format!("/proc/self/fd/{}", directory.as_raw_fd());
        let mut names = Vec::new();
        for entry in std::fs::read_dir(path).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            if let Ok(name) = entry.file_name().into_string()
                && !entry.file_type().map_err(failed)?.is_dir()
            {
                names.push(name);
            }
        }
        Ok(self.engine.configuration(&names))
    }

    pub(super) fn manifest(&self) -> Result<Option<Vec<u8>>, PlanFileError> {
        self.read(Path::new(".terraform/modules/modules.json"))
    }

    pub(super) fn lock_file(&self) -> Result<Option<Vec<u8>>, PlanFileError> {
        self.read(Path::new(".terraform.lock.hcl"))
    }

    pub(super) fn backend(&self) -> Result<Option<Vec<u8>>, PlanFileError> {
        self.read(Path::new(".terraform/terraform.tfstate"))
    }

    pub(super) fn workspace(&self) -> Result<String, PlanFileError> {
        if let Some(given) = self.workspace.filter(|given| !given.is_empty()) {
            return Ok(given.to_owned());
        }
        let chosen = self
            .read(Path::new(".terraform/environment"))?
            .unwrap_or_default();
        Ok(match String::from_utf8_lossy(&chosen).trim() {
            "" => "default".to_owned(),
            name => name.to_owned(),
        })
    }

    fn read(&self, path: &Path) -> Result<Option<Vec<u8>>, PlanFileError> {
        let Some(file) = self.open(path, OFlag::O_NONBLOCK)? else {
            return Ok(None);
        };
        let failed = |error: std::io::Error| self.error(path, &error.to_string());
        if !file.metadata().map_err(failed)?.is_file() {
            return Err(self.error(path, "it is no regular file"));
        }
        let mut content = Vec::new();
        file.take(LARGEST + 1)
            .read_to_end(&mut content)
            .map_err(failed)?;
        match content.len() as u64 > LARGEST {
            true => Err(self.error(path, "it is too large")),
            false => Ok(Some(content)),
        }
    }

    /// Opens a path relative to the project root.
    fn open(&self, path: &Path, flags: OFlag) -> Result<Option<File>, PlanFileError> {
        let repository = File::open(self.repository)
            .map_err(|error| self.error(Path::new("."), &error.to_string()))?;
        let plain = |part: Component<'_>| {
            matches!(
                part,
                Component::Normal(_) | Component::CurDir | Component::ParentDir
            )
        };
        if !path.components().all(plain) {
            return Err(self.error(path, "it is not a relative path"));
        }
        let whole: PathBuf = Path::new(".").join(self.project_root).join(path);
        let how = OpenHow::new()
            .flags(OFlag::O_RDONLY | OFlag::O_CLOEXEC | flags)
            .resolve(ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_MAGICLINKS);
        let opened = loop {
            match openat2(&repository, &whole, how) {
                // Somewhere on the machine something was renamed while `..` was looked up: the kernel
                // is not sure any more, and wants to be asked again.
                Err(nix::Error::EAGAIN) => continue,
                opened => break opened,
            }
        };
        match opened {
            Ok(fd) => Ok(Some(File::from(fd))),
            Err(nix::Error::ENOENT | nix::Error::ENOTDIR) => Ok(None),
            Err(nix::Error::EXDEV | nix::Error::ELOOP) => {
                Err(self.error(path, "a symbolic link leads out of the repository"))
            }
            Err(error) => {
                let error = std::io::Error::from(error);
                match error.kind() {
                    ErrorKind::NotFound => Ok(None),
                    _ => Err(self.error(path, &error.to_string())),
                }
            }
        }
    }

    fn error(&self, path: &Path, problem: &str) -> PlanFileError {
        PlanFileError::Clean {
            path: self.project_root.join(path).display().to_string(),
            problem: problem.to_owned(),
        }
    }
}

impl Engine {
    /// Which files of a directory are configuration: not hidden, no editor's backups, and for OpenTofu
    /// no `.tf` file beside a `.tofu` file of the same name.
    pub(super) fn configuration(self, names: &[String]) -> Vec<String> {
        let endings: &[&str] = match self {
            Engine::Terraform => &[".tf", ".tf.json"],
            Engine::OpenTofu => &[".tf", ".tf.json", ".tofu", ".tofu.json"],
        };
        let ignored = |name: &str| {
            name.starts_with('.')
                || name.ends_with('~')
                || (name.starts_with('#') && name.ends_with('#'))
        };
        let shadowed = |name: &str| {
            let twin = match (name.strip_suffix(".tf"), name.strip_suffix(".tf.json")) {
                (Some(stem), _) => format!("{stem}.tofu"),
                (_, Some(stem)) => format!("{stem}.tofu.json"),
                _ => return false,
            };
            self == Engine::OpenTofu && names.contains(&twin)
        };
        let mut found: Vec<String> = names
            .iter()
            .filter(|name| endings.iter().any(|ending| name.ends_with(ending)))
            .filter(|name| !ignored(name) && !shadowed(name))
            .cloned()
            .collect();
        found.sort();
        found
    }
}
