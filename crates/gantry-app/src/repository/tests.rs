use super::*;

const TEMPLATE: &str = "https://git.example.com/{namespace}/{repository}.git";

#[test]
fn a_template_is_filled_in() {
    for (namespace, repository, url) in [
        ("acme", "infra", "https://git.example.com/acme/infra.git"),
        (
            "acme/team-1",
            "in_fra.tf",
            "https://git.example.com/acme/team-1/in_fra.tf.git",
        ),
    ] {
        assert_eq!(filled_in(TEMPLATE, namespace, repository).unwrap(), url);
    }
    let plain = "https://git.example.com/acme/{repository}";
    let url = filled_in(plain, "other", "infra").unwrap();
    assert_eq!(url, "https://git.example.com/acme/infra");
}

#[test]
fn nothing_in_a_name_means_something_in_a_url() {
    for name in [
        "",
        "/",
        "a/",
        "/a",
        "..",
        "a/../b",
        ".git",
        "-x",
        "a b",
        "a?b",
        "a#b",
        "a@b",
        "a%2fb",
        "a:b",
        "{repository}",
        "ä",
        "a\nb",
    ] {
        assert!(filled_in(TEMPLATE, name, "infra").is_err(), "{name}");
        let refused = filled_in(TEMPLATE, "acme", name).unwrap_err().to_string();
        assert!(refused.starts_with("repository `"), "{refused}");
    }
}
