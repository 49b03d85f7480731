use super::*;

fn binary(engine: Engine, version: &str) -> Binary {
    Binary {
        engine,
        path: "/t".into(),
        version: ToolVersion::parse(version).unwrap(),
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
