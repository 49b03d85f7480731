//! Typed identifiers, so that a run's ID can't be handed where a stack's is expected.

use serde::{Deserialize, Serialize};

macro_rules! text_id {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Wraps text that is already known to be such an ID: one we made, or one to look up.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }

            pub fn into_string(self) -> String {
                self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}

text_id! {
    /// The stack's slug: immutable, part of every external ID.
    StackId,
    /// A ULID.
    RunId,
    /// A ULID made by the server; part of every external ID.
    IntegrationId,
    /// A ULID.
    AttachmentId,
    /// A slug made from the context's first name: immutable, in a namespace of its own.
    ContextId,
    /// A ULID.
    ContextAttachmentId,
    /// `root`, `legacy`, or a name slug with a ULID.
    SpaceId,
    /// A ULID.
    ApiKeyId,
    /// A ULID.
    StateVersionId,
    /// A ULID, new at each start of a worker.
    WorkerId,
    /// A ULID.
    WorkerPoolId,
    /// A ULID; stands in clear in front of a token's secret.
    WorkerTokenId,
    /// A ULID, from somebody's first login by single sign-on on.
    UserId,
}
