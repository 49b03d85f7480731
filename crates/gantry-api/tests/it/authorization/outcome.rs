//! What an answer says about authorisation.

use serde_json::Value;

use super::rows::Row;

pub enum Outcome {
    Yes,
    Refused,
    Unseen,
    Login,
    NotServed,
    /// Something else went wrong: the row asks for something impossible.
    Odd(String),
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Outcome::Yes => "yes",
            Outcome::Refused => "refused",
            Outcome::Unseen => "unseen",
            Outcome::Login => "login",
            Outcome::NotServed => "–",
            Outcome::Odd(said) => said,
        })
    }
}

/// `shown` is what has to stand in the answer for it to be a yes; without it anything but null does.
pub fn of(row: &Row, shown: Option<&str>, answer: &Value) -> Outcome {
    if let Some(error) = answer["errors"][0]["message"].as_str() {
        return match error {
            _ if row.not_served && !error.starts_with("unauthorized") => Outcome::NotServed,
            "unauthorized" => Outcome::Login,
            refused if refused.starts_with("unauthorized: ") => Outcome::Refused,
            // Said only behind the check of the role.
            _ if row.stopped_by.is_some_and(|text| error.contains(text)) => Outcome::Yes,
            unseen if unseen.starts_with("there is no ") => Outcome::Unseen,
            other => Outcome::Odd(other.to_owned()),
        };
    }
    let data = &answer["data"];
    match shown {
        Some(shown) if data.to_string().contains(shown) => Outcome::Yes,
        Some(_) => Outcome::Unseen,
        None if data[row.field].is_null() => Outcome::Unseen,
        None => Outcome::Yes,
    }
}
