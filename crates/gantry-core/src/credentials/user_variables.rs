//! Names of environment variables that mean something to us: those by which a user brings
//! credentials of their own, those that nobody may set, and those that a grant turns into.
//!
//! Together with the providers' folders this is the only place that spells such names.

use super::cloud::Cloud;

const AWS_CREDENTIALS: [&str; 9] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_CONFIG_FILE",
];
const AWS_CREDENTIAL_PREFIXES: [&str; 1] = ["AWS_CONTAINER_"];

/// `ARM_SUBSCRIPTION_ID` is missing on purpose: alone it only overrides the subscription.
const AZURE_CREDENTIALS: [&str; 2] = ["ARM_USE_OIDC", "ARM_TENANT_ID"];
const AZURE_CREDENTIAL_PREFIXES: [&str; 2] = ["ARM_CLIENT_", "ARM_OIDC_"];

/// In every child, whatever else it gets: the ways to an identity of the machine stay shut.
pub const ALWAYS_SET: [(&str, &str); 3] = [
    ("AWS_EC2_METADATA_DISABLED", "true"),
    ("ARM_USE_MSI", "false"),
    ("ARM_USE_CLI", "false"),
];

const RESERVED: [&str; 8] = [
    "TF_REATTACH_PROVIDERS",
    "TF_DATA_DIR",
    "PATH",
    "HOME",
    "BASH_ENV",
    "ENV",
    "SPACELIFT_API_TOKEN",
    "SPACELIFT_OIDC_TOKEN",
];
const RESERVED_PREFIXES: [&str; 1] = ["LD_"];
/// The backend in which a managed state is has no workspaces.
const RESERVED_WITH_MANAGED_STATE: [&str; 1] = ["TF_WORKSPACE"];
const RESERVED_PREFIXES_WITH_MANAGED_STATE: [&str; 1] = ["TF_HTTP_"];

/// What a grant of `cloud` turns into.
pub const fn phase_env_names(cloud: Cloud) -> &'static [&'static str] {
    match cloud {
        Cloud::Aws => &[
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
            "AWS_SECURITY_TOKEN",
        ],
        Cloud::Azure => &[
            "ARM_CLIENT_ID",
            "ARM_CLIENT_SECRET",
            "ARM_SUBSCRIPTION_ID",
            "ARM_TENANT_ID",
        ],
    }
}

/// Whether a phase env of any cloud may hold `name`. What a hook exports under such a name never
/// reaches a later phase.
pub fn is_phase_env_name(name: &str) -> bool {
    Cloud::ALL
        .into_iter()
        .any(|cloud| phase_env_names(cloud).contains(&name))
}

/// Whether a user who sets `name` brings credentials of their own for `cloud`. One is enough for
/// nothing to be issued for that cloud: half of each would be a broken mixture.
pub fn is_credential(cloud: Cloud, name: &str) -> bool {
    let (names, prefixes): (&[&str], &[&str]) = match cloud {
        Cloud::Aws => (&AWS_CREDENTIALS, &AWS_CREDENTIAL_PREFIXES),
        Cloud::Azure => (&AZURE_CREDENTIALS, &AZURE_CREDENTIAL_PREFIXES),
    };
    listed(name, names, prefixes)
}

/// The same for whatever cloud: what is kept from hooks that get no credentials.
pub fn is_credential_of_any(name: &str) -> bool {
    Cloud::ALL
        .into_iter()
        .any(|cloud| is_credential(cloud, name))
}

/// The first of `names`, in alphabetical order, that is a credential variable of `cloud`.
pub fn set_by_user<'a>(cloud: Cloud, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    names
        .into_iter()
        .filter(|name| is_credential(cloud, name))
        .min()
}

/// Whether nobody may set `name`, in a stack, a context or an override of a run. `managed_state`:
/// whether the stack's state is kept by the installation.
pub fn is_reserved(name: &str, managed_state: bool) -> bool {
    listed(name, &RESERVED, &RESERVED_PREFIXES)
        || ALWAYS_SET.iter().any(|(always, _)| *always == name)
        || (managed_state && leads_state_astray(name))
}

/// Whether the variable would lead the tool to another state than the one that is kept for the stack.
pub fn leads_state_astray(name: &str) -> bool {
    listed(
        name,
        &RESERVED_WITH_MANAGED_STATE,
        &RESERVED_PREFIXES_WITH_MANAGED_STATE,
    )
}

fn listed(name: &str, names: &[&str], prefixes: &[&str]) -> bool {
    names.contains(&name) || prefixes.iter().any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests;
