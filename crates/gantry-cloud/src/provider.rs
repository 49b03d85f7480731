//! What every cloud can do for us.

use std::time::Duration;

use futures::future::BoxFuture;
use gantry_core::credentials::cloud::Cloud;
use gantry_core::credentials::external_id::ExternalId;
use gantry_core::credentials::grant::AssumeRequest;
use gantry_core::credentials::phase_env::PhaseEnv;
use gantry_core::credentials::trial::Trial;

use crate::error::AssumeError;

/// One cloud. Object-safe, so that the rest of the server need not know which.
pub trait CloudProvider: Send + Sync {
    fn cloud(&self) -> Cloud;

    /// Asks for the credentials of one phase. Asks anew each time: nothing is kept.
    fn assume<'a>(
        &'a self,
        request: &'a AssumeRequest,
    ) -> BoxFuture<'a, Result<PhaseEnv, AssumeError>>;

    /// Finds out, for each trial, whether the role trusts us and nobody else. Answers in the order
    /// of `trials`. What is not known in time is [`Verification::Unknown`].
    fn verify<'a>(
        &'a self,
        trials: &'a [Trial],
        patience: Patience,
    ) -> BoxFuture<'a, Vec<Verification>>;

    /// Who the server itself is in this cloud.
    fn identity(&self) -> BoxFuture<'_, Result<Identity, AssumeError>>;

    /// The statement a user adds to a role's trust policy so that these external IDs are accepted,
    /// as a JSON object. `tagged`: whether sessions carry tags.
    fn trust_statement<'a>(
        &'a self,
        external_ids: &'a [ExternalId],
        tagged: bool,
    ) -> BoxFuture<'a, Result<String, AssumeError>>;
}

/// The server's own identity, as the cloud names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub arn: String,
    pub account: String,
}

/// How long a refusal is asked again before it is believed. A changed trust policy takes a while
/// to be seen everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// For attaching: clients repeat that by themselves.
    Attach,
    /// For everything that changes what is attached: clients don't repeat those.
    Update,
}

impl Patience {
    pub const fn with_refusals(self) -> Duration {
        match self {
            Patience::Attach => Duration::ZERO,
            Patience::Update => Duration::from_secs(30),
        }
    }
}

/// What a trial showed. Only `TrustsUs` may be relied on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verification {
    /// The role can be assumed with its external ID, and not without it.
    TrustsUs,
    /// The role can't be assumed with its external ID.
    Refused { message: String },
    /// The role can be assumed without its external ID: whoever may use this server may use it.
    Open { message: String },
    /// The cloud did not say. Not safe, and not the user's mistake: try again.
    Unknown { message: String },
}

impl Verification {
    /// `None` when there is nothing to complain about.
    pub fn message(&self) -> Option<&str> {
        match self {
            Verification::TrustsUs => None,
            Verification::Refused { message }
            | Verification::Open { message }
            | Verification::Unknown { message } => Some(message),
        }
    }
}
