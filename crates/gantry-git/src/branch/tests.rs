use std::process::Command;

use proptest::prelude::*;

use super::*;

#[test]
fn ordinary_names_pass() {
    for name in [
        "main",
        "feature/x",
        "release-1.2",
        "dépôt",
        "a@b",
        "refs/heads/x",
        "1",
        "a-",
    ] {
        valid_branch(name).unwrap();
    }
}

#[test]
fn names_that_git_or_a_shell_could_mistake_are_refused() {
    for name in [
        "",
        "-",
        "--upload-pack=x",
        "a b",
        "a\nb",
        "a:b",
        "+a^",
        "a..b",
        "../x",
        ".a",
        "a/.b",
        "a//b",
        "/a",
        "a/",
        "a.lock",
        "a.lock/b",
        "a.",
        "@",
        "a@{1}",
        "a*",
        "a\\b",
        "\u{7f}",
    ] {
        assert!(valid_branch(name).is_err(), "{name:?}");
    }
    assert_eq!(
        valid_branch("--upload-pack=x").unwrap_err().to_string(),
        "`branch` `--upload-pack=x` is not a branch name: it begins with `-`"
    );
}

#[test]
fn a_commit_is_a_full_lower_case_hash() {
    valid_commit("0123456789abcdef0123456789abcdef01234567").unwrap();
    for text in [
        "",
        "HEAD",
        "0123456",
        "--output=x",
        "0123456789ABCDEF0123456789ABCDEF01234567",
    ] {
        assert!(valid_commit(text).is_err(), "{text:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Whatever passes here, git takes for a branch name too.
    #[test]
    fn git_agrees(name in "[a-c./@{}~^:?*\\[\\\\ -]{0,6}(\\.lock)?") {
        if valid_branch(&name).is_ok() {
            let full = format!("refs/heads/{name}");
            let status = Command::new("git").args(["check-ref-format", &full]).status().unwrap();
            prop_assert!(status.success(), "{name:?}");
        }
    }
}
