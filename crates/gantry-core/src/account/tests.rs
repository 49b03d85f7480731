use super::*;

#[test]
fn subdomains_have_two_to_thirty_eight_characters() {
    for good in ["ab", "7-7", "acme", "acme-eu-1", &"a".repeat(38)] {
        assert_eq!(Subdomain::parse(good).unwrap().as_str(), good);
    }
    for bad in [
        "",
        "a",
        "-a",
        "a-",
        "Acme",
        "a@b",
        "a.b",
        "a*",
        "é1",
        "a\n",
        &"a".repeat(39),
    ] {
        assert!(Subdomain::parse(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn the_sentence_shows_the_value_and_the_rule() {
    assert_eq!(
        Subdomain::parse("Acme").unwrap_err().to_string(),
        "the account's subdomain `Acme` is not valid: choose 2 to 38 of the characters a-z, 0-9 and \
         `-`, neither beginning nor ending with `-`; it enters every trust policy and can't be \
         changed later"
    );
}
