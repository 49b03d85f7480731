//! Slugs: the immutable IDs of stacks and modules, one namespace for both.
//!
//! A slug is the third part of every external ID of its stack. Its alphabet has no `@`, `*` or
//! `?`, so no slug can be mistaken for a separator or for a pattern in a trust policy; and it is
//! never `read` or `write`, so that no part of an external ID looks like the access at its end.

use crate::ids::StackId;
use crate::quoted::Quoted;

/// The longest slug, in characters.
pub const LONGEST_SLUG: usize = 63;

/// A valid slug: `[a-z0-9][a-z0-9-]{0,62}`, no trailing `-`, not `read` or `write`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slug(String);

impl Slug {
    /// Accepts a slug as it was given. It is validated and never changed: whoever names a slug has
    /// written it into a trust policy already.
    pub fn parse(text: &str) -> Result<Self, SlugError> {
        if text.is_empty() {
            return Err(SlugError::Empty);
        }
        if is_reserved(text) {
            return Err(SlugError::Reserved {
                slug: text.to_owned(),
            });
        }
        let well_formed = text.len() <= LONGEST_SLUG
            && text.bytes().all(is_slug_byte)
            && !text.starts_with('-')
            && !text.ends_with('-');
        if well_formed {
            return Ok(Self(text.to_owned()));
        }
        let instead = from_characters(text);
        let instead = (!instead.is_empty() && !is_reserved(&instead)).then_some(instead);
        Err(SlugError::Malformed {
            slug: text.to_owned(),
            instead,
        })
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Slug {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Slug> for StackId {
    fn from(slug: Slug) -> Self {
        StackId::new(slug.0)
    }
}

/// The slug of something that was given a name only: lower case, every run of other characters
/// becomes one `-`, cut to 63 characters, trimmed of `-`.
///
/// Letters outside ASCII count as other characters. Whether the slug is taken is for the store to
/// say.
pub fn slug_from_name(name: &str) -> Result<Slug, SlugError> {
    let slug = from_characters(name);
    if slug.is_empty() {
        return Err(SlugError::NothingLeft {
            name: name.to_owned(),
        });
    }
    if is_reserved(&slug) {
        return Err(SlugError::ReservedName {
            name: name.to_owned(),
            slug,
        });
    }
    Ok(Slug(slug))
}

pub(crate) fn from_characters(text: &str) -> String {
    let mut slug = String::with_capacity(text.len().min(LONGEST_SLUG));
    for character in text.chars().map(|character| character.to_ascii_lowercase()) {
        if slug.len() == LONGEST_SLUG {
            break;
        }
        match u8::try_from(character) {
            Ok(byte) if is_slug_byte(byte) && byte != b'-' => slug.push(character),
            _ if slug.ends_with('-') => {}
            _ => slug.push('-'),
        }
    }
    slug.trim_matches('-').to_owned()
}

fn is_slug_byte(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'
}

fn is_reserved(slug: &str) -> bool {
    matches!(slug, "read" | "write")
}

/// Why there is no slug. Each names the field, the value and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SlugError {
    #[error("`slug` is empty: leave it out to have one made from the name, or give one")]
    Empty,
    #[error(
        "`slug` can't be {}: external IDs end in that word. Choose another slug",
        Quoted(.slug)
    )]
    Reserved { slug: String },
    #[error(
        "`slug` {} is not valid: a slug has 1 to 63 of the characters a-z, 0-9 and `-`, and neither \
         begins nor ends with `-`.{}",
        Quoted(.slug),
        .instead.as_ref().map(|slug| format!(" `{slug}` would do")).unwrap_or_default()
    )]
    Malformed {
        slug: String,
        instead: Option<String>,
    },
    #[error(
        "`name` {} has no letter a-z or digit that a slug could be made of: change the name, or \
         give a `slug` beside it",
        Quoted(.name)
    )]
    NothingLeft { name: String },
    #[error(
        "`name` {} gives the slug `{slug}`, and external IDs end in that word: change the name, or \
         give a `slug` beside it",
        Quoted(.name)
    )]
    ReservedName { name: String, slug: String },
}

#[cfg(test)]
mod tests;
