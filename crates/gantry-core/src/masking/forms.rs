//! The forms in which a secret turns up in output.
//!
//! | Form | Why |
//! |---|---|
//! | the value, and without white space around it | printed as it is |
//! | each line of it, likewise | tools indent or prefix the lines of a key |
//! | base64, both alphabets, at each of the three alignments: the characters that depend on the secret alone | it stands anywhere in something encoded, such as `user:password` |
//! | base64 of it alone, with the padding, and in lines of 64 and 76 characters | `base64`, `openssl` |
//! | hexadecimal, both cases | `xxd`, digests of nothing |
//! | percent-encoded: both cases, with and without `/`, with `%20` or `+` | URLs and forms |
//! | as JSON, plain and with Go's `\u003c`; and that once more inside a JSON string | plans, logs, `jsonencode` |
//! | in the single quotes of a shell | `set -x` |

use std::collections::BTreeSet;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

/// The shortest value that is masked, in bytes; and the shortest form of one.
pub const SHORTEST: usize = 4;

/// A line of a wrapped base64 text that is shorter than this says too little to be looked for.
const SHORTEST_WRAPPED: usize = 8;

pub(super) type Set = BTreeSet<Vec<u8>>;

/// Adds the forms of one secret.
pub(super) fn derive(secret: &str, forms: &mut Set) {
    if secret.len() < SHORTEST {
        return;
    }
    for value in [secret, secret.trim()] {
        if value.len() >= SHORTEST {
            base64(value.as_bytes(), forms);
            add(forms, hex::encode(value));
            add(forms, hex::encode_upper(value));
            percent(value, forms);
            text(value, forms);
        }
    }
    if secret.trim().contains('\n') {
        for line in secret.lines() {
            text(line, forms);
            text(line.trim(), forms);
        }
    }
}

fn add(forms: &mut Set, form: impl Into<Vec<u8>>) {
    let form = form.into();
    if form.len() >= SHORTEST {
        forms.insert(form);
    }
}

/// The value where it stays readable: as it is, in JSON, in a shell.
fn text(value: &str, forms: &mut Set) {
    if value.len() < SHORTEST {
        return;
    }
    add(forms, value);
    for go in [false, true] {
        let once = json(value, go);
        add(forms, json(&once, go));
        add(forms, once);
    }
    add(forms, value.replace('\'', r"'\''"));
}

/// The inside of a JSON string.
fn json(value: &str, go: bool) -> String {
    let mut out = String::with_capacity(value.len());
    for character in value.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' if go => unicode(&mut out, character),
            character if (character as u32) < 0x20 => unicode(&mut out, character),
            character => out.push(character),
        }
    }
    out
}

fn unicode(out: &mut String, character: char) {
    let _ = write!(out, "\\u{:04x}", character as u32);
}

fn base64(value: &[u8], forms: &mut Set) {
    for engine in [&STANDARD, &URL_SAFE] {
        let alone = engine.encode(value);
        for width in [64, 76] {
            if alone.len() > width {
                let lines = alone.as_bytes().chunks(width);
                lines
                    .filter(|line| line.len() >= SHORTEST_WRAPPED)
                    .for_each(|line| add(forms, line));
            }
        }
        add(forms, alone.trim_end_matches('='));
        add(forms, alone);
        for before in 0..3 {
            let mut stream = vec![0; before];
            stream.extend_from_slice(value);
            let encoded = engine.encode(&stream);
            // Character i holds the bits from 6·i to 6·i+6.
            let first = (before * 8).div_ceil(6);
            let last = stream.len() * 8 / 6;
            add(forms, &encoded.as_bytes()[first..last]);
        }
    }
}

fn percent(value: &str, forms: &mut Set) {
    for keep_slash in [false, true] {
        for plus in [false, true] {
            for upper in [false, true] {
                let mut out = String::with_capacity(value.len() * 3);
                for byte in value.bytes() {
                    match byte {
                        b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'-' | b'.' | b'_' | b'~' => {
                            out.push(byte as char);
                        }
                        b'/' if keep_slash => out.push('/'),
                        b' ' if plus => out.push('+'),
                        byte if upper => _ = write!(out, "%{byte:02X}"),
                        byte => _ = write!(out, "%{byte:02x}"),
                    }
                }
                add(forms, out);
            }
        }
    }
}
