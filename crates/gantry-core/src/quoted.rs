//! A user's value inside a sentence.

/// Longer values are cut, so that a sentence stays one.
const LONGEST: usize = 80;

/// Shows `value` between backticks: control characters escaped, cut after 80 characters.
///
/// Error sentences name the value that was refused, and the value comes from outside: it may be
/// megabytes long or carry terminal escapes.
pub struct Quoted<'a>(pub &'a str);

impl std::fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("`")?;
        for (count, character) in self.0.chars().enumerate() {
            if count == LONGEST {
                f.write_str("…")?;
                break;
            }
            match character {
                '"' | '\'' | '\\' => write!(f, "{character}")?,
                other => write!(f, "{}", other.escape_debug())?,
            }
        }
        f.write_str("`")
    }
}
