use super::*;

fn binary(engine: Engine, version: &str) -> Binary {
    Binary {
        engine,
        path: "/t".into(),
        version: Version::parse(version).unwrap(),
    }
}

#[test]
fn a_plan_never_locks_whatever_stands_before() {
    let plan = binary(Engine::Terraform, "1.11.4").plan(Path::new("/mnt/plan"), false);
    assert_eq!(
        plan.join(" "),
        "plan -input=false -detailed-exitcode -out=/mnt/plan -lock=false"
    );
    let destroy = binary(Engine::OpenTofu, "1.9.0")
        .plan(Path::new("/p"), true)
        .join(" ");
    assert!(destroy.ends_with(" -destroy -lock=false"), "{destroy}");
}

#[test]
fn a_workspace_name_is_one_word() {
    let new = binary(Engine::Terraform, "1.11.4").init_and_select("it's; rm -rf /");
    assert_eq!(
        new,
        r"terraform init -input=false && terraform workspace select -or-create=true 'it'\''s; rm -rf /'"
    );
    let old = binary(Engine::Terraform, "1.3.9").init_and_select("prod");
    assert!(old.ends_with("{ terraform workspace select prod || terraform workspace new prod; }"));
}

#[test]
fn versions_are_three_numbers() {
    for bad in [
        "",
        "1",
        "1.2",
        "1.2.3.4",
        "latest",
        "~> 1.2",
        "1.2.x",
        "../../1.2.3",
    ] {
        assert!(Version::parse(bad).is_none(), "{bad}");
    }
    assert!(Version::parse("1.12.0-rc1").is_some());
}

fn install(dir: &Path, version: &str) {
    let place = dir.join("terraform").join(version);
    std::fs::create_dir_all(&place).unwrap();
    std::fs::write(place.join("terraform"), "").unwrap();
}

#[tokio::test]
async fn the_newest_installed_version_serves_a_stack_without_one() {
    let dir = tempfile::tempdir().unwrap();
    for version in ["1.9.8", "1.10.0", "1.10.0-rc1", "junk"] {
        install(dir.path(), version);
    }
    let tools = Tools::new(Some(dir.path().into()), vec![]);
    let any = tools
        .find(&Tool {
            engine: Engine::Terraform,
            version: None,
        })
        .await
        .unwrap();
    assert_eq!(any.version.text, "1.10.0");
    let exact = Tool {
        engine: Engine::Terraform,
        version: Some("1.9.8".into()),
    };
    assert_eq!(tools.find(&exact).await.unwrap().version.text, "1.9.8");
}

#[tokio::test]
async fn a_missing_tool_is_named_with_the_place_it_belongs_to() {
    let dir = tempfile::tempdir().unwrap();
    let tools = Tools::new(Some(dir.path().into()), vec![]);
    let tool = Tool {
        engine: Engine::OpenTofu,
        version: Some("1.9.0".into()),
    };
    let sentence = tools.find(&tool).await.unwrap_err().to_string();
    assert!(
        sentence.contains("opentofu 1.9.0 is not installed"),
        "{sentence}"
    );
    assert!(sentence.contains("opentofu/1.9.0/tofu"), "{sentence}");
}
