use super::*;

#[test]
fn plain_paths_pass() {
    for path in [
        "kubeconfig",
        "a/b/c/d/e.json",
        "source/extra.tf",
        "source/live/prod/terraform.tfvars",
        "source/.terraform.lock.hcl",
        "source.txt",
        "plans/one",
        "sources",
        "..a/b..",
        "ünï code",
    ] {
        assert_eq!(check_path(path), Ok(()), "{path}");
    }
}

#[test]
fn each_other_path_is_refused_with_its_reason() {
    let long = "a/".repeat(600) + "b";
    let long_name = "a".repeat(256);
    for (path, part) in [
        ("", "is empty"),
        ("/etc/passwd", "absolute"),
        ("/", "absolute"),
        ("..", "leads out"),
        ("../x", "leads out"),
        ("source/../../x", "leads out"),
        ("a/..", "leads out"),
        ("./a", "not the plain path"),
        ("a//b", "not the plain path"),
        ("a/", "not the plain path"),
        ("source/", "not the plain path"),
        (".", "not the plain path"),
        ("a\0b", "control character"),
        ("a\nb", "control character"),
        ("source", "gantry's own"),
        ("plan", "gantry's own"),
        ("plan/tfplan", "gantry's own"),
        ("spacelift.oidc", "gantry's own"),
        ("source/.terraform/providers/evil", "gantry's own"),
        ("source/live/.terraform", "gantry's own"),
        ("source/errored.tfstate", "gantry's own"),
        ("source/~gantry_override.tf.json", "gantry's own"),
        (&long, "too long"),
        (&long_name, "too long"),
    ] {
        let refused = check_path(path).unwrap_err().to_string();
        assert!(refused.contains(part), "{path:?}: {refused}");
        assert!(refused.starts_with("`id`"), "{refused}");
    }
}

#[test]
fn the_content_is_base64_of_a_limited_size() {
    assert_eq!(check_file("a", "aGVsbG8="), Ok(()));
    assert_eq!(check_file("a", ""), Ok(()));
    let refused = check_file("a", "hello!").unwrap_err().to_string();
    assert_eq!(
        refused,
        "the `value` of `a` is not base64: encode the file's content"
    );
    let fits = STANDARD.encode(vec![0; LARGEST_FILE]);
    assert_eq!(check_file("a", &fits), Ok(()));
    let beyond = STANDARD.encode(vec![0; LARGEST_FILE + 1]);
    let refused = check_file("a", &beyond).unwrap_err().to_string();
    assert!(refused.contains("2097153 bytes"), "{refused}");
}

#[test]
fn a_file_can_not_be_a_directory_on_the_way_to_another() {
    assert_eq!(conflicting(["a", "b", "a.b", "ab/c"]), None);
    assert_eq!(conflicting(["c/d/e", "c", "b"]), Some(("c", "c/d/e")));
    assert_eq!(conflicting(["c/d/e", "c/d"]), Some(("c/d", "c/d/e")));
}
