use std::fmt;

use semver::Version;

use super::ToolVersion;
use crate::quoted::Quoted;

/// Longer ones are not written by people.
const LONGEST: usize = 200;

/// Which versions of a tool serve a stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolRange {
    text: String,
    /// One of them has to match, with all of its terms.
    alternatives: Vec<Vec<Term>>,
}

/// Why a text is no range. One sentence, without the name of the field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRange {
    #[error("is longer than {LONGEST} characters")]
    TooLong,
    #[error(
        "is no version: give one such as 1.11.4, or a range such as `~> 1.9.0`, `>= 1.5, < 2` or \
         `1.9.x`, or leave it out for the newest one that the workers have"
    )]
    Unreadable,
    #[error(
        "leaves open which {0} it means: write `{0}.x` or `~> {0}.0` for the newest one, or all \
         three numbers"
    )]
    Incomplete(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equal,
    Unequal,
    Above,
    AtLeast,
    Below,
    AtMost,
    Pessimistic,
}

/// Longest first: `>=` begins with `>`.
const OPERATORS: [(&str, Operator); 9] = [
    ("~>", Operator::Pessimistic),
    (">=", Operator::AtLeast),
    ("<=", Operator::AtMost),
    ("==", Operator::Equal),
    ("!=", Operator::Unequal),
    (">", Operator::Above),
    ("<", Operator::Below),
    ("=", Operator::Equal),
    ("!", Operator::Unequal),
];

#[derive(Clone, Debug, PartialEq, Eq)]
struct Term {
    operator: Operator,
    /// What is named; missing numbers are 0.
    named: Version,
    /// The first version after all that `1.9.x` stands for, or after what `~>` allows; `None`: there
    /// is no end, or exactly one version is named.
    end: Option<Version>,
}

impl ToolRange {
    pub fn parse(text: &str) -> Result<Self, BadRange> {
        if text.len() > LONGEST {
            return Err(BadRange::TooLong);
        }
        let alternatives = text.split("||").map(terms).collect::<Result<_, _>>()?;
        Ok(ToolRange {
            text: text.to_owned(),
            alternatives,
        })
    }

    /// One version and nothing else.
    pub fn exactly(version: &ToolVersion) -> Self {
        ToolRange {
            text: version.to_string(),
            alternatives: vec![vec![Term {
                operator: Operator::Equal,
                named: version.0.clone(),
                end: None,
            }]],
        }
    }

    /// The version, where only one can match.
    pub fn exact(&self) -> Option<ToolVersion> {
        match self.alternatives.as_slice() {
            [alternative] => match alternative.as_slice() {
                [term] if term.operator == Operator::Equal && term.end.is_none() => {
                    Some(ToolVersion(term.named.clone()))
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// A pre-release only serves whoever names one of the same three numbers.
    pub fn matches(&self, version: &ToolVersion) -> bool {
        self.alternatives.iter().any(|terms| {
            let asked_for = |term: &Term| {
                !term.named.pre.is_empty()
                    && ToolVersion(term.named.clone()).numbers() == version.numbers()
            };
            (version.is_release() || terms.iter().any(asked_for))
                && terms.iter().all(|term| term.matches(&version.0))
        })
    }
}

/// As it was written.
impl fmt::Display for ToolRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Quoted(&self.text).fmt(f)
    }
}

impl Term {
    fn matches(&self, version: &Version) -> bool {
        let before_end = self.end.as_ref().is_none_or(|end| version < end);
        let within = match self.end {
            Some(_) => *version >= self.named && before_end,
            None => *version == self.named,
        };
        match self.operator {
            Operator::Equal => within,
            Operator::Unequal => !within,
            Operator::AtLeast => *version >= self.named,
            Operator::Below => *version < self.named,
            Operator::AtMost => *version < self.named || within,
            Operator::Above => *version > self.named && !within,
            Operator::Pessimistic => *version >= self.named && before_end,
        }
    }
}

/// Terms stand beside each other, with a comma between them or without.
fn terms(text: &str) -> Result<Vec<Term>, BadRange> {
    let mut terms = Vec::new();
    let mut rest = text.trim();
    loop {
        let (operator, after) = OPERATORS
            .iter()
            .find_map(|(sign, operator)| Some((*operator, rest.strip_prefix(sign)?)))
            .unwrap_or((Operator::Equal, rest));
        let after = after.trim_start();
        let end = after
            .find(|c: char| c == ',' || c.is_whitespace() || "<>=!~".contains(c))
            .unwrap_or(after.len());
        terms.push(term(operator, &after[..end])?);
        let more = after[end..].trim_start();
        match more.strip_prefix(',') {
            Some(more) => rest = more.trim_start(),
            None if more.is_empty() => return Ok(terms),
            None => rest = more,
        }
    }
}

fn term(operator: Operator, text: &str) -> Result<Term, BadRange> {
    if let Some(version) = ToolVersion::parse(text) {
        return Ok(Term {
            operator,
            end: (operator == Operator::Pessimistic)
                .then(|| Version::new(version.0.major, version.0.minor.saturating_add(1), 0)),
            named: version.0,
        });
    }
    let parts: Vec<&str> = text.split('.').collect();
    let open = |part: &&str| matches!(*part, "x" | "X" | "*");
    let given = parts.iter().take_while(|part| !open(part)).count();
    let wild = given < parts.len();
    if parts.len() > 3 || !parts[given..].iter().all(open) {
        return Err(BadRange::Unreadable);
    }
    let mut numbers = [0u64; 3];
    for (number, part) in numbers.iter_mut().zip(&parts[..given]) {
        let digits = (1..=9).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        // As in three numbers, a zero in front is a slip.
        if !digits || (part.len() > 1 && part.starts_with('0')) {
            return Err(BadRange::Unreadable);
        }
        *number = part.parse().map_err(|_| BadRange::Unreadable)?;
    }
    let [major, minor, patch] = numbers;
    let named = Version::new(major, minor, patch);
    let end = match (wild, operator, given) {
        (true, Operator::Pessimistic, _) => return Err(BadRange::Unreadable),
        // Any version at all: only `x` by itself is meant so.
        (true, Operator::Equal, 0) => Some(Version::new(u64::MAX, 0, 0)),
        (true, _, 0) => return Err(BadRange::Unreadable),
        (true, _, 1) => Some(Version::new(major + 1, 0, 0)),
        (true, _, _) => Some(Version::new(major, minor + 1, 0)),
        (false, Operator::Equal | Operator::Unequal, _) => {
            return Err(BadRange::Incomplete(text.to_owned()));
        }
        (false, Operator::Pessimistic, 1) => return Err(BadRange::Incomplete(text.to_owned())),
        (false, Operator::Pessimistic, _) => Some(Version::new(major + 1, 0, 0)),
        (false, _, _) => None,
    };
    Ok(Term {
        operator,
        named,
        end,
    })
}
