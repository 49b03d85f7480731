use super::*;

fn load(env: &[(&str, &str)], flags: &[(&str, &str)]) -> anyhow::Result<Config> {
    let owned = |pairs: &[(&str, &str)]| {
        pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect()
    };
    Config::load(Overrides {
        program: Program::Server,
        file: None,
        env: owned(env),
        flags: owned(flags),
    })
}

fn file(text: &str) -> anyhow::Result<Config> {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("gantry.toml");
    std::fs::write(&path, text)?;
    Config::load(Overrides {
        program: Program::Server,
        file: Some(path),
        env: vec![],
        flags: vec![],
    })
}

#[test]
fn the_defaults_are_a_configuration() {
    let config = load(&[], &[]).unwrap();
    assert_eq!(config.server.public_url, "http://127.0.0.1:7878");
    assert_eq!(config.worker.slots, 2);
}

#[test]
fn every_key_is_shown_and_every_shown_key_exists() {
    let shown = load(&[], &[]).unwrap().redacted();
    let shown: Vec<&str> = shown
        .lines()
        .filter_map(|line| line.split(" = ").next())
        .collect();
    let known: Vec<&str> = keys::KEYS.iter().map(|key| key.path).collect();
    assert_eq!(shown, known);
}

#[test]
fn downloads_are_on_unless_they_are_turned_off() {
    let mirrors = |value: Option<&str>| {
        let flags: Vec<(&str, &str)> = value
            .into_iter()
            .flat_map(|value| {
                [
                    ("worker.tools_mirror_terraform", value),
                    ("worker.tools_mirror_opentofu", value),
                ]
            })
            .collect();
        let worker = load(&[], &flags).unwrap().worker;
        [
            worker.mirror(Engine::Terraform),
            worker.mirror(Engine::OpenTofu),
        ]
    };
    let [terraform, opentofu] = mirrors(None);
    assert_eq!(terraform.as_deref(), Some("https://releases.hashicorp.com"));
    assert_eq!(opentofu.as_deref(), Some("https://get.opentofu.org/tofu"));
    assert_eq!(mirrors(Some("off")), [None, None]);
    assert_eq!(mirrors(Some("")), [None, None]);
    let inside = "http://mirror.internal:8080/tools/";
    assert_eq!(mirrors(Some(inside))[0].as_deref(), Some(inside));
    for bad in [
        "releases.hashicorp.com",
        "ftp://mirror",
        "https://",
        "https://a b",
    ] {
        let error = load(&[], &[("worker.tools_mirror_terraform", bad)]);
        let error = format!("{:#}", error.err().unwrap());
        assert!(
            error.contains(&format!("worker.tools_mirror_terraform `{bad}`: write")),
            "{error}"
        );
    }
    let secret = ("worker.tools_mirror_opentofu", "https://ada:hunter2@mirror");
    let error = format!("{:#}", load(&[], &[secret]).err().unwrap());
    assert!(error.contains("no password may stand"), "{error}");
    assert!(!error.contains("hunter2"), "{error}");
}

#[test]
fn the_password_of_a_proxy_is_not_shown() {
    let proxy = ("GANTRY_CHILD_HTTPS_PROXY", "http://ada:hunter2@proxy:3128");
    let shown = load(&[proxy], &[]).unwrap().redacted();
    assert!(
        shown.contains("child.https_proxy = \"http://ada:[redacted]@proxy:3128\"\n"),
        "{shown}"
    );
    assert!(shown.contains("child.http_proxy = \"\"\n"), "{shown}");
    let bad = ("child.http_proxy", "ada:hunter2@proxy:3128");
    let error = format!("{:#}", load(&[], &[bad]).err().unwrap());
    assert!(
        error.starts_with("child.http_proxy is no address of a proxy: write http://host:port"),
        "{error}"
    );
    assert!(!error.contains("hunter2"), "{error}");
}

#[test]
fn flags_win_over_the_environment() {
    let config = load(&[("GANTRY_WORKER_SLOTS", "3")], &[("worker.slots", "5")]).unwrap();
    assert_eq!(config.worker.slots, 5);
}

#[test]
fn unknown_keys_are_errors_everywhere() {
    assert!(load(&[("GANTRY_WROKER_SLOTS", "3")], &[]).is_err());
    assert!(load(&[], &[("wroker.slots", "3")]).is_err());
    let error = file("[wroker]\nslots = 3\n").err().unwrap();
    assert!(format!("{error:#}").contains("`wroker.slots`"), "{error:#}");
}

#[test]
fn a_worker_reads_its_own_settings_and_no_others() {
    let worker = |env: &[(&str, &str)]| {
        Config::load(Overrides {
            program: Program::Worker,
            file: None,
            env: env
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            flags: vec![],
        })
    };
    let config = worker(&[
        ("GANTRY_WORKER_JOIN", "abc"),
        ("GANTRY_WORKER_SLOTS", "3"),
        ("GANTRY_CHILD_NO_PROXY", "localhost"),
    ])
    .unwrap();
    assert_eq!(config.worker.slots, 3);
    let error = worker(&[("GANTRY_ACCOUNT", "acme")]).err().unwrap();
    let said = format!("{error:#}");
    assert!(
        said.contains("`account` is a setting of the server"),
        "{said}"
    );
    let error = load(&[("GANTRY_WORKER_JOIN", "abc")], &[]).err().unwrap();
    let said = format!("{error:#}");
    assert!(said.contains("a setting of `gantry worker`"), "{said}");
}

#[test]
fn the_gateway_has_an_https_address_or_none() {
    let gateway = |pairs: &[(&str, &str)]| load(&[], pairs);
    let listen = ("worker_gateway.listen", "127.0.0.1:7879");
    let config = gateway(&[listen]).unwrap();
    assert_eq!(config.worker_gateway.public_url, "https://127.0.0.1:7879");
    for bad in [
        "http://gantry:7879",
        "https://",
        "gantry",
        "https://gantry/path",
    ] {
        let error = gateway(&[listen, ("worker_gateway.public_url", bad)]);
        let said = format!("{:#}", error.err().unwrap());
        assert!(
            said.contains(bad) && said.contains("https://host:port"),
            "{said}"
        );
    }
    let alone = gateway(&[("worker_gateway.public_url", "https://gantry:7879")]);
    assert!(format!("{:#}", alone.err().unwrap()).contains("worker_gateway.listen"));
}

#[test]
fn a_value_of_the_wrong_type_names_its_key() {
    let error = file("[worker]\nslots = \"many\"\n").err().unwrap();
    assert!(
        format!("{error:#}").contains("worker.slots: write a whole number"),
        "{error:#}"
    );
    assert!(load(&[("GANTRY_WORKER_SLOTS", "many")], &[]).is_err());
}

#[test]
fn lists_are_read_from_files_and_from_text() {
    let config = file("[source]\nlocal_roots = [\"/srv/a\", \"/srv/b\"]\n").unwrap();
    assert_eq!(config.source.local_roots.len(), 2);
    let config = load(&[("GANTRY_SOURCE_LOCAL_ROOTS", "/srv/a, /srv/b")], &[]).unwrap();
    assert_eq!(config.source.local_roots.len(), 2);
}

#[test]
fn secrets_are_not_shown() {
    let config = load(&[("GANTRY_DATABASE_URL", "postgres://u:hunter2@h/d")], &[]).unwrap();
    let shown = config.redacted();
    assert!(
        !shown.contains("hunter2") && shown.contains("[redacted]"),
        "{shown}"
    );
}

#[test]
fn a_public_url_that_clients_could_not_use_is_refused() {
    for url in [
        "gantry.example.com",
        "https://gantry.example.com/",
        "https://x/graphql",
    ] {
        assert!(load(&[], &[("server.public_url", url)]).is_err(), "{url}");
    }
}

#[test]
fn the_reference_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/configuration.md");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, reference()).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(
        written,
        reference(),
        "run `make bless` and look at the change"
    );
}
