use gantry_core::stack::StackSettings;

/// The settings that differ, by name. Not their values: a hook may hold a secret.
pub(super) fn names(before: &StackSettings, after: &StackSettings) -> Vec<&'static str> {
    // Taken apart, so that a new setting can't be forgotten here.
    let StackSettings {
        name,
        description,
        space,
        labels,
        administrative,
        protect_from_deletion,
        autodeploy,
        autoretry,
        github_action_deploy,
        local_preview_enabled,
        well_known_secret_masking,
        sensitive_output_upload,
        runner_image,
        worker_pool,
        vendor,
        hooks,
        source,
    } = before;
    [
        ("name", *name != after.name),
        ("description", *description != after.description),
        ("space", *space != after.space),
        ("labels", *labels != after.labels),
        ("administrative", *administrative != after.administrative),
        (
            "protectFromDeletion",
            *protect_from_deletion != after.protect_from_deletion,
        ),
        ("autodeploy", *autodeploy != after.autodeploy),
        ("autoretry", *autoretry != after.autoretry),
        (
            "githubActionDeploy",
            *github_action_deploy != after.github_action_deploy,
        ),
        (
            "localPreviewEnabled",
            *local_preview_enabled != after.local_preview_enabled,
        ),
        (
            "enableWellKnownSecretMasking",
            *well_known_secret_masking != after.well_known_secret_masking,
        ),
        (
            "enableSensitiveOutputUpload",
            *sensitive_output_upload != after.sensitive_output_upload,
        ),
        ("runnerImage", *runner_image != after.runner_image),
        ("workerPool", *worker_pool != after.worker_pool),
        ("vendorConfig", *vendor != after.vendor),
        ("hooks", *hooks != after.hooks),
        ("source", *source != after.source),
    ]
    .into_iter()
    .filter_map(|(name, differs)| differs.then_some(name))
    .collect()
}
