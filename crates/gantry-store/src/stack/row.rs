//! What a stack looks like as a row.

use gantry_core::ids::{RunId, SpaceId, StackId, WorkerPoolId};
use gantry_core::run::{RunState, SystemLock};
use gantry_core::stack::{Stack, StackLock, StackSettings, StackSource, StackSystemLock, Vendor};

use crate::{Row, StoreError, Value};

/// A stack that has never had a run. The word is the contract's.
const NO_STATE: &str = "NONE";

pub(crate) const COLUMNS: &str = "SELECT id, name, description, space_id, labels, administrative, \
     disabled, protect_from_deletion, autodeploy, autoretry, github_action_deploy, \
     local_preview_enabled, well_known_secret_masking, sensitive_output_upload, manages_state, \
     runner_image, vendor_config, hooks, provider, namespace, repository, repository_url, branch, \
     project_root, project_globs, sparse_paths, worker_pool_id, tracked_commit, tracked_commit_set_by, \
     lock_holder, lock_holder_name, lock_note, locked_at, system_lock, system_lock_note, \
     system_lock_run_id, system_lock_until, system_lock_beneath, state, state_set_at, blocker_run_id, fence, deleting, \
     created_at, updated_at FROM stack";

pub(super) fn state_text(state: Option<RunState>) -> &'static str {
    state.map_or(NO_STATE, RunState::as_str)
}

/// The word that `vendor` can be searched by; the rest stands in `vendor_config`.
fn vendor_text(vendor: &Vendor) -> &'static str {
    match vendor {
        Vendor::Terraform(_) => "terraform",
        Vendor::Opentofu(_) => "opentofu",
    }
}

/// In the order of the placeholders of insert and update: `$1` to `$27`.
pub(super) fn settings_values(id: &StackId, settings: &StackSettings, now: i64) -> Vec<Value> {
    let source = &settings.source;
    vec![
        id.as_str().into(),
        settings.name.as_str().into(),
        settings.description.as_deref().into(),
        settings.space.as_str().into(),
        Value::json(&settings.labels),
        settings.administrative.into(),
        settings.protect_from_deletion.into(),
        settings.autodeploy.into(),
        settings.autoretry.into(),
        settings.github_action_deploy.into(),
        settings.local_preview_enabled.into(),
        settings.well_known_secret_masking.into(),
        settings.sensitive_output_upload.into(),
        settings.runner_image.as_deref().into(),
        vendor_text(&settings.vendor).into(),
        Value::json(&settings.vendor),
        Value::json(&settings.hooks),
        source.provider.as_str().into(),
        source.namespace.as_str().into(),
        source.repository.as_str().into(),
        source.repository_url.as_deref().into(),
        source.branch.as_str().into(),
        source.project_root.as_deref().into(),
        Value::json(&source.project_globs),
        Value::json(&source.sparse_paths),
        settings
            .worker_pool
            .as_ref()
            .map(WorkerPoolId::as_str)
            .into(),
        now.into(),
    ]
}

pub(crate) fn from_row(row: &Row) -> Result<Stack, StoreError> {
    Ok(Stack {
        id: StackId::new(row.text("id")?),
        settings: settings(row)?,
        manages_state: row.flag("manages_state")?,
        disabled: row.flag("disabled")?,
        tracked_commit: opt_json(row, "tracked_commit")?,
        tracked_commit_set_by: row.opt_text("tracked_commit_set_by")?,
        lock: lock(row)?,
        system_lock: system_lock(row)?,
        state: row.parsed("state", |text| match text {
            NO_STATE => Some(None),
            other => RunState::parse(other).map(Some),
        })?,
        state_set_at: row.opt_int("state_set_at")?,
        blocker: row.opt_text("blocker_run_id")?.map(RunId::new),
        fence: row.int("fence")?,
        deleting: row.flag("deleting")?,
        created_at: row.int("created_at")?,
        updated_at: row.int("updated_at")?,
    })
}

fn settings(row: &Row) -> Result<StackSettings, StoreError> {
    Ok(StackSettings {
        name: row.text("name")?,
        description: row.opt_text("description")?,
        space: SpaceId::new(row.text("space_id")?),
        labels: row.json("labels")?,
        administrative: row.flag("administrative")?,
        protect_from_deletion: row.flag("protect_from_deletion")?,
        autodeploy: row.flag("autodeploy")?,
        autoretry: row.flag("autoretry")?,
        github_action_deploy: row.flag("github_action_deploy")?,
        local_preview_enabled: row.flag("local_preview_enabled")?,
        well_known_secret_masking: row.flag("well_known_secret_masking")?,
        sensitive_output_upload: row.flag("sensitive_output_upload")?,
        runner_image: row.opt_text("runner_image")?,
        worker_pool: row.opt_text("worker_pool_id")?.map(WorkerPoolId::new),
        vendor: row.json("vendor_config")?,
        hooks: row.json("hooks")?,
        source: StackSource {
            provider: row.text("provider")?,
            namespace: row.text("namespace")?,
            repository: row.text("repository")?,
            repository_url: row.opt_text("repository_url")?,
            branch: row.text("branch")?,
            project_root: row.opt_text("project_root")?,
            project_globs: row.json("project_globs")?,
            sparse_paths: row.json("sparse_paths")?,
        },
    })
}

fn lock(row: &Row) -> Result<Option<StackLock>, StoreError> {
    let Some(holder) = row.opt_text("lock_holder")? else {
        return Ok(None);
    };
    Ok(Some(StackLock {
        holder,
        holder_name: row.opt_text("lock_holder_name")?.unwrap_or_default(),
        note: row.opt_text("lock_note")?,
        locked_at: row.opt_int("locked_at")?.unwrap_or_default(),
    }))
}

fn system_lock(row: &Row) -> Result<Option<StackSystemLock>, StoreError> {
    if row.opt_text("system_lock")?.is_none() {
        return Ok(None);
    }
    Ok(Some(StackSystemLock {
        kind: row.parsed("system_lock", SystemLock::parse)?,
        note: row.opt_text("system_lock_note")?.unwrap_or_default(),
        run: RunId::new(row.opt_text("system_lock_run_id")?.unwrap_or_default()),
        until: row.opt_int("system_lock_until")?,
        beneath: opt_json(row, "system_lock_beneath")?,
    }))
}

fn opt_json<T: serde::de::DeserializeOwned>(
    row: &Row,
    column: &str,
) -> Result<Option<T>, StoreError> {
    match row.opt_text(column)? {
        Some(_) => row.json(column).map(Some),
        None => Ok(None),
    }
}
