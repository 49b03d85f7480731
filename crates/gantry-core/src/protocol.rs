//! What a worker and the server say to each other: one protocol for the embedded worker and for
//! any other.
//!
//! HTTP/1.1 with JSON bodies below `/worker/v1`: over a unix socket with a bearer token in every
//! request, or over TLS with a bearer token or the certificate of a pool. Who calls is known from
//! that alone, and no caller speaks for another's workers and runs: `401` with a sentence for who is
//! no worker of the installation, or not any more. Every message about
//! a run carries the fencing number of the lease it was given under; a stale one is answered
//! `409` ([`Refusal`]) whatever it says. Messages are idempotent: the same one sent again (after a
//! lost answer, or from a spool) has no second effect.
//!
//! | request | body | answer |
//! |---|---|---|
//! | `POST hello` | [`Hello`] | [`Welcome`] |
//! | `GET caller` | | [`Standing`] |
//! | `POST claim` | [`Claim`] | `200` [`Claimed`], or `204` after `wait_ms` |
//! | `POST runs/{run}/heartbeat` | [`Heartbeat`] | [`HeartbeatAnswer`]; held back up to `wait_ms` |
//! | `POST runs/{run}/prepared` | [`Prepared`] | [`Next`] |
//! | `POST runs/{run}/issued` | [`Issued`] | `204` |
//! | `POST runs/{run}/logs/{version}?fence=&offset=` | masked bytes | `204` |
//! | `PUT runs/{run}/plan?fence=` | the plan bundle (tar) | `204` |
//! | `GET runs/{run}/plan?fence=` | | the plan bundle |
//! | `PUT runs/{run}/plan-json?fence=` | plan JSON, sensitive values masked | `204` |
//! | `PUT runs/{run}/errored-state?fence=` | `errored.tfstate` | `204` |
//! | `GET runs/{run}/errored-state?fence=` | | the kept `errored.tfstate`, for a task |
//! | `POST runs/{run}/finished` | [`PhaseFinished`] | [`Next`] |
//! | `POST runs/{run}/released` | [`Released`] | `204` |

mod environment;
mod grant;
mod job;
mod join;
mod phase;

pub use environment::{EnvVar, MountedFile, WireSecret};
pub use grant::{
    ASKING_SECONDS, GrantOutcome, Issued, Session, TrialOutcome, WireRequest, WorkerGrant,
};
pub use job::{
    Claim, Claimed, Heartbeat, HeartbeatAnswer, Hello, Job, Prepared, Refusal, Source, Standing,
    Start, Tool, Welcome,
};
pub use join::{NoJoin, PoolJoin, TokenJoin};
pub use phase::{Limits, Next, PhaseFinished, PhaseOutcome, PhaseStart, Released};

/// Changes with every incompatible message; a worker of another version is refused at `hello`.
pub const VERSION: u32 = 5;

/// The path below which the protocol is served.
pub const PREFIX: &str = "/worker/v1";
