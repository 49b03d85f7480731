use super::*;

fn built(layers: &[EnvVar], credentials: &[EnvVar]) -> ChildEnv {
    let base = Base {
        variables: vec![EnvVar::plain("LANG", "C.UTF-8")],
        masked: vec![],
    };
    ChildEnv::build(&base, layers, &Exports::default(), credentials)
}

fn value(env: &ChildEnv, name: &str) -> Option<String> {
    env.for_child()
        .into_iter()
        .find(|(n, _)| n == name)
        .map(|(_, v)| v.expose_secret().to_owned())
}

#[test]
fn it_starts_from_nothing() {
    let names: Vec<String> = built(&[], &[])
        .for_child()
        .into_iter()
        .map(|(n, _)| n)
        .collect();
    assert_eq!(
        names,
        [
            "ARM_USE_CLI",
            "ARM_USE_MSI",
            "AWS_EC2_METADATA_DISABLED",
            "CHECKPOINT_DISABLE",
            "LANG",
            "TF_INPUT",
            "TF_IN_AUTOMATION"
        ]
    );
}

#[test]
fn later_layers_win_and_credentials_win_over_all() {
    let layers = [
        EnvVar::plain("LANG", "de"),
        EnvVar::plain("A", "context"),
        EnvVar::plain("A", "stack"),
        EnvVar::plain("AWS_SESSION_TOKEN", "stack"),
    ];
    let env = built(&layers, &[EnvVar::masked("AWS_SESSION_TOKEN", "issued")]);
    assert_eq!(value(&env, "LANG").unwrap(), "de");
    assert_eq!(value(&env, "A").unwrap(), "stack");
    assert_eq!(value(&env, "AWS_SESSION_TOKEN").unwrap(), "issued");
}

#[test]
fn reserved_names_never_arrive() {
    let layers = [
        EnvVar::plain("LD_PRELOAD", "x"),
        EnvVar::plain("PATH", "x"),
        EnvVar::plain("BASH_ENV", "x"),
        EnvVar::plain("TF_DATA_DIR", "x"),
        EnvVar::plain("ARM_USE_MSI", "true"),
        EnvVar::plain("not a name", "x"),
        EnvVar::masked("SPACELIFT_API_TOKEN", "of the run"),
    ];
    let env = built(&layers, &[]);
    for name in [
        "LD_PRELOAD",
        "PATH",
        "BASH_ENV",
        "TF_DATA_DIR",
        "not a name",
    ] {
        assert_eq!(value(&env, name), None, "{name}");
    }
    assert_eq!(value(&env, "ARM_USE_MSI").unwrap(), "false");
    assert_eq!(value(&env, "SPACELIFT_API_TOKEN").unwrap(), "of the run");
}

#[test]
fn references_are_resolved_from_the_other_variables_of_the_run() {
    let layers = [
        EnvVar::plain("HOST", "db.example"),
        EnvVar::masked("PASSWORD", "hunter22"),
        EnvVar::masked(
            "URL",
            "pg://u:${PASSWORD}@${HOST}/${NOPE}/$HOST/${not a name}",
        ),
        EnvVar::plain("A", "<${B}>"),
        EnvVar::plain("B", "[${A}]"),
        EnvVar::plain("SELF", "x${SELF}"),
        EnvVar::plain("STOLEN", "${AWS_SESSION_TOKEN}"),
    ];
    let env = built(&layers, &[EnvVar::masked("AWS_SESSION_TOKEN", "issued")]);
    let url = "pg://u:hunter22@db.example/${NOPE}/$HOST/${not a name}";
    assert_eq!(value(&env, "URL").unwrap(), url);
    assert!(!env.masks().mask("it is hunter22").contains("hunter22"));
    assert_eq!(value(&env, "A").unwrap(), "<[${A}]>");
    assert_eq!(value(&env, "SELF").unwrap(), "x${SELF}");
    assert_eq!(value(&env, "STOLEN").unwrap(), "${AWS_SESSION_TOKEN}");
}

#[test]
fn references_that_multiply_end_at_the_longest_value() {
    let mut layers = vec![EnvVar::plain("X0", "0123456789")];
    for n in 1..40 {
        layers.push(EnvVar::plain(
            format!("X{n}"),
            format!("${{X{}}}", n - 1).repeat(10),
        ));
    }
    let env = built(&layers, &[]);
    assert!(value(&env, "X39").unwrap().len() <= LONGEST_VALUE + 100);
}

#[test]
fn a_masked_value_below_another_stays_masked() {
    let env = built(
        &[EnvVar::masked("A", "lower"), EnvVar::plain("A", "upper")],
        &[],
    );
    assert!(!env.masks().mask("is lower here").contains("lower"));
    assert!(env.masks().mask("is upper here").contains("upper"));
}

#[test]
fn exports_are_what_hooks_changed_without_what_ends_with_the_phase() {
    let credentials = [EnvVar::masked("AWS_SECRET_ACCESS_KEY", "s3cret-key")];
    let env = built(
        &[
            EnvVar::plain("KEPT", "same"),
            EnvVar::plain("CHANGED", "old"),
        ],
        &credentials,
    );
    let after = [
        ("KEPT", "same"),
        ("CHANGED", "new"),
        ("ADDED", "yes"),
        ("PWD", "/somewhere"),
        ("LD_PRELOAD", "evil.so"),
        ("AWS_SECRET_ACCESS_KEY", "other"),
        ("SPACELIFT_API_TOKEN", "other"),
        ("COPY", "prefix s3cret-key"),
    ];
    let exports = Exports::capture(
        &env,
        after.map(|(name, value)| (name.to_owned(), value.into())),
        false,
    );
    let later = ChildEnv::build(
        &Base::default(),
        &[EnvVar::plain("CHANGED", "old")],
        &exports,
        &[],
    );
    assert_eq!(value(&later, "CHANGED").unwrap(), "new");
    assert_eq!(value(&later, "ADDED").unwrap(), "yes");
    for name in [
        "PWD",
        "LD_PRELOAD",
        "AWS_SECRET_ACCESS_KEY",
        "SPACELIFT_API_TOKEN",
        "COPY",
    ] {
        assert_eq!(value(&later, name), None, "{name}");
    }
}

#[test]
fn long_chains_of_references_end() {
    let mut layers: Vec<EnvVar> = (0..50_000)
        .map(|n| EnvVar::plain(format!("A{n:05}"), format!("${{A{:05}}}", n + 1)))
        .collect();
    layers.push(EnvVar::plain("A50000", "the end"));
    let env = built(&layers, &[]);
    assert_eq!(value(&env, "A49990").unwrap(), "the end");
    assert_eq!(value(&env, "A00000").unwrap(), "${A00065}");
}

#[test]
fn references_bring_in_no_more_than_a_process_can_receive() {
    let mut layers: Vec<EnvVar> = (0..1_000)
        .map(|n| EnvVar::plain(format!("A{n:03}"), "${B}"))
        .collect();
    layers.push(EnvVar::plain("B", "x".repeat(100 * 1024)));
    let env = built(&layers, &[]);
    let bytes: usize = env
        .for_child()
        .iter()
        .map(|(_, value)| value.expose_secret().len())
        .sum();
    assert!(bytes <= MOST_BROUGHT_IN + 200 * 1024, "{bytes}");
}

fn phase_of(phase: gantry_core::run::Phase, env: Vec<EnvVar>) -> PhaseStart {
    let start = serde_json::json!({
        "phase": phase, "version": 1, "env": [], "credentials": [], "credentials_expire": null,
        "notices": [], "before": [], "after": [], "init_before": [], "init_after": [],
        "limits": gantry_core::protocol::Limits::MODEST,
    });
    let mut start: PhaseStart = serde_json::from_value(start).unwrap();
    start.env = env;
    start
}

/// What a server sends of a managed state, above variables of a user.
fn with_managed_state() -> Vec<EnvVar> {
    vec![
        EnvVar::plain("TF_HTTP_ADDRESS", "https://elsewhere.example"),
        EnvVar::plain("TF_HTTP_SKIP_CERT_VERIFICATION", "true"),
        EnvVar::plain("TF_HTTP_UPDATE_METHOD", "DELETE"),
        EnvVar::plain("TF_HTTP_LOCK_ADDRESS", "https://elsewhere.example"),
        EnvVar::plain("STOLEN", "${TF_HTTP_PASSWORD}"),
        EnvVar::plain("TF_HTTP_ADDRESS", "https://gantry.example/state"),
        EnvVar::plain("TF_HTTP_USERNAME", "run"),
        EnvVar::masked("TF_HTTP_PASSWORD", "the-state-token"),
    ]
}

#[test]
fn a_managed_state_is_where_the_server_says() {
    use gantry_core::run::Phase;
    for phase in [Phase::Initialize, Phase::Plan] {
        let start = phase_of(phase, with_managed_state());
        let env = ChildEnv::of_phase(&Base::default(), &start, &Exports::default(), true);
        assert_eq!(
            value(&env, "TF_HTTP_ADDRESS").unwrap(),
            "https://gantry.example/state"
        );
        assert_eq!(value(&env, "TF_HTTP_PASSWORD").unwrap(), "the-state-token");
        assert_eq!(value(&env, "STOLEN").unwrap(), "${TF_HTTP_PASSWORD}");
        for name in [
            "TF_HTTP_SKIP_CERT_VERIFICATION",
            "TF_HTTP_UPDATE_METHOD",
            "TF_HTTP_LOCK_ADDRESS",
        ] {
            assert_eq!(value(&env, name), None, "{name} in {phase}");
        }
        let masks = env.masks();
        assert_eq!(masks.mask("the-state-token"), "*****");
        assert_eq!(
            masks.mask("a run at gantry.example"),
            "a run at gantry.example"
        );
    }
    let mut env = with_managed_state();
    env.push(EnvVar::plain("TF_HTTP_UPDATE_METHOD", "POST"));
    env.push(EnvVar::plain(
        "TF_HTTP_LOCK_ADDRESS",
        "https://gantry.example/state",
    ));
    let start = phase_of(Phase::Apply, env);
    let env = ChildEnv::of_phase(&Base::default(), &start, &Exports::default(), true);
    assert_eq!(
        value(&env, "TF_HTTP_LOCK_ADDRESS").unwrap(),
        "https://gantry.example/state"
    );
    assert_eq!(value(&env, "TF_HTTP_UPDATE_METHOD").unwrap(), "POST");
    assert_eq!(value(&env, "TF_HTTP_SKIP_CERT_VERIFICATION"), None);
}

#[test]
fn a_stack_with_a_backend_of_its_own_has_these_variables_for_itself() {
    let start = phase_of(gantry_core::run::Phase::Plan, with_managed_state());
    let env = ChildEnv::of_phase(&Base::default(), &start, &Exports::default(), false);
    assert_eq!(value(&env, "TF_HTTP_UPDATE_METHOD").unwrap(), "DELETE");
    let after = [("TF_HTTP_USERNAME".to_owned(), "other".into())];
    let exports = Exports::capture(&env, after, false);
    let later = ChildEnv::of_phase(&Base::default(), &start, &exports, false);
    assert_eq!(value(&later, "TF_HTTP_USERNAME").unwrap(), "other");
}

#[test]
fn nothing_of_a_managed_state_reaches_another_phase() {
    use gantry_core::run::Phase;
    let start = phase_of(Phase::Initialize, with_managed_state());
    let env = ChildEnv::of_phase(&Base::default(), &start, &Exports::default(), true);
    let after = [
        ("TF_HTTP_ADDRESS", "https://elsewhere.example"),
        ("TF_HTTP_LOCK_ADDRESS", "https://elsewhere.example"),
        ("TF_HTTP_PASSWORD", "other"),
        ("COPY", "u:the-state-token@"),
        ("KEPT", "yes"),
    ];
    let after = after.map(|(name, value)| (name.to_owned(), value.into()));
    let exports = Exports::capture(&env, after, true);
    let later = phase_of(Phase::Plan, vec![]);
    let later = ChildEnv::of_phase(&Base::default(), &later, &exports, true);
    assert_eq!(value(&later, "KEPT").unwrap(), "yes");
    for name in [
        "TF_HTTP_ADDRESS",
        "TF_HTTP_LOCK_ADDRESS",
        "TF_HTTP_PASSWORD",
        "COPY",
    ] {
        assert_eq!(value(&later, name), None, "{name}");
    }
}
