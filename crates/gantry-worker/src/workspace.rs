//! A run's directory: what each phase may see and change of it.
//!
//! ```text
//! runs/<run>/source     the checkout; after initialize the *clean* workspace
//! runs/<run>/planned    the copy of it that the plan phase works in
//! runs/<run>/plan       where the plan phase leaves its plan file
//! runs/<run>/sealed     the plan file that apply and `show` get, read-only
//! runs/<run>/carried    files that apply takes over from the plan phase
//! ```
//!
//! The plan phase runs a stranger's code, so nothing it leaves may steer apply. It works in a copy; the
//! clean workspace isn't mounted in its sandbox at all, except `.terraform`, read-only: providers
//! are big, and sharing them that way costs one mount. Apply works on the clean workspace itself, which
//! is thrown away afterwards, and a task likewise with a writable `.terraform`. Copying was preferred to
//! an overlay because it needs no privileges and works on every filesystem; hard links were ruled
//! out because the child owns the files and could write through them.
//!
//! Order of calls: `create` → (git fills `checkout`) → `adopt`, with a managed state `manage_state` →
//! `initialize` → `seal`, `check_managed_state` → `plan` →
//! `take_plan_file` → `check_plan`, `collect_carried` → `put_plan` → `show` → `apply`; or after `seal`: `perform`.
//! Files are touched only while no child of the run is alive. All functions block; they take
//! milliseconds for usual sources.

mod carried;
mod errored_state;
mod left;
mod managed_state;
mod mounted;
mod project_root;
mod removal;
mod travel;
mod tree;

#[cfg(test)]
mod tests;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use ulid::Ulid;

pub use carried::{CarriedFile, Carry};
pub use errored_state::Source;
pub use left::{LARGEST_STATE, left_errored_state, remove_left};
pub use managed_state::ManagedStateError;
pub use project_root::ProjectRoot;

use crate::cli_config::ProviderInstallation;
use crate::mounted_files::File;
use crate::plan_file;
use crate::provider_cache::{Installed, Offer};
use crate::sandbox::{Mount, PLAN, RunUser, SOURCE, Sandbox, SandboxMode, mirror};

#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    #[error("the project root `{0}` must be a relative path without `..`")]
    ProjectRootInvalid(String),
    #[error("the branch has no directory `{0}`")]
    ProjectRootMissing(String),
    #[error("the project root `{root}` leads through the symbolic link `{link}`")]
    ProjectRootLink { root: String, link: String },
    #[error("`{0}` must be a plain directory, and it is a link or a file")]
    NotADirectory(String),
    #[error("the plan phase left no plan file")]
    NoPlanFile,
    #[error("`{path}` is no regular file")]
    NotRegular { path: String },
    #[error("`{path}` is larger than {limit} bytes")]
    TooLarge { path: String, limit: u64 },
    #[error("the directories of the workspace are nested more than {0} deep")]
    TooDeep(usize),
    #[error("the carried paths: {0}")]
    BadGlob(#[from] globset::Error),
    #[error(
        "the plan phase left more files to carry than the limit ({files} files, {bytes} bytes): \
         narrow the stack's carried paths"
    )]
    TooMuchToCarry { files: usize, bytes: u64 },
    #[error("the mounted file `{0}` can't be placed: the repository has a directory of that name")]
    Directory(String),
    #[error(
        "the mounted file `{0}` was removed while the run was under way, and what it replaced is not \
         there any more: trigger a new run"
    )]
    Unmounted(String),
    #[error(
        "the mounted file `{0}` can't be placed without a sandbox, where that name is taken: choose \
         another"
    )]
    Ours(String),
    #[error("the workspace: {path}: {source}")]
    Io {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
}

impl WorkspaceError {
    fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io { path, source }
    }
}

/// What one phase's child gets to see.
#[derive(Clone, Debug)]
pub struct View {
    pub(crate) uid: Option<u32>,
    pub(crate) mounts: Vec<Mount>,
    pub(crate) directory: PathBuf,
    plan: PathBuf,
    scratch: Option<PathBuf>,
    /// The run's directory, with all that counts as its own.
    pub(crate) whole: Option<PathBuf>,
    /// Beside the checkout, in memory.
    pub(crate) files: Vec<File>,
}

impl View {
    /// Nothing of any run.
    pub(crate) fn empty() -> Self {
        Self {
            uid: None,
            mounts: Vec::new(),
            directory: "/".into(),
            plan: PLAN.into(),
            scratch: None,
            whole: None,
            files: Vec::new(),
        }
    }

    /// The same with files beside the checkout. Without a sandbox they are there already.
    pub fn with_files(self, files: &[File]) -> Self {
        match self.scratch {
            None => Self {
                files: files.to_vec(),
                ..self
            },
            Some(_) => self,
        }
    }

    /// The plan file as the child sees it: where plan writes it, where apply and `show` read it.
    pub fn plan_file(&self) -> PathBuf {
        self.plan.join(PLAN_FILE)
    }

    /// With these mounts beside its own.
    pub fn and(mut self, mounts: Vec<Mount>) -> Self {
        self.mounts.extend(mounts);
        self
    }

    /// The directory the command starts in: the project root, as the child sees it.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Without a sandbox: an empty directory instead of a private home or `/tmp`.
    pub(crate) fn scratch(&self, name: &str) -> std::io::Result<String> {
        let Some(scratch) = &self.scratch else {
            return Ok("/nonexistent".to_owned());
        };
        let path = scratch.join(name);
        std::fs::create_dir_all(&path)?;
        std::os::unix::fs::chown(scratch, self.uid, self.uid)?;
        std::os::unix::fs::chown(&path, self.uid, self.uid)?;
        Ok(path.to_string_lossy().into_owned())
    }
}

const PLAN_FILE: &str = "tfplan";
const LOCK_FILE: &str = ".terraform.lock.hcl";
const DATA: &str = ".terraform";

pub struct Workspace {
    directory: PathBuf,
    user: RunUser,
    mode: SandboxMode,
    root: ProjectRoot,
    placed: std::sync::Mutex<Vec<mounted::Placed>>,
    /// As it was before any code of the run was executed.
    committed_lock: Option<Vec<u8>>,
    offer: std::sync::Mutex<Offer>,
}

impl Workspace {
    /// Makes the directory of a run; `name` is the run's ID. What an earlier attempt left is removed.
    pub fn create(sandbox: &Sandbox, user: RunUser, name: &str) -> Result<Self, WorkspaceError> {
        let directory = sandbox.runs().join(name);
        removal::remove(&directory).map_err(WorkspaceError::io(&directory))?;
        let workspace = Self {
            directory,
            user,
            mode: sandbox.mode(),
            root: ProjectRoot::default(),
            placed: std::sync::Mutex::default(),
            committed_lock: None,
            offer: std::sync::Mutex::default(),
        };
        workspace.make(&workspace.directory, 0o711)?;
        workspace.make(&workspace.checkout(), 0o700)?;
        Ok(workspace)
    }

    /// Where git puts the source, before `adopt`. Empty at first.
    pub fn checkout(&self) -> PathBuf {
        self.directory.join("source")
    }

    /// Hands the checkout to the run's user. `project_root` is relative to the repository. A committed
    /// `.terraform` is removed: a provider in it would be executed if the lock file, which is in the
    /// repository as well, says that it is the right one.
    pub fn adopt(&mut self, project_root: &str) -> Result<(), WorkspaceError> {
        self.root = ProjectRoot::parse(project_root)?;
        self.root.check(&self.checkout())?;
        let data = self.clean_root().join(DATA);
        removal::remove(&data).map_err(WorkspaceError::io(&data))?;
        // One that can't be read is the tool's to complain about.
        self.committed_lock = self.lock_file().unwrap_or_default();
        tree::hand_over(&self.checkout(), self.user.uid())
    }

    /// Puts the dependency lock file of an earlier initialize in place (initialize inside apply).
    pub fn put_lock_file(&self, content: &[u8]) -> Result<(), WorkspaceError> {
        self.put(&self.clean_root(), LOCK_FILE, content)
    }

    /// Initialize, whole workspace writable.
    pub fn initialize(&self) -> View {
        self.view(&self.checkout(), true, None, None)
    }

    /// After initialize: what it left becomes the clean workspace. Fails where something that later
    /// phases get mounted is not the plain directory it should be.
    pub fn seal(&self) -> Result<(), WorkspaceError> {
        self.root.check(&self.checkout())?;
        let data = self.clean_root().join(DATA);
        match std::fs::symlink_metadata(&data) {
            Ok(found) if found.is_dir() => Ok(()),
            Ok(_) => Err(WorkspaceError::NotADirectory(self.root.join(DATA))),
            // Nothing to initialize, or a task without it: an empty one keeps the mounts uniform.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => self.make_owned(&data),
            Err(error) => Err(WorkspaceError::io(&data)(error)),
        }
    }

    /// The dependency lock file of the commit, if any.
    pub fn committed_lock(&self) -> Option<&[u8]> {
        self.committed_lock.as_deref()
    }

    /// Shows children these cached providers, from now on, and the next initialisation the way to
    /// them. Answers with what the initialisation sees beside.
    pub fn offer(
        &self,
        offer: Offer,
        installation: &ProviderInstallation,
    ) -> Result<Vec<Mount>, WorkspaceError> {
        let beside = match offer.is_empty() {
            true => vec![],
            false => offer
                .write(installation, |n, _| mirror(n), &self.directory)
                .map_err(WorkspaceError::io(&self.directory))?
                .to_vec(),
        };
        *self.offer.lock().unwrap_or_else(PoisonError::into_inner) = offer;
        Ok(beside)
    }

    /// Where an initialisation installs providers.
    pub fn installed_providers(&self) -> Installed {
        Installed {
            workspace: self.checkout(),
            below: self.root.path().join(DATA).join("providers"),
        }
    }

    /// The dependency lock file of the clean workspace, if any.
    pub fn lock_file(&self) -> Result<Option<Vec<u8>>, WorkspaceError> {
        self.read_clean(LOCK_FILE, MOST_LOCK_BYTES)
    }

    /// A file of the clean workspace below the project root; links are refused. `None`: there is none.
    pub fn read_clean(&self, path: &str, limit: u64) -> Result<Option<Vec<u8>>, WorkspaceError> {
        tree::read_file(&self.clean_root(), Path::new(path), limit)
    }

    /// Plan: a fresh copy, with the clean `.terraform` read-only. Also for a replan.
    pub fn plan(&self) -> Result<View, WorkspaceError> {
        let planned = self.planned();
        let plan = self.directory.join("plan");
        for old in [&planned, &plan] {
            removal::remove(old).map_err(WorkspaceError::io(old))?;
        }
        let clean_data = self.clean_root().join(DATA);
        tree::copy(&self.checkout(), &planned, &clean_data, self.user.uid())?;
        let data = self.root.below(&planned).join(DATA);
        match self.mode {
            SandboxMode::Bubblewrap => self.make_owned(&data)?,
            SandboxMode::Insecure => {
                std::os::unix::fs::symlink(&clean_data, &data).map_err(WorkspaceError::io(&data))?
            }
        }
        self.make_owned(&plan)?;
        Ok(self.view(
            &planned,
            true,
            Some(&clean_data),
            Some(Mount::writable(&plan, PLAN)),
        ))
    }

    /// The plan file that the plan phase left: hostile bytes, for `check_plan`.
    pub fn take_plan_file(&self, limit: u64) -> Result<Vec<u8>, WorkspaceError> {
        tree::read_file(&self.directory.join("plan"), Path::new(PLAN_FILE), limit)?
            .ok_or(WorkspaceError::NoPlanFile)
    }

    /// Checks a plan file against the clean workspace (see [`crate::plan_file`]); returns what to seal
    /// and to `put_plan`. `workspace`: the value of `TF_WORKSPACE` in the plan phase, if it had one.
    pub fn check_plan(
        &self,
        plan: &[u8],
        engine: plan_file::Engine,
        workspace: Option<&str>,
    ) -> Result<Vec<u8>, plan_file::PlanFileError> {
        let clean = plan_file::Clean {
            repository: &self.checkout(),
            project_root: self.root.path(),
            engine,
            workspace,
        };
        plan_file::check(plan, &clean, plan_file::PlanLimits::default())
    }

    /// Puts a checked plan file where `show` and apply find it, out of reach for writing.
    pub fn put_plan(&self, content: &[u8]) -> Result<(), WorkspaceError> {
        let sealed = self.directory.join("sealed");
        removal::remove(&sealed).map_err(WorkspaceError::io(&sealed))?;
        self.make_owned(&sealed)?;
        self.put(&sealed, PLAN_FILE, content)
    }

    /// Reading a plan (`show -json`): the clean workspace and the sealed plan, all read-only. May run
    /// while apply works.
    pub fn show(&self) -> View {
        self.view(&self.checkout(), false, None, Some(self.sealed_plan()))
    }

    /// Apply or destroy with the sealed plan, on the clean workspace with the carried files.
    pub fn apply(&self, carried: &[CarriedFile]) -> Result<View, WorkspaceError> {
        carried::place(
            &self.directory.join("carried"),
            carried,
            &self.checkout(),
            self.user.uid(),
        )?;
        let data = self.clean_root().join(DATA);
        Ok(self.view(
            &self.checkout(),
            true,
            Some(&data),
            Some(self.sealed_plan()),
        ))
    }

    /// A task: everything writable, nothing kept.
    pub fn perform(&self) -> View {
        self.initialize()
    }

    /// Copies what apply may take over from the plan phase out of its reach. Replaces what an earlier
    /// plan left.
    pub fn collect_carried(&self, carry: &Carry) -> Result<Vec<CarriedFile>, WorkspaceError> {
        let carried = self.directory.join("carried");
        removal::remove(&carried).map_err(WorkspaceError::io(&carried))?;
        self.make(&carried, 0o700)?;
        carried::collect(&self.planned(), &self.checkout(), &carried, carry)
    }

    /// The `errored.tfstate` that a phase left in its project root, if any: state that Terraform
    /// could not save.
    pub fn errored_state(&self, of: Source, limit: u64) -> Result<Option<Vec<u8>>, WorkspaceError> {
        let source = match of {
            Source::Plan => self.planned(),
            Source::Clean => self.checkout(),
        };
        errored_state::read(&self.root.below(&source), limit)
    }

    /// The run's user, for processes that belong to it.
    pub fn user(&self) -> &RunUser {
        &self.user
    }

    pub fn project_root(&self) -> &ProjectRoot {
        &self.root
    }

    fn clean_root(&self) -> PathBuf {
        self.root.below(&self.checkout())
    }

    /// Makes room for another workspace of the same run; nothing but `remove` may follow.
    pub fn put_aside(&mut self) -> Result<(), WorkspaceError> {
        let aside = self.directory.with_extension(Ulid::generate().to_string());
        std::fs::rename(&self.directory, &aside).map_err(WorkspaceError::io(&self.directory))?;
        self.directory = aside;
        Ok(())
    }

    /// Removes everything, whatever a child left. The processes of the run must be dead.
    pub fn remove(self) -> Result<(), WorkspaceError> {
        removal::remove(&self.directory).map_err(WorkspaceError::io(&self.directory))
    }

    fn planned(&self) -> PathBuf {
        self.directory.join("planned")
    }

    fn sealed_plan(&self) -> Mount {
        Mount::read_only(self.directory.join("sealed"), PLAN)
    }

    fn view(
        &self,
        source: &Path,
        writable: bool,
        data: Option<&Path>,
        plan: Option<Mount>,
    ) -> View {
        let boxed = self.mode == SandboxMode::Bubblewrap;
        let inside = match boxed {
            true => Path::new(SOURCE),
            false => source,
        };
        let mut mounts = vec![Mount {
            source: source.to_path_buf(),
            target: SOURCE.into(),
            writable,
        }];
        if let Some(data) = data {
            mounts.push(Mount::read_only(
                data,
                self.root.below(Path::new(SOURCE)).join(DATA),
            ));
        }
        let plan_directory = match &plan {
            Some(mount) if !boxed => mount.source.clone(),
            _ => PLAN.into(),
        };
        mounts.extend(plan);
        let offer = self.offer.lock().unwrap_or_else(PoisonError::into_inner);
        mounts.extend(offer.mounts());
        View {
            uid: self.user.uid(),
            mounts,
            directory: self.root.below(inside),
            plan: plan_directory,
            scratch: (!boxed).then(|| self.directory.join("scratch")),
            whole: Some(self.directory.clone()),
            files: Vec::new(),
        }
    }

    fn make(&self, path: &Path, mode: u32) -> Result<(), WorkspaceError> {
        use std::os::unix::fs::DirBuilderExt;
        std::fs::DirBuilder::new()
            .mode(mode)
            .recursive(true)
            .create(path)
            .map_err(WorkspaceError::io(path))
    }

    fn make_owned(&self, path: &Path) -> Result<(), WorkspaceError> {
        self.make(path, 0o700)?;
        tree::own(path, self.user.uid())
    }

    fn put(&self, directory: &Path, name: &str, content: &[u8]) -> Result<(), WorkspaceError> {
        let path = directory.join(name);
        let mut file = tree::replace(&path, 0o600)?;
        file.write_all(content).map_err(WorkspaceError::io(&path))?;
        tree::own(&path, self.user.uid())
    }
}

const MOST_LOCK_BYTES: u64 = 4 << 20;
