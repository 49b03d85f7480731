//! The environment variables that a grant turned into, for one phase of one run.
//!
//! Values leave it by one door on the server, [`PhaseEnv::into_wire`], on the way to the worker
//! that holds the run's lease. `Debug` shows names only, and there is no `Serialize`.

use secrecy::{ExposeSecret, SecretString};

use crate::protocol::EnvVar;

pub struct PhaseEnv {
    variables: Vec<(String, SecretString)>,
    expires_at_ms: Option<i64>,
}

impl PhaseEnv {
    /// `expires_at_ms` in milliseconds since the epoch; `None` for secrets that don't expire.
    pub fn new(
        variables: impl IntoIterator<Item = (String, SecretString)>,
        expires_at_ms: Option<i64>,
    ) -> Self {
        Self {
            variables: variables.into_iter().collect(),
            expires_at_ms,
        }
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.iter().map(|(name, _)| name.as_str())
    }

    /// Milliseconds since the epoch.
    pub const fn expires_at_ms(&self) -> Option<i64> {
        self.expires_at_ms
    }

    /// Names and plain values, where no worker stands between: tests, and the worker itself.
    pub fn expose(&self) -> impl Iterator<Item = (&str, &str)> {
        self.variables
            .iter()
            .map(|(name, value)| (name.as_str(), value.expose_secret()))
    }

    /// The form in which it is sent to the worker that holds the run's lease, and nowhere else.
    /// Every value is masked in the run's output.
    pub fn into_wire(self) -> Vec<EnvVar> {
        self.expose()
            .map(|(name, value)| EnvVar::masked(name, value))
            .collect()
    }
}

impl std::fmt::Debug for PhaseEnv {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PhaseEnv")
            .field("names", &self.names().collect::<Vec<_>>())
            .field("expires_at_ms", &self.expires_at_ms)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
