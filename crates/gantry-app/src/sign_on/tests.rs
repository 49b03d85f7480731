use super::own_path;

#[test]
fn only_paths_of_our_own_are_returned_to() {
    for own in ["/", "/stacks/a?tab=runs#x", "/a//b"] {
        assert_eq!(own_path(own), own);
    }
    for other in [
        "",
        "a",
        "//b",
        "/\\b",
        "https://b",
        "/a b",
        "/a\nb",
        "/<b>",
        "/\u{e9}",
    ] {
        assert_eq!(own_path(other), "/", "{other:?}");
    }
    assert_eq!(own_path(&format!("/{}", "a".repeat(3_000))), "/");
}
