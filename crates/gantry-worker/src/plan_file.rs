//! The saved plan is hostile output: an archive written by a phase that ran a stranger's code, with a
//! copy of the configuration in it, and apply runs that copy with write credentials.
//!
//! [`check`] compares it with the clean workspace and refuses a plan whose configuration, module
//! manifest, dependency lock file or state backend is another one. What it returns is not the
//! archive it was given but one rebuilt from what was checked: of the original only the plan itself
//! (`tfplan`) and the two state snapshots remain, everything else is the clean workspace's own. So a
//! reader of archives, JSON or HCL that understands the hostile bytes differently from ours finds none.
//!
//! What can't be checked is what the plan says will be done: a hostile provider may forge planned
//! values. But then the forged ones are what people see and approve, since what they see is made from
//! exactly these bytes.
//!
//! The format (Terraform 1.11 and OpenTofu): `tfplan`, `tfstate`, `tfstate-prev`,
//! `tfconfig/modules.json`, `tfconfig/m-<module>/<file>`, `.terraform.lock.hcl`, newer OpenTofu also
//! `tfschemas`, which is optional and left out here. Terraform's files are tested; OpenTofu's are built
//! after its source code. An encrypted OpenTofu plan is no archive and is refused.

mod archive;
mod backend;
mod clean;
mod lock;
mod manifest;
mod msgpack;

#[cfg(test)]
mod tests;

pub(crate) use lock::locked;

use std::collections::BTreeSet;

pub use clean::Clean;

/// Which tool wrote the plan: they don't read the same files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Terraform,
    OpenTofu,
}

/// Bounds of what is read into memory.
#[derive(Clone, Copy, Debug)]
pub struct PlanLimits {
    pub entries: usize,
    /// Of all entries together, inflated.
    pub bytes: u64,
}

impl Default for PlanLimits {
    fn default() -> Self {
        Self {
            entries: 20_000,
            bytes: 256 << 20,
        }
    }
}

/// Each is a sentence for the run: the plan is not applied.
#[derive(Debug, thiserror::Error)]
pub enum PlanFileError {
    #[error(
        "the saved plan can't be read: it is no archive ({0}); a plan encrypted by OpenTofu can't be checked"
    )]
    NoArchive(String),
    #[error("the saved plan is larger than {0}")]
    TooLarge(String),
    #[error("the saved plan has an entry that does not belong there: `{0}`")]
    UnknownEntry(String),
    #[error("the saved plan has `{0}` twice")]
    Duplicate(String),
    #[error("the saved plan lacks `{0}`")]
    Missing(&'static str),
    #[error("the saved plan does not match the configuration: file `{0}` differs")]
    FileDiffers(String),
    #[error("the saved plan does not match the configuration: file `{0}` is not in the workspace")]
    FileAdded(String),
    #[error("the saved plan does not match the configuration: file `{0}` is missing in it")]
    FileMissing(String),
    #[error("the saved plan does not match the configuration: module `{0}` {1}")]
    Module(String, &'static str),
    #[error("the saved plan does not match the dependency lock file: {0}")]
    Lock(String),
    #[error("the saved plan does not match the configuration: {0}")]
    Backend(String),
    #[error("the clean workspace can't be read: `{path}`: {problem}")]
    Clean { path: String, problem: String },
}

/// Checks a plan file against the clean workspace. Returns the plan file to seal, show and apply.
pub fn check(plan: &[u8], clean: &Clean<'_>, limits: PlanLimits) -> Result<Vec<u8>, PlanFileError> {
    let given = archive::read(plan, limits)?;
    let tfplan = given.plan.ok_or(PlanFileError::Missing("tfplan"))?;
    let state = given.state.ok_or(PlanFileError::Missing("tfstate"))?;
    backend::check(&tfplan, clean)?;

    let modules = manifest::check(
        given
            .manifest
            .as_deref()
            .ok_or(PlanFileError::Missing("tfconfig/modules.json"))?,
        clean,
    )?;
    let mut out = archive::Writer::new();
    out.add("tfplan", &tfplan)?;
    out.add("tfstate", &state)?;
    if let Some(previous) = &given.previous_state {
        out.add("tfstate-prev", previous)?;
    }
    let mut checked = BTreeSet::new();
    for module in &modules {
        let of_module = |(key, _): &(String, String)| *key == module.key;
        for (name, content) in given.files.iter().filter(|(name, _)| of_module(name)) {
            let shown = module.file(&name.1);
            match clean.config_file(&module.directory, &name.1)? {
                Some(ours) if ours == *content => {}
                Some(_) => return Err(PlanFileError::FileDiffers(shown)),
                None => return Err(PlanFileError::FileAdded(shown)),
            }
            out.add(&format!("tfconfig/m-{}/{}", module.key, name.1), content)?;
            checked.insert(name);
        }
        for name in clean.config_files(&module.directory)? {
            if !given
                .files
                .contains_key(&(module.key.clone(), name.clone()))
            {
                return Err(PlanFileError::FileMissing(module.file(&name)));
            }
        }
    }
    if let Some((key, _)) = given.files.keys().find(|name| !checked.contains(name)) {
        return Err(PlanFileError::Module(
            key.clone(),
            "is not in the module manifest",
        ));
    }
    out.add("tfconfig/modules.json", &manifest::render(&modules))?;

    let lock = clean.lock_file()?;
    if let Some(given) = &given.lock {
        lock::check(given, lock.as_deref().unwrap_or_default())?;
        out.add(
            ".terraform.lock.hcl",
            lock.as_deref().unwrap_or(lock::EMPTY),
        )?;
    } else if lock.is_some() {
        return Err(PlanFileError::Missing(".terraform.lock.hcl"));
    }
    out.finish()
}
