use super::*;

const RUN: &str = "01JD8Z5K3V9QW2XH7N4M6R0TBC";

fn account() -> Subdomain {
    Subdomain::parse("acme").unwrap()
}

#[test]
fn names_run_stack_and_account() {
    let name = SessionName::for_run(&RunId::new(RUN), &StackId::new("network"), &account());
    assert_eq!(name.unwrap().as_str(), format!("{RUN}@network@acme"));
    let name = SessionName::for_verification(&StackId::new("network"), &account());
    assert_eq!(name.unwrap().as_str(), "verify@network@acme");
}

#[test]
fn is_cut_at_the_end_so_that_the_run_stays_whole() {
    let stack = StackId::new("a".repeat(63));
    let name = SessionName::for_run(&RunId::new(RUN), &stack, &account()).unwrap();
    assert_eq!(name.as_str(), format!("{RUN}@{}", "a".repeat(37)));
    assert_eq!(name.as_str().len(), 64);
    let name = SessionName::for_verification(&stack, &account()).unwrap();
    assert_eq!(name.as_str(), format!("verify@{}", "a".repeat(57)));
}

/// STS takes `[\w+=,.@-]` only here: a damaged ID must not reach it.
#[test]
fn a_damaged_part_gives_no_name() {
    let stack = StackId::new("network");
    for run in ["", "run:1", "a/b", &RUN.to_lowercase()] {
        assert!(
            SessionName::for_run(&RunId::new(run), &stack, &account()).is_err(),
            "{run:?}"
        );
    }
    assert!(SessionName::for_verification(&StackId::new("a/b"), &account()).is_err());
}
