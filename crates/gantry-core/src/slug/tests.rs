use proptest::prelude::*;

use super::*;

#[test]
fn a_given_slug_is_kept_as_it_is() {
    let longest = "a".repeat(63);
    for slug in [
        "a",
        "7",
        "prod",
        "prod-eu-1",
        "a--b",
        "reader",
        "read-only",
        longest.as_str(),
    ] {
        assert_eq!(Slug::parse(slug).unwrap().as_str(), slug);
    }
}

#[test]
fn a_given_slug_is_never_changed_to_make_it_valid() {
    let too_long = "a".repeat(64);
    for slug in [
        "x@prod", "PROD", "prod-", "-prod", "-", "a b", "a_b", "é", "a*", "a\n", &too_long,
    ] {
        assert!(
            matches!(Slug::parse(slug), Err(SlugError::Malformed { .. })),
            "{slug:?}"
        );
    }
}

#[test]
fn the_words_of_access_are_no_slugs() {
    assert_eq!(
        Slug::parse("read").unwrap_err().to_string(),
        "`slug` can't be `read`: external IDs end in that word. Choose another slug"
    );
    assert!(Slug::parse("write").is_err());
    assert!(slug_from_name("Write").is_err());
    assert!(slug_from_name(" read! ").is_err());
}

#[test]
fn the_sentence_names_field_value_and_remedy() {
    assert_eq!(
        Slug::parse("x@prod").unwrap_err().to_string(),
        "`slug` `x@prod` is not valid: a slug has 1 to 63 of the characters a-z, 0-9 and `-`, and \
         neither begins nor ends with `-`. `x-prod` would do"
    );
    assert_eq!(
        slug_from_name("@@@").unwrap_err().to_string(),
        "`name` `@@@` has no letter a-z or digit that a slug could be made of: change the name, or \
         give a `slug` beside it"
    );
    let sentence = Slug::parse(&"\u{1b}[2J".repeat(1000))
        .unwrap_err()
        .to_string();
    assert!(
        sentence.len() < 900 && !sentence.contains('\u{1b}'),
        "{sentence}"
    );
}

#[test]
fn a_name_becomes_a_slug() {
    for (name, slug) in [
        ("Prod", "prod"),
        ("x@prod", "x-prod"),
        ("everything *", "everything"),
        ("  My  Stack (EU) ", "my-stack-eu"),
        ("a---b", "a-b"),
        ("a_b.c", "a-b-c"),
        ("Größe", "gr-e"),
        ("\u{212a}elvin", "elvin"),
    ] {
        assert_eq!(slug_from_name(name).unwrap().as_str(), slug, "{name}");
    }
}

#[test]
fn a_long_name_is_cut_then_trimmed() {
    assert_eq!(
        slug_from_name(&"x".repeat(300)).unwrap().as_str(),
        "x".repeat(63)
    );
    let cut_at_a_dash = format!("{} tail", "x".repeat(62));
    assert_eq!(
        slug_from_name(&cut_at_a_dash).unwrap().as_str(),
        "x".repeat(62)
    );
}

proptest! {
    #[test]
    fn what_a_name_gives_is_a_valid_slug(name in any::<String>()) {
        if let Ok(slug) = slug_from_name(&name) {
            prop_assert_eq!(Slug::parse(slug.as_str()).unwrap(), slug.clone());
            prop_assert!(slug.as_str().len() <= 63);
        }
    }

    #[test]
    fn a_slug_has_no_character_of_a_pattern(text in "[a-z0-9@*?-]{0,70}") {
        if let Ok(slug) = Slug::parse(&text) {
            prop_assert!(!slug.as_str().contains(['@', '*', '?']));
        }
    }
}
