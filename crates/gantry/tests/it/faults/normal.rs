//! What is built without tests has no point at which it could be told to die.

use std::process::Command;

use gantry_testkit::golden::repository;

const ARMED: &str = "gantry-fault feature \"armed\"";

#[test]
fn only_tests_can_let_the_binary_die() {
    assert!(tree("features,normal,build,dev").contains(ARMED));
    assert!(!tree("features,normal,build").contains(ARMED));
}

fn tree(edges: &str) -> String {
    let mut cargo = Command::new(env!("CARGO"));
    let output = cargo
        .args(["tree", "--offline", "--locked", "--package", "gantry"])
        .args(["--edges", edges])
        .current_dir(repository())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
