use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use super::*;

/// A message with fields that have a length.
fn message(fields: &[(u64, &[u8])]) -> Vec<u8> {
    let mut out = vec![1 << 3, 3];
    for (number, content) in fields {
        let mut head = [(number << 3 | 2) | 0x80, 0];
        head[0] = (number << 3 | 2) & 0x7f | 0x80;
        head[1] = (number << 3 | 2) >> 7;
        out.extend(head.iter().map(|byte| *byte as u8));
        out.push(u8::try_from(content.len()).unwrap());
        out.extend_from_slice(content);
    }
    out
}

fn backend(kind: &str, config: &[u8], workspace: &str) -> Vec<u8> {
    let config = message(&[(1, config)]);
    message(&[
        (1, kind.as_bytes()),
        (2, &config),
        (3, workspace.as_bytes()),
    ])
}

/// `{"path": null}`
const LOCAL: &[u8] = b"\x81\xa4path\xc0";

fn tfplan() -> Vec<u8> {
    message(&[(13, &backend("local", LOCAL, "default"))])
}

/// The content of a plan file; what a test changes of it.
struct Plan(BTreeMap<String, Vec<u8>>);

const MANIFEST: &str = r#"[{"Key":"","Dir":"."},{"Key":"a","Source":"../mod","Dir":"../mod"}]"#;
const INSTALLED: &str = r#"{"Modules":[{"Key":"","Source":"","Dir":"."},{"Key":"a","Source":"../mod","Dir":"../mod"}]}"#;
const LOCK: &str = r#"
provider "registry.terraform.io/hashicorp/aws" {
  version     = "5.1.0"
  constraints = ">= 5.0"
  hashes = [
    "h1:one=",
    "zh:two",
  ]
}
"#;

impl Plan {
    fn honest() -> Self {
        let own = |(name, content): (&str, &[u8])| (name.to_owned(), content.to_vec());
        let entries: [(&str, &[u8]); 7] = [
            ("tfplan", &tfplan()),
            ("tfstate", b"{}"),
            ("tfstate-prev", b"{}"),
            ("tfconfig/m-/main.tf", b"root"),
            ("tfconfig/m-a/x.tf.json", b"{}"),
            ("tfconfig/modules.json", MANIFEST.as_bytes()),
            (".terraform.lock.hcl", LOCK.as_bytes()),
        ];
        Self(entries.into_iter().map(own).collect())
    }

    fn with(name: &str, content: &[u8]) -> Self {
        let mut plan = Self::honest();
        plan.0.insert(name.to_owned(), content.to_vec());
        plan
    }

    fn without(name: &str) -> Self {
        let mut plan = Self::honest();
        plan.0.remove(name).unwrap();
        plan
    }

    fn bytes(&self) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (name, content) in &self.0 {
            let options = zip::write::SimpleFileOptions::default();
            writer.start_file(name.as_str(), options).unwrap();
            writer.write_all(content).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }
}

fn repository() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (path, content) in [
        ("root/main.tf", "root"),
        ("root/.hidden.tf", "not read"),
        ("root/main.tf~", "not read"),
        ("root/README.md", "not read"),
        ("root/nested/other.tf", "another module's"),
        ("mod/x.tf.json", "{}"),
        ("root/.terraform/modules/modules.json", INSTALLED),
        ("root/.terraform.lock.hcl", &format!("# a comment\n{LOCK}")),
    ] {
        let path = directory.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    directory
}

fn check_in(repository: &Path, plan: &Plan, engine: Engine) -> Result<Vec<u8>, String> {
    let clean = Clean {
        repository,
        project_root: Path::new("root"),
        engine,
        workspace: None,
    };
    check(
        &plan.bytes(),
        &clean,
        PlanLimits {
            entries: 20,
            bytes: 4096,
        },
    )
    .map_err(|error| error.to_string())
}

fn refusal(plan: &Plan) -> String {
    check_in(repository().path(), plan, Engine::Terraform).unwrap_err()
}

#[test]
fn an_honest_plan_comes_back_with_the_same_content() {
    let repository = repository();
    let plan = Plan::honest();
    let bytes = check_in(repository.path(), &plan, Engine::Terraform).unwrap();
    let read = archive::read(&bytes, PlanLimits::default()).unwrap();
    assert_eq!(read.plan.unwrap(), tfplan());
    assert_eq!(read.files.len(), 2);
    assert!(
        String::from_utf8(read.lock.unwrap())
            .unwrap()
            .contains("a comment"),
        "the clean one"
    );
    let manifest: serde_json::Value = serde_json::from_slice(&read.manifest.unwrap()).unwrap();
    assert_eq!(
        manifest,
        serde_json::from_str::<serde_json::Value>(MANIFEST).unwrap()
    );
    // And that one is honest too.
    let again = check(
        &bytes,
        &Clean {
            repository: repository.path(),
            project_root: Path::new("root"),
            engine: Engine::Terraform,
            workspace: None,
        },
        PlanLimits::default(),
    );
    assert_eq!(again.unwrap(), bytes);
}

#[test]
fn another_configuration_is_refused_and_named() {
    let prefix = "the saved plan does not match the configuration: ";
    for (plan, rest) in [
        (
            Plan::with("tfconfig/m-/main.tf", b"evil"),
            "file `main.tf` differs",
        ),
        (
            Plan::with("tfconfig/m-a/x.tf.json", b"{} "),
            "file `../mod/x.tf.json` differs",
        ),
        (
            Plan::with("tfconfig/m-/evil.tf", b""),
            "file `evil.tf` is not in the workspace",
        ),
        (
            Plan::without("tfconfig/m-/main.tf"),
            "file `main.tf` is missing in it",
        ),
        (
            Plan::with("tfconfig/m-b/x.tf", b""),
            "module `b` is not in the module manifest",
        ),
        (
            Plan::with(
                "tfconfig/modules.json",
                MANIFEST.replace("\"../mod\"", "\"x\"").as_bytes(),
            ),
            "module `a` comes from another place",
        ),
        (
            Plan::with(
                "tfconfig/modules.json",
                br#"[{"Key":"","Dir":"."},{"Key":"b","Dir":"b"}]"#,
            ),
            "module `b` is not in the workspace",
        ),
        (
            Plan::with("tfconfig/modules.json", br#"[{"Key":"","Dir":"x"}]"#),
            "module `` comes from another place",
        ),
        (
            Plan::with("tfconfig/modules.json", br#"[{"Key":"","Dir":"."}]"#),
            "module `a` is missing in it",
        ),
    ] {
        assert_eq!(refusal(&plan), format!("{prefix}{rest}"));
    }
}

#[test]
fn another_lock_file_is_refused() {
    for changed in [
        LOCK.replace("5.1.0", "5.1.1"),
        LOCK.replace("zh:two", "zh:three"),
        LOCK.replace("aws", "awz"),
        String::new(),
        "not a lock file".to_owned(),
    ] {
        let refused = refusal(&Plan::with(".terraform.lock.hcl", changed.as_bytes()));
        assert!(
            refused.starts_with("the saved plan does not match the dependency lock file"),
            "{refused}"
        );
    }
    let same = LOCK.replace("\"h1:one=\",\n    \"zh:two\",", "\"zh:two\", \"h1:one=\"");
    assert_ne!(same, LOCK);
    let plan = Plan::with(".terraform.lock.hcl", same.as_bytes());
    check_in(repository().path(), &plan, Engine::Terraform).unwrap();
}

#[test]
fn another_state_backend_is_refused() {
    let of = |kind: &str, config: &[u8], workspace: &str| {
        Plan::with(
            "tfplan",
            &message(&[(13, &backend(kind, config, workspace))]),
        )
    };
    let refused = refusal(&of("s3", LOCAL, "default"));
    assert!(
        refused.contains("backend `s3` instead of `local`"),
        "{refused}"
    );
    let refused = refusal(&of("local", b"\x81\xa4path\xa1x", "default"));
    assert!(refused.contains("the setting `path`"), "{refused}");
    let refused = refusal(&of("local", LOCAL, "prod"));
    assert!(refused.contains("workspace `prod`"), "{refused}");
    let twice = backend("local", LOCAL, "default");
    let refused = refusal(&Plan::with(
        "tfplan",
        &message(&[(13, &twice), (13, &twice)]),
    ));
    assert!(refused.contains("can't be read"), "{refused}");

    let repository = repository();
    let state = r#"{"backend":{"type":"s3","config":{"bucket":"b","max_retries":5,"x":null,"role":["a"]},"hash":1}}"#;
    std::fs::write(
        repository.path().join("root/.terraform/terraform.tfstate"),
        state,
    )
    .unwrap();
    let check = |config: &[u8]| {
        check_in(
            repository.path(),
            &of("s3", config, "default"),
            Engine::Terraform,
        )
    };
    check(b"\x83\xa6bucket\xa1b\xabmax_retries\x05\xa4role\x91\xa1a").unwrap();
    let refused = check(b"\x83\xa6bucket\xa1c\xabmax_retries\x05\xa4role\x91\xa1a").unwrap_err();
    assert!(refused.contains("`bucket`"), "{refused}");
}

#[test]
fn a_managed_state_has_no_address_in_a_plan() {
    let repository = repository();
    let state = r#"{"backend":{"type":"http","config":{"address":null,"username":null},"hash":1}}"#;
    std::fs::write(
        repository.path().join("root/.terraform/terraform.tfstate"),
        state,
    )
    .unwrap();
    let check = |config: &[u8]| {
        let plan = message(&[(13, &backend("http", config, "default"))]);
        check_in(
            repository.path(),
            &Plan::with("tfplan", &plan),
            Engine::Terraform,
        )
    };
    check(b"\x82\xa7address\xc0\xa8username\xc0").unwrap();
    for (config, name) in [
        (&b"\x82\xa7address\xa1x\xa8username\xc0"[..], "address"),
        (b"\x82\xa7address\xc0\xa8username\xa1x", "username"),
        (b"\x81\xaclock_address\xa1x", "lock_address"),
    ] {
        let refused = check(config).unwrap_err();
        let expected = format!("the setting `{name}` of its state backend `http` differs");
        assert!(refused.contains(&expected), "{refused}");
    }
}

#[test]
fn odd_archives_are_refused() {
    for (name, part) in [
        ("tfconfig/m-/../main.tf", "does not belong there"),
        ("tfconfig/m-/", "belong"),
        ("tfconfig/m-a/b/c.tf", "does not belong there"),
        ("tfconfig/other", "does not belong there"),
        ("/etc/passwd", "does not belong there"),
        ("evil", "does not belong there"),
    ] {
        let refused = refusal(&Plan::with(name, b"x"));
        assert!(refused.contains(part), "{name}: {refused}");
    }
    assert!(refusal(&Plan::with("tfstate", &vec![b'x'; 5000])).contains("larger than"));
    let mut many = Plan::honest();
    (0..20).for_each(|n| drop(many.0.insert(format!("tfconfig/m-/{n}.tf"), Vec::new())));
    assert!(refusal(&many).contains("larger than"));
    assert!(refusal(&Plan::without("tfplan")).contains("lacks `tfplan`"));
    assert!(refusal(&Plan::without(".terraform.lock.hcl")).contains("lacks"));
    let clean = Clean {
        repository: Path::new("/nonexistent"),
        project_root: Path::new(""),
        engine: Engine::Terraform,
        workspace: None,
    };
    let error = check(b"{\"encrypted\":1}", &clean, PlanLimits::default()).unwrap_err();
    assert!(error.to_string().contains("no archive"), "{error}");
}

#[test]
fn two_entries_of_one_name_are_refused() {
    // Built by hand from two archives' parts: a library would refuse to write it.
    let bytes = Plan::with("tfstatf", b"{}").bytes();
    let mut changed = bytes.clone();
    let (from, to) = (b"tfstatf", b"tfstate");
    for at in 0..bytes.len() - from.len() {
        if &bytes[at..at + from.len()] == from {
            changed[at..at + from.len()].copy_from_slice(to);
        }
    }
    let repository = repository();
    let clean = Clean {
        repository: repository.path(),
        project_root: Path::new("root"),
        engine: Engine::Terraform,
        workspace: None,
    };
    let error = check(&changed, &clean, PlanLimits::default()).unwrap_err();
    assert!(matches!(error, PlanFileError::Duplicate(_)), "{error}");
}

#[test]
fn a_tofu_file_takes_the_place_of_its_twin() {
    let names: Vec<String> = [
        "a.tf",
        "a.tofu",
        "b.tf.json",
        "b.tofu.json",
        "c.tf",
        ".d.tf",
        "#e.tf#",
    ]
    .map(str::to_owned)
    .to_vec();
    assert_eq!(
        Engine::Terraform.configuration(&names),
        ["a.tf", "b.tf.json", "c.tf"]
    );
    assert_eq!(
        Engine::OpenTofu.configuration(&names),
        ["a.tofu", "b.tofu.json", "c.tf"]
    );
}

#[test]
fn a_link_out_of_the_repository_is_not_followed() {
    let repository = repository();
    let file = repository.path().join("root/main.tf");
    std::fs::remove_file(&file).unwrap();
    std::os::unix::fs::symlink("/etc/hostname", &file).unwrap();
    let refused = check_in(repository.path(), &Plan::honest(), Engine::Terraform).unwrap_err();
    assert!(refused.contains("leads out of the repository"), "{refused}");
    std::fs::remove_file(&file).unwrap();
    std::fs::write(repository.path().join("shared.tf"), "root").unwrap();
    std::os::unix::fs::symlink("../shared.tf", &file).unwrap();
    check_in(repository.path(), &Plan::honest(), Engine::Terraform).unwrap();
}
