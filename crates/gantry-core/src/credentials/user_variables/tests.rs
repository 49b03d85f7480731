use super::*;

#[test]
fn credential_variables_of_each_cloud() {
    for name in AWS_CREDENTIALS
        .iter()
        .chain(&["AWS_CONTAINER_CREDENTIALS_FULL_URI"])
    {
        assert!(
            is_credential(Cloud::Aws, name) && !is_credential(Cloud::Azure, name),
            "{name}"
        );
    }
    for name in [
        "ARM_CLIENT_ID",
        "ARM_CLIENT_CERTIFICATE",
        "ARM_OIDC_TOKEN",
        "ARM_USE_OIDC",
        "ARM_TENANT_ID",
    ] {
        assert!(
            is_credential(Cloud::Azure, name) && !is_credential(Cloud::Aws, name),
            "{name}"
        );
    }
    for name in [
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "ARM_SUBSCRIPTION_ID",
        "aws_profile",
        "",
    ] {
        assert!(
            !is_credential(Cloud::Aws, name) && !is_credential(Cloud::Azure, name),
            "{name}"
        );
    }
}

/// What we issue must itself count: otherwise a user's half would be mixed with ours.
#[test]
fn what_a_grant_turns_into_is_a_credential_variable() {
    for name in phase_env_names(Cloud::Aws) {
        assert!(is_credential(Cloud::Aws, name), "{name}");
        assert!(is_phase_env_name(name));
    }
    assert!(is_phase_env_name("ARM_SUBSCRIPTION_ID") && !is_phase_env_name("AWS_PROFILE"));
}

#[test]
fn names_the_first_variable_that_the_user_set() {
    let names = [
        "TF_VAR_x",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_PROFILE",
        "ARM_CLIENT_ID",
    ];
    assert_eq!(set_by_user(Cloud::Aws, names), Some("AWS_PROFILE"));
    assert_eq!(set_by_user(Cloud::Azure, names), Some("ARM_CLIENT_ID"));
    assert_eq!(set_by_user(Cloud::Aws, ["PATH"]), None);
}

#[test]
fn reserved_names() {
    for name in [
        "LD_PRELOAD",
        "LD_LIBRARY_PATH",
        "PATH",
        "HOME",
        "BASH_ENV",
        "ENV",
        "TF_DATA_DIR",
        "TF_REATTACH_PROVIDERS",
        "SPACELIFT_API_TOKEN",
        "SPACELIFT_OIDC_TOKEN",
        "AWS_EC2_METADATA_DISABLED",
        "ARM_USE_MSI",
        "ARM_USE_CLI",
    ] {
        assert!(
            is_reserved(name, false) && is_reserved(name, true),
            "{name}"
        );
    }
    for name in ["TF_HTTP_ADDRESS", "TF_HTTP_PASSWORD", "TF_WORKSPACE"] {
        assert!(
            is_reserved(name, true) && !is_reserved(name, false),
            "{name}"
        );
    }
    for name in [
        "TF_CLI_ARGS_plan",
        "TF_CLI_CONFIG_FILE",
        "TF_VAR_spacelift_run_id",
        "TF_IN_AUTOMATION",
        "AWS_ACCESS_KEY_ID",
        "ENVIRONMENT",
        "PATHS",
    ] {
        assert!(!is_reserved(name, true), "{name}");
    }
}
