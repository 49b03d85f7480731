//! Why a cloud gave no credentials.

/// The kind is for decisions, the sentence for people. Neither holds a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{sentence}")]
pub struct AssumeError {
    pub kind: AssumeErrorKind,
    pub sentence: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AssumeErrorKind {
    /// The cloud refused: the trust policy, the server's own permissions, or the right to tag.
    Denied,
    /// Too many requests; the same one may succeed later.
    Throttled,
    /// Not reached, no answer in time, or an error of the cloud's own.
    Unavailable,
    /// The clocks of server and cloud disagree too much.
    Clock,
    /// The server's own identity was valid once.
    ExpiredBaseIdentity,
    /// The server's own identity is not known to the cloud, or its secret is wrong.
    BaseIdentityRefused,
    /// The server has no identity at all.
    NoBaseIdentity,
    /// Longer than the role, or role chaining, allows.
    InvalidDuration,
    /// The cloud understood the request and finds it impossible: a text that is no ARN, a region
    /// that is not enabled.
    InvalidRequest,
    /// An answer that makes no sense.
    BadAnswer,
}

impl AssumeErrorKind {
    /// Whether the same request may succeed later without anybody changing anything.
    pub const fn may_pass(self) -> bool {
        matches!(
            self,
            AssumeErrorKind::Throttled | AssumeErrorKind::Unavailable
        )
    }
}

impl AssumeError {
    pub fn new(kind: AssumeErrorKind, sentence: impl Into<String>) -> Self {
        Self {
            kind,
            sentence: sentence.into(),
        }
    }
}
