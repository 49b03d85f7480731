use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

use super::*;

const KEY: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const PEM: &str = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\n\
                   ab\n-----END KEY-----\n";

fn masks(secrets: &[&str]) -> Masks {
    let secrets: Vec<SecretString> = secrets.iter().map(|secret| (*secret).into()).collect();
    Masks::new(&secrets)
}

/// Passes `text` through in the given chunks.
fn through(masks: &Masks, chunks: &[&[u8]]) -> String {
    let mut masker = masks.stream();
    let mut out = Vec::new();
    for chunk in chunks {
        out.extend_from_slice(&masker.push(chunk));
    }
    out.extend_from_slice(&masker.finish());
    String::from_utf8_lossy(&out).into_owned()
}

#[test]
fn a_secret_is_replaced_wherever_it_stands() {
    let masks = masks(&[KEY, "hunter2"]);
    let text = format!("a {KEY} b hunter2{KEY} c hunter");
    assert_eq!(masks.mask(&text), "a ***** b ********** c hunter");
}

#[test]
fn nothing_to_mask_is_passed_on_without_a_copy() {
    for masks in [Masks::none(), masks(&[]), masks(&["abc", ""])] {
        let mut masker = masks.stream();
        assert!(matches!(
            masker.push(b"abc and more"),
            Cow::Borrowed(b"abc and more")
        ));
        assert!(masker.finish().is_empty());
    }
    let masks = masks(&[KEY]);
    let mut masker = masks.stream();
    for line in [
        "Terraform has been successfully initialized!\n",
        "\n",
        "Plan: 1 to add\n",
    ] {
        assert!(
            matches!(masker.push(line.as_bytes()), Cow::Borrowed(shown) if shown.len() == line.len())
        );
    }
    assert!(matches!(masks.mask("nothing"), Cow::Borrowed("nothing")));
}

#[test]
fn values_of_less_than_four_bytes_are_not_masked() {
    assert_eq!(masks(&["abc"]).mask("abc"), "abc");
    assert_eq!(masks(&["abcd"]).mask("abcd"), "*****");
}

#[test]
fn exactly_the_possible_beginning_is_held_back() {
    let masks = masks(&["secret-value"]);
    let mut masker = masks.stream();
    assert_eq!(&*masker.push(b"it is sec"), b"it is ");
    assert_eq!(
        &*masker.push(b""),
        b"",
        "time passes, and nothing of it is shown"
    );
    assert_eq!(&*masker.push(b"ret-"), b"");
    assert_eq!(&*masker.push(b"ary and sec"), b"secret-ary and ");
    assert_eq!(
        &*masker.push(b"ret-value"),
        b"",
        "it might go on, in a longer secret"
    );
    assert_eq!(&*masker.push(b"!"), b"*****!");
    assert_eq!(masker.finish(), b"");
}

#[test]
fn a_stream_that_ends_inside_a_secret_does_not_show_its_beginning() {
    let masks = masks(&["secret-value"]);
    assert_eq!(through(&masks, &[b"say secret-v"]), "say *****");
    assert_eq!(
        through(&masks, &[b"say secr"]),
        "say secr",
        "a few letters are anybody's"
    );
    let mut masker = masks.stream();
    masker.push(b"secr");
    assert_eq!(masker.finish(), b"secr");
    assert_eq!(
        &*masker.push(b"et-value "),
        b"et-value ",
        "the next stream begins anew"
    );
}

#[test]
fn overlapping_secrets_are_covered_as_one() {
    let masks = masks(&["abcdef", "defghi", "xabcdefx", "cdef"]);
    for (text, shown) in [
        ("abcdefghi", "*****"),
        ("-abcdefghi-", "-*****-"),
        ("xabcdefx", "*****"),
        ("xabcdef", "x*****"),
        ("abcdefdefghi", "**********"),
        ("abcdefabcdef", "**********"),
        ("defghidefabcdefghi", "*****def*****"),
    ] {
        assert_eq!(masks.mask(text), shown, "{text}");
    }
}

#[test]
fn each_line_of_a_key_is_masked() {
    let masks = masks(&[PEM]);
    assert_eq!(masks.mask(PEM), "*****");
    let indented: String = PEM.lines().map(|line| format!("  | {line}\r\n")).collect();
    let shown = masks.mask(&indented);
    assert_eq!(
        shown,
        "  | *****\r\n  | *****\r\n  | *****\r\n  | ab\r\n  | *****\r\n"
    );
    let escaped = PEM.trim().replace('\n', "\\n");
    assert_eq!(
        masks.mask(&format!("{{\"key\":\"{escaped}\"}}")),
        "{\"key\":\"*****\"}"
    );
    assert_eq!(masks.mask(&escaped.replace('\\', "\\\\")), "*****");
}

/// Forms as tools make them, each written here a second time.
fn encodings(secret: &str) -> Vec<(&'static str, String)> {
    let bytes = secret.as_bytes();
    let percent = |keep: &str, lower: bool| {
        let encode = |byte: &u8| match *byte as char {
            character if character.is_ascii_alphanumeric() || keep.contains(character) => {
                character.to_string()
            }
            _ if lower => format!("%{byte:02x}"),
            _ => format!("%{byte:02X}"),
        };
        bytes.iter().map(encode).collect::<String>()
    };
    let json = serde_json::to_string(secret).unwrap();
    let json = &json[1..json.len() - 1];
    let twice = serde_json::to_string(json).unwrap();
    vec![
        ("raw", secret.into()),
        ("base64", STANDARD.encode(bytes)),
        ("base64 without padding", STANDARD_NO_PAD.encode(bytes)),
        ("base64url", URL_SAFE.encode(bytes)),
        ("base64url without padding", URL_SAFE_NO_PAD.encode(bytes)),
        (
            "hex",
            bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        ),
        (
            "HEX",
            bytes.iter().map(|byte| format!("{byte:02X}")).collect(),
        ),
        ("percent", percent("-._~", false)),
        ("percent, python", percent("-._~/", false)),
        ("percent, lower", percent("-._~", true)),
        ("form", percent("-._~", false).replace("%20", "+")),
        ("json", json.into()),
        ("json in json", twice[1..twice.len() - 1].into()),
        (
            "go",
            json.replace('<', "\\u003c")
                .replace('>', "\\u003e")
                .replace('&', "\\u0026")
                .replace('\u{2028}', "\\u2028")
                .replace('\u{2029}', "\\u2029"),
        ),
        ("sh", secret.replace('\'', "'\\''")),
    ]
}

const SECRETS: [&str; 6] = [
    KEY,
    "p4ss",
    "it's \"quoted\" <&> \\ back",
    "grüße-aus-köln",
    "a b/c+d",
    "FwoGZXIvYXdzEJr//////////wE=",
];

#[test]
fn every_encoding_at_every_split_point() {
    for secret in SECRETS {
        let masks = masks(&[secret]);
        for (name, encoded) in encodings(secret) {
            let text = format!("<{encoded}>");
            for split in 0..=text.len() {
                let (head, tail) = text.as_bytes().split_at(split);
                assert_eq!(
                    through(&masks, &[head, tail]),
                    "<*****>",
                    "{name} of {secret} at {split}"
                );
            }
            let bytes: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
            assert_eq!(
                through(&masks, &bytes),
                "<*****>",
                "{name} of {secret}, byte by byte"
            );
        }
    }
}

#[test]
fn base64_in_lines_is_masked() {
    let secret = "FwoGZXIvYXdzEJr".repeat(20);
    let masks = masks(&[&secret]);
    for width in [64, 76] {
        let encoded = STANDARD.encode(&secret);
        let lines: Vec<&str> = encoded
            .as_bytes()
            .chunks(width)
            .map(|line| str::from_utf8(line).unwrap())
            .collect();
        let shown = masks.mask(&lines.join("\n")).into_owned();
        for line in lines.iter().filter(|line| line.len() >= 8) {
            assert!(!shown.contains(line), "{width}: {shown}");
        }
    }
}

/// Where masks are strictly overlapping they are one; found here by trying every place.
fn reference(secrets: &[String], text: &[u8]) -> Vec<u8> {
    let mut forms = forms::Set::default();
    secrets
        .iter()
        .for_each(|secret| forms::derive(secret, &mut forms));
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    for begin in 0..text.len() {
        for form in &forms {
            if text[begin..].starts_with(form) {
                ranges.push((begin, begin + form.len()));
            }
        }
    }
    ranges.sort();
    let mut merged: Vec<(usize, usize)> = Vec::new();
    for (begin, end) in ranges {
        match merged.last_mut() {
            Some(last) if begin < last.1 => last.1 = last.1.max(end),
            _ => merged.push((begin, end)),
        }
    }
    let (mut out, mut cursor) = (Vec::new(), 0);
    for (begin, end) in merged {
        out.extend_from_slice(&text[cursor..begin]);
        out.extend_from_slice(REPLACEMENT.as_bytes());
        cursor = end;
    }
    out.extend_from_slice(&text[cursor..]);
    out
}

/// Cuts `text` at the given places.
fn cut<'t>(text: &'t [u8], places: &[Index]) -> Vec<&'t [u8]> {
    let mut places: Vec<usize> = places
        .iter()
        .map(|place| place.index(text.len() + 1))
        .collect();
    places.sort_unstable();
    let (mut chunks, mut from) = (Vec::new(), 0);
    for place in places {
        chunks.push(&text[from..place]);
        from = place;
    }
    chunks.push(&text[from..]);
    chunks
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Two letters only, so that everything overlaps with everything.
    #[test]
    fn any_chunking_gives_what_the_reference_gives(
        secrets in vec("[ab]{4,9}", 1..4),
        text in "[ab]{0,60}",
        places in vec(any::<Index>(), 0..8),
    ) {
        // The end of the stream has a rule of its own.
        let text = format!("{text}.");
        let all: Vec<&str> = secrets.iter().map(String::as_str).collect();
        let shown = through(&masks(&all), &cut(text.as_bytes(), &places));
        let expected = String::from_utf8(reference(&secrets, text.as_bytes())).unwrap();
        prop_assert_eq!(shown, expected);
    }

    /// A secret somewhere inside of something encoded: none of the characters that it alone decides
    /// are shown together.
    #[test]
    fn base64_is_found_at_any_alignment(
        secret in "[!-~]{4,40}",
        before in vec(any::<u8>(), 0..9),
        after in vec(any::<u8>(), 0..9),
        places in vec(any::<Index>(), 0..6),
        url in any::<bool>(),
    ) {
        let stream = [&before[..], secret.as_bytes(), &after[..]].concat();
        let encoded = if url { URL_SAFE.encode(&stream) } else { STANDARD.encode(&stream) };
        let first = (before.len() * 8).div_ceil(6);
        let last = (before.len() + secret.len()) * 8 / 6;
        let shown = through(&masks(&[&secret]), &cut(encoded.as_bytes(), &places));
        prop_assert!(shown.contains(REPLACEMENT));
        prop_assert!(!shown.contains(&encoded[first..last]), "{}", shown);
    }

    #[test]
    fn arbitrary_text_never_shows_an_encoding(
        secret in "\\PC{4,30}",
        which in any::<Index>(),
        noise in vec("\\PC{0,20}", 2),
        places in vec(any::<Index>(), 0..8),
    ) {
        prop_assume!(secret.trim().len() >= SHORTEST);
        let encodings = encodings(&secret);
        let (_, encoded) = &encodings[which.index(encodings.len())];
        let text = format!("{}{encoded}{}\u{0}", noise[0], noise[1]);
        let shown = through(&masks(&[&secret]), &cut(text.as_bytes(), &places));
        prop_assert!(!shown.contains(encoded.as_str()), "{}", shown);
    }

    /// Without a secret in it, text comes out as it went in, whatever its bytes.
    #[test]
    fn other_bytes_are_left_alone(
        text in vec(any::<u8>(), 0..200),
        places in vec(any::<Index>(), 0..8),
    ) {
        let masks = masks(&["a-secret-that-is-not-in-there"]);
        let mut masker = masks.stream();
        let mut out = Vec::new();
        for chunk in cut(&text, &places) {
            out.extend_from_slice(&masker.push(chunk));
        }
        out.extend_from_slice(&masker.finish());
        prop_assert_eq!(out, text);
    }
}
