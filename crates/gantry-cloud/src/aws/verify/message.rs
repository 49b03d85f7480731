//! What the user is told.
//!
//! Clients repeat an attach when its error contains [`TRUST_PHRASE`]: a new trust policy takes a
//! while to be seen. So the phrase stands in the one message where waiting can help, and never in
//! another; above all not where the role is open.

use gantry_core::credentials::external_id::ExternalId;
use gantry_core::credentials::trial::Trial;

use super::batch::{Presented, Verdict};
use crate::aws::trust;
use crate::error::AssumeErrorKind;
use crate::provider::Verification;

/// Fixed by the clients.
const TRUST_PHRASE: &str = "you need to configure trust relationship";

/// `trials`: the whole batch, so that one statement can serve every access of the same role.
pub(super) fn verification(
    trial: &Trial,
    trials: &[Trial],
    verdict: Verdict,
    principal: &str,
) -> Verification {
    let role = trial.request().role_arn();
    let stack = &trial.stack;
    let external_id = trial.request().external_id();
    match verdict {
        Verdict::TrustsUs => Verification::TrustsUs,
        Verdict::Refused(error) if error.kind == AssumeErrorKind::Denied => Verification::Refused {
            message: format!(
                "{}. For the stack {stack}, {TRUST_PHRASE}: the external ID sent was {external_id}; add this statement to the role's trust policy: {}",
                error.sentence.trim_end_matches('.'),
                statement(trial, trials, principal),
            ),
        },
        Verdict::Refused(error) => Verification::Refused {
            message: format!("For the stack {stack}: {}", error.sentence),
        },
        Verdict::OpenTo(presented) => Verification::Open {
            message: format!(
                "The role {role} can be assumed {}: it is open to a confused deputy, so it is not used for the stack {stack}. Let its trust policy demand the external ID {external_id} in every statement that allows sts:AssumeRole, like this one: {}",
                match presented {
                    Presented::Random => "with any external ID",
                    Presented::Nothing | Presented::Ours => "without an external ID",
                },
                statement(trial, trials, principal),
            ),
        },
        Verdict::Unclear(error) => Verification::Unknown {
            message: format!(
                "It is not known whether the role {role} trusts the stack {stack}: {}. Nothing was changed",
                error.sentence.trim_end_matches('.'),
            ),
        },
        Verdict::OutOfTime => Verification::Unknown {
            message: format!(
                "It is not known whether the role {role} trusts the stack {stack}: STS did not answer in time. Nothing was changed; try again"
            ),
        },
    }
}

fn statement(trial: &Trial, trials: &[Trial], principal: &str) -> String {
    let same_role = |other: &&Trial| {
        other.stack == trial.stack && other.request().role_arn() == trial.request().role_arn()
    };
    let mut ids: Vec<ExternalId> = trials
        .iter()
        .filter(same_role)
        .map(|t| t.request().external_id().clone())
        .collect();
    ids.sort();
    ids.dedup();
    trust::statement(principal, &ids, trial.tagged).to_string()
}
