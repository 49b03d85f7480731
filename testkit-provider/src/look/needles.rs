//! What is looked for, in every form that a search must not miss.

use aho_corasick::AhoCorasick;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// A canary is `CANARY-<place>-<16 hex digits>`; this alone, as in our own binary, is none.
const PREFIX: &str = "CANARY-";
const DIGITS: usize = 16;
const LONGEST: usize = 100;

#[derive(Clone, Copy)]
enum Form {
    Raw,
    Hex,
    Utf16 {
        high_first: bool,
    },
    /// With so many bytes of something else before it in its group of three.
    Base64 {
        before: usize,
    },
}

impl Form {
    const ALL: [Self; 7] = [
        Self::Raw,
        Self::Hex,
        Self::Utf16 { high_first: false },
        Self::Utf16 { high_first: true },
        Self::Base64 { before: 0 },
        Self::Base64 { before: 1 },
        Self::Base64 { before: 2 },
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Hex => "hex",
            Self::Utf16 { .. } => "utf-16",
            Self::Base64 { .. } => "base64",
        }
    }

    fn of(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Raw => bytes.to_vec(),
            Self::Hex => hex::encode(bytes).into_bytes(),
            Self::Utf16 { high_first } => {
                let pair = |byte: &u8| if high_first { [0, *byte] } else { [*byte, 0] };
                bytes.iter().flat_map(pair).collect()
            }
            Self::Base64 { before } => {
                let mut whole = vec![0; before];
                whole.extend_from_slice(bytes);
                let text = STANDARD_NO_PAD.encode(&whole);
                // Only the digits that depend on nothing but these bytes.
                text.as_bytes()[skipped(before)..whole.len() * 8 / 6].to_vec()
            }
        }
    }

    /// The text that begins where a match of the prefix does.
    fn back(self, bytes: &[u8], at: usize) -> Vec<u8> {
        let until = |length: usize| &bytes[at..bytes.len().min(at + length)];
        match self {
            Self::Raw => until(LONGEST).to_vec(),
            Self::Hex => {
                let digits = until(2 * LONGEST);
                let end = digits
                    .iter()
                    .take_while(|byte| byte.is_ascii_hexdigit())
                    .count()
                    & !1;
                hex::decode(&digits[..end]).unwrap_or_default()
            }
            Self::Utf16 { high_first } => until(2 * LONGEST)
                .iter()
                .skip(usize::from(high_first))
                .step_by(2)
                .copied()
                .collect(),
            Self::Base64 { before } => {
                let mut digits = b"A".repeat(skipped(before));
                digits.extend(
                    until(2 * LONGEST)
                        .iter()
                        .take_while(|byte| is_base64(**byte)),
                );
                digits.truncate(digits.len() & !3);
                let text = STANDARD_NO_PAD.decode(digits).unwrap_or_default();
                // The first byte shares a digit with what came before it.
                let rest = text.get(before + PREFIX.len()..).unwrap_or_default();
                [PREFIX.as_bytes(), rest].concat()
            }
        }
    }
}

fn skipped(before: usize) -> usize {
    (before * 8).div_ceil(6)
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/'
}

pub struct Needles {
    automaton: AhoCorasick,
    /// By pattern; `None` is a canary.
    patterns: Vec<(Option<usize>, Form)>,
}

impl Needles {
    pub fn new(secrets: &[String]) -> anyhow::Result<Self> {
        let mut patterns: Vec<_> = Form::ALL.iter().map(|form| (None, *form)).collect();
        let mut bytes: Vec<Vec<u8>> = Form::ALL
            .iter()
            .map(|form| form.of(PREFIX.as_bytes()))
            .collect();
        for (number, secret) in secrets.iter().enumerate() {
            let secret = crate::report::unwrap(secret)?;
            patterns.extend(Form::ALL.iter().map(|form| (Some(number), *form)));
            bytes.extend(Form::ALL.iter().map(|form| form.of(&secret)));
        }
        Ok(Self {
            automaton: AhoCorasick::new(bytes)?,
            patterns,
        })
    }

    pub fn find(&self, bytes: &[u8]) -> Vec<(String, &'static str)> {
        let mut found = Vec::new();
        for hit in self.automaton.find_overlapping_iter(bytes) {
            let (number, form) = self.patterns[hit.pattern()];
            let what = match number {
                Some(number) => Some(format!("needle {number}")),
                None => canary(&form.back(bytes, hit.start())),
            };
            found.extend(what.map(|what| (what, form.name())));
        }
        found.sort();
        found.dedup();
        found
    }
}

/// The canary at the beginning of a text.
fn canary(text: &[u8]) -> Option<String> {
    let rest = text.strip_prefix(PREFIX.as_bytes())?;
    let place = rest
        .iter()
        .position(|byte| !(byte.is_ascii_lowercase() || *byte == b'-'))?;
    // The place ends with the last dash: its digits may begin with letters.
    let place = rest[..place].iter().rposition(|byte| *byte == b'-')? + 1;
    let digits = rest.get(place..place + DIGITS)?;
    digits
        .iter()
        .all(u8::is_ascii_hexdigit)
        .then(|| String::from_utf8_lossy(&text[..PREFIX.len() + place + DIGITS]).into_owned())
}

#[cfg(test)]
mod tests;
