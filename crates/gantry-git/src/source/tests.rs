use std::fs;
use std::os::unix::fs::symlink;

use super::*;

fn parse(text: &str) -> Result<String, SourceError> {
    Source::parse(text, &[]).map(|source| source.to_string())
}

#[test]
fn an_https_url_is_kept_in_one_form() {
    for (text, url) in [
        (
            "https://github.com/acme/infra",
            "https://github.com/acme/infra",
        ),
        (
            "https://GitHub.com/acme/Infra.git/",
            "https://github.com/acme/Infra.git",
        ),
        (
            "HTTPS://git.acme.test:8443/x",
            "https://git.acme.test:8443/x",
        ),
        ("https://[::1]:8443/x", "https://[::1]:8443/x"),
    ] {
        assert_eq!(parse(text).unwrap(), url);
    }
}

#[test]
fn other_protocols_and_broken_urls_are_refused() {
    for text in [
        "http://github.com/a/b",
        "ssh://github.com/a/b",
        "git@github.com:a/b",
        "ext::sh -c id",
        "ext::https://a/b",
        "--upload-pack=touch /tmp/x",
        "https://",
        "https://host",
        "https://host/",
        "https:///path",
        "https://-oProxyCommand=x/y",
        "https://host/a b",
        "https://host/a\nb",
        "https://host/a?x=1",
        "https://ho_st$/a",
        "relative/path",
        "",
    ] {
        assert!(parse(text).is_err(), "{text:?}");
    }
}

#[test]
fn credentials_in_a_url_are_refused_and_not_repeated() {
    for text in [
        "https://user:hunter2@host/a",
        "https://hunter2@host/a",
        "http://u:hunter2@host/a",
    ] {
        let error = parse(text).unwrap_err();
        assert_eq!(error, SourceError::Credentials);
        assert!(
            !error.to_string().contains("hunter2") && !format!("{error:?}").contains("hunter2")
        );
    }
}

#[test]
fn a_local_path_is_allowed_below_a_root_only() {
    let dir = tempfile::tempdir().unwrap();
    let base = dir.path().canonicalize().unwrap();
    for name in ["roots/repo", "elsewhere/repo", "roots-2/repo"] {
        fs::create_dir_all(base.join(name)).unwrap();
    }
    symlink(base.join("elsewhere/repo"), base.join("roots/link")).unwrap();
    let roots = [base.join("roots")];
    let parse = |name: &str| Source::parse(base.join(name).to_str().unwrap(), &roots);

    assert_eq!(
        parse("roots/repo").unwrap().place(),
        &Place::Local(base.join("roots/repo"))
    );
    assert!(Source::parse(&format!("file://{}/roots/repo", base.display()), &roots).is_ok());
    assert!(matches!(
        parse("roots/none"),
        Err(SourceError::Missing { .. })
    ));
    for name in [
        "elsewhere/repo",
        "elsewhere/none",
        "roots-2/repo",
        "roots/../elsewhere/repo",
    ] {
        assert!(
            matches!(parse(name), Err(SourceError::OutsideOfRoots { .. })),
            "{name}"
        );
    }
    assert!(matches!(
        parse("roots/link"),
        Err(SourceError::OutsideOfRoots { .. })
    ));
    assert!(matches!(
        parse("roots/../none"),
        Err(SourceError::OutsideOfRoots { .. })
    ));
}
