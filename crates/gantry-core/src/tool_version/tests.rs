use proptest::prelude::*;

use super::*;

fn version(text: &str) -> ToolVersion {
    ToolVersion::parse(text).unwrap_or_else(|| panic!("{text}"))
}

fn range(text: &str) -> ToolRange {
    ToolRange::parse(text).unwrap_or_else(|error| panic!("{text} {error}"))
}

#[test]
fn versions_are_three_numbers() {
    for bad in [
        "",
        "1",
        "1.2",
        "1.2.3.4",
        "v1.2.3",
        "1.02.3",
        "latest",
        "~> 1.2",
        "1.2.x",
        "../../1.2.3",
        "1.2.3-a/b",
        "1.2.3-..",
        " 1.2.3",
        "1.2.3-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    ] {
        assert!(ToolVersion::parse(bad).is_none(), "{bad}");
    }
    assert!(!version("1.12.0-rc1").is_release());
    assert_eq!(version("1.12.0-rc1").to_string(), "1.12.0-rc1");
}

#[test]
fn a_release_comes_after_its_candidates() {
    let mut all = [
        "1.10.0",
        "1.9.8",
        "1.10.0-rc1",
        "1.10.0-beta2",
        "0.15.5",
        "1.9.10",
    ]
    .map(version);
    all.sort();
    assert_eq!(
        all.map(|v| v.to_string()),
        [
            "0.15.5",
            "1.9.8",
            "1.9.10",
            "1.10.0-beta2",
            "1.10.0-rc1",
            "1.10.0"
        ]
    );
}

/// What is written, what it lets in, and what it keeps out.
const RANGES: [(&str, &[&str], &[&str]); 28] = [
    // Terraform's language.
    ("1.9.8", &["1.9.8"], &["1.9.7", "1.9.9", "1.9.8-rc1"]),
    ("= 1.9.8", &["1.9.8"], &["1.9.7"]),
    ("!= 1.9.8", &["1.9.7", "2.0.0"], &["1.9.8", "2.0.0-rc1"]),
    ("> 1.9.8", &["1.9.9", "2.0.0"], &["1.9.8", "1.9.7"]),
    ("> 1.9", &["1.9.1", "2.0.0"], &["1.9.0"]),
    (">= 1.5", &["1.5.0", "9.0.0"], &["1.4.9", "1.5.0-rc1"]),
    ("< 2", &["1.99.9", "0.1.0"], &["2.0.0", "2.0.0-rc1"]),
    ("<= 1.9", &["1.9.0", "1.8.9"], &["1.9.1"]),
    (
        "~> 1.9.0",
        &["1.9.0", "1.9.99"],
        &["1.10.0", "1.8.9", "1.10.0-rc1"],
    ),
    (
        "~> 1.9",
        &["1.9.0", "1.10.0", "1.99.0"],
        &["2.0.0", "1.8.9"],
    ),
    ("~>1.9.5", &["1.9.5", "1.9.6"], &["1.9.4", "1.10.0"]),
    (
        ">= 1.5, < 2",
        &["1.5.0", "1.99.0"],
        &["1.4.9", "2.0.0", "1.6.0-rc1"],
    ),
    (
        ">= 1.5, != 1.7.0, < 2",
        &["1.6.0", "1.7.1"],
        &["1.7.0", "2.0.0"],
    ),
    (">=1.5,<2,~>1.9.0", &["1.9.3"], &["1.8.0", "1.10.0"]),
    // A pre-release serves whoever names one of its numbers.
    ("1.12.0-rc1", &["1.12.0-rc1"], &["1.12.0", "1.12.0-rc2"]),
    (
        ">= 1.12.0-beta1",
        &["1.12.0-beta1", "1.12.0-rc1", "1.12.0", "1.13.0"],
        &["1.12.0-alpha1", "1.13.0-rc1"],
    ),
    (
        "~> 1.12.0-beta1",
        &["1.12.0-rc1", "1.12.4"],
        &["1.12.1-rc1", "1.13.0"],
    ),
    // What the clients' documentation teaches beside it.
    (">=1.5.0 <2.0.0", &["1.5.0", "1.99.0"], &["1.4.9", "2.0.0"]),
    (">= 1.5.0  < 2.0.0", &["1.5.0"], &["2.0.0"]),
    ("1.9.x", &["1.9.0", "1.9.9"], &["1.10.0", "1.9.9-rc1"]),
    ("1.9.*", &["1.9.0"], &["1.10.0"]),
    ("1.x", &["1.0.0", "1.99.9"], &["2.0.0", "0.15.0"]),
    ("1.x.x", &["1.0.0"], &["2.0.0"]),
    ("x", &["0.1.0", "7.0.0"], &["7.0.0-rc1"]),
    (">1.2.x", &["1.3.0"], &["1.2.9", "1.2.0"]),
    ("<=1.2.x", &["1.2.9", "1.1.0"], &["1.3.0"]),
    ("!1.2.x", &["1.3.0", "1.1.9"], &["1.2.5"]),
    (
        "<1.2.0 || >=1.4.0 <1.5.0",
        &["1.1.0", "1.4.9"],
        &["1.2.0", "1.3.9", "1.5.0"],
    ),
];

#[test]
fn a_range_lets_in_what_it_says() {
    for (text, within, without) in RANGES {
        let range = range(text);
        for inside in within {
            assert!(range.matches(&version(inside)), "{text} lets in {inside}");
        }
        for outside in without {
            assert!(
                !range.matches(&version(outside)),
                "{text} keeps out {outside}"
            );
        }
    }
}

#[test]
fn only_one_version_is_exact() {
    for text in ["1.9.8", "= 1.9.8", "==1.9.8", " 1.9.8 "] {
        assert_eq!(range(text).exact(), Some(version("1.9.8")), "{text}");
    }
    for text in [
        "~> 1.9.8",
        "1.9.x",
        "1.9.8 || 1.9.9",
        ">= 1.9.8, <= 1.9.8",
        "!= 1.9.8",
    ] {
        assert_eq!(range(text).exact(), None, "{text}");
    }
    let exactly = ToolRange::exactly(&version("1.12.0-rc1"));
    assert_eq!(exactly, range("1.12.0-rc1"));
}

#[test]
fn what_is_no_range_is_refused_with_what_to_write() {
    for text in [
        "",
        " ",
        "latest",
        "v1.9.0",
        "1.9.8,",
        ",1.9.8",
        ">= 1.5 ||",
        "|| 1.5.0",
        "| 1.5.0",
        ">=",
        "=> 1.5",
        ">> 1.5.0",
        "~> 1.9.x",
        "> x",
        "1.x.3",
        "1.9.8.7",
        "1.09.8",
        "1..8",
        "-1.9.8",
        "1.9.8; rm -rf /",
        "../1.9.8",
        "9999999999.x",
        "99999999999999999999999.0.0",
    ] {
        assert_eq!(ToolRange::parse(text), Err(BadRange::Unreadable), "{text}");
    }
    for (text, sentence) in [
        (
            "1.9",
            "leaves open which 1.9 it means: write `1.9.x` or `~> 1.9.0`",
        ),
        (
            "= 1",
            "leaves open which 1 it means: write `1.x` or `~> 1.0`",
        ),
        ("~> 1", "leaves open which 1 it means"),
    ] {
        let error = ToolRange::parse(text).unwrap_err().to_string();
        assert!(error.starts_with(sentence), "{text}: {error}");
    }
    let long = format!(">= 1.5{}", " ".repeat(200));
    assert_eq!(ToolRange::parse(&long), Err(BadRange::TooLong));
}

#[test]
fn a_range_shows_as_it_was_written() {
    assert_eq!(range(" >=1.5 <2 ").to_string(), "` >=1.5 <2 `");
}

fn any_version() -> impl Strategy<Value = ToolVersion> {
    let pre = prop::option::of(prop::sample::select(vec!["alpha1", "beta2", "rc1"]));
    (0u64..4, 0u64..12, 0u64..12, pre).prop_map(|(major, minor, patch, pre)| {
        let pre = pre.map(|pre| format!("-{pre}")).unwrap_or_default();
        version(&format!("{major}.{minor}.{patch}{pre}"))
    })
}

proptest! {
    #[test]
    fn nothing_that_is_written_panics(text in "\\PC{0,40}", odd in "[0-9x.<>=!~|, -]{0,24}") {
        let _ = ToolRange::parse(&text);
        let _ = ToolRange::parse(&odd);
    }

    #[test]
    fn opposites_divide_the_releases(named in any_version(), found in any_version()) {
        prop_assume!(found.is_release());
        for (one, other) in [(">=", "<"), (">", "<="), ("=", "!=")] {
            let matches = |sign: &str| range(&format!("{sign} {named}")).matches(&found);
            prop_assert!(matches(one) != matches(other), "{one} {other} {named} {found}");
        }
    }

    #[test]
    fn the_pessimistic_operator_is_the_pair_it_stands_for(
        major in 0u64..4, minor in 0u64..12, patch in 0u64..12, found in any_version(),
    ) {
        let three = (
            format!("~> {major}.{minor}.{patch}"),
            format!(">= {major}.{minor}.{patch}, < {major}.{}.0", minor + 1),
        );
        let two = (
            format!("~> {major}.{minor}"),
            format!(">= {major}.{minor}, < {}", major + 1),
        );
        let open = (
            format!("{major}.{minor}.x"),
            format!(">= {major}.{minor}.0, < {major}.{}.0", minor + 1),
        );
        for (short, long) in [three, two, open] {
            prop_assert_eq!(range(&short).matches(&found), range(&long).matches(&found));
        }
    }

    #[test]
    fn separators_do_not_matter(one in any_version(), other in any_version(), found in any_version()) {
        let written = |between: &str| range(&format!(">= {one}{between}< {other}")).matches(&found);
        prop_assert_eq!(written(", "), written(" "));
        prop_assert_eq!(written(","), written(""));
        prop_assert_eq!(written(" , "), written(" "));
    }

    #[test]
    fn every_version_is_its_own_range(one in any_version(), other in any_version()) {
        let range = range(&one.to_string());
        prop_assert_eq!(range.matches(&other), one == other);
        prop_assert_eq!(range.exact(), Some(one));
    }
}
