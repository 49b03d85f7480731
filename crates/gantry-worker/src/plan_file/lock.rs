//! The dependency lock file in a plan is written anew by the tool, without the user's comments. So it
//! is compared by what it locks: the version and the checksums of each provider. Constraints are left
//! out, since they decide nothing any more.

use std::collections::{BTreeMap, BTreeSet};

use super::PlanFileError;

/// What a plan without providers gets when the workspace has no lock file.
pub(super) const EMPTY: &[u8] = b"# No provider is locked.\n";

#[derive(Debug, Default, PartialEq, Eq)]
struct Locked {
    version: String,
    hashes: BTreeSet<String>,
}

pub(super) fn check(given: &[u8], ours: &[u8]) -> Result<(), PlanFileError> {
    let parse = |text: &[u8], which: &str| {
        parse(text).ok_or_else(|| PlanFileError::Lock(format!("{which} can't be read")))
    };
    let (given, ours) = (
        parse(given, "its copy")?,
        parse(ours, "`.terraform.lock.hcl`")?,
    );
    let providers: BTreeSet<&String> = given.keys().chain(ours.keys()).collect();
    match providers
        .into_iter()
        .find(|provider| given.get(*provider) != ours.get(*provider))
    {
        Some(provider) => Err(PlanFileError::Lock(format!(
            "provider `{provider}` differs"
        ))),
        None => Ok(()),
    }
}

/// The providers of a lock file: address, version and checksums. `None`: it can't be read.
pub(crate) fn locked(text: &[u8]) -> Option<Vec<(String, String, BTreeSet<String>)>> {
    let all = parse(text)?.into_iter();
    Some(
        all.map(|(address, l)| (address, l.version, l.hashes))
            .collect(),
    )
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Text(String),
    Sign(char),
}

fn parse(text: &[u8]) -> Option<BTreeMap<String, Locked>> {
    let mut tokens = tokens(std::str::from_utf8(text).ok()?)?
        .into_iter()
        .peekable();
    let mut all = BTreeMap::new();
    while let Some(token) = tokens.next() {
        if token != Token::Word("provider".to_owned()) {
            return None;
        }
        let Token::Text(address) = tokens.next()? else {
            return None;
        };
        if tokens.next()? != Token::Sign('{') {
            return None;
        }
        let mut locked = Locked::default();
        loop {
            let name = match tokens.next()? {
                Token::Sign('}') => break,
                Token::Word(name) => name,
                _ => return None,
            };
            if tokens.next()? != Token::Sign('=') {
                return None;
            }
            let mut values = Vec::new();
            match tokens.next()? {
                Token::Text(value) => values.push(value),
                Token::Sign('[') => loop {
                    match tokens.next()? {
                        Token::Text(value) => values.push(value),
                        Token::Sign(',') => {}
                        Token::Sign(']') => break,
                        _ => return None,
                    }
                },
                _ => return None,
            }
            match name.as_str() {
                "version" => locked.version = values.pop()?,
                "hashes" => locked.hashes = values.into_iter().collect(),
                "constraints" => {}
                _ => return None,
            }
        }
        if all.insert(address, locked).is_some() {
            return None;
        }
    }
    Some(all)
}

/// The lock file's small part of HCL: words, strings without escapes or templates, signs, comments.
fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    while let Some(first) = rest.chars().next() {
        if first.is_whitespace() {
            rest = rest.trim_start();
        } else if first == '#' || rest.starts_with("//") {
            rest = rest.split_once('\n').map_or("", |(_, after)| after);
        } else if rest.starts_with("/*") {
            rest = rest.split_once("*/")?.1;
        } else if first == '"' {
            let (value, after) = rest[1..].split_once('"')?;
            if value.contains(['\\', '\n', '$', '%']) {
                return None;
            }
            tokens.push(Token::Text(value.to_owned()));
            rest = after;
        } else if first.is_ascii_alphabetic() {
            let end = rest
                .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                .unwrap_or(rest.len());
            tokens.push(Token::Word(rest[..end].to_owned()));
            rest = &rest[end..];
        } else if "{}[]=,".contains(first) {
            tokens.push(Token::Sign(first));
            rest = &rest[1..];
        } else {
            return None;
        }
    }
    Some(tokens)
}
