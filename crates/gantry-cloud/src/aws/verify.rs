//! Whether a role trusts this server, and only with the right external ID.
//!
//! Three requests: one as a run would send it, which must succeed, then one without an external ID
//! and one with a random one, which must be refused. Those two carry no tags, because a role may
//! open through an untagged request only. A role that accepts them is open: anybody who gets this
//! server to name it, in whatever account or stack, would be let in.
//!
//! Only `AccessDenied` is a refusal. Throttling, errors of the cloud and time-outs prove nothing.

mod batch;
mod message;

use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use gantry_core::credentials::external_id::ExternalId;
use gantry_core::credentials::trial::Trial;

use super::assume_role::{Variation, send};
use super::{Aws, trust};
use crate::error::AssumeError;
use crate::provider::{Patience, Verification};
use batch::{Asker, Presented, Verdict};

/// For the principal in a message; the judgement itself is done by then.
const PRINCIPAL_TIMEOUT: Duration = Duration::from_secs(5);

pub(super) async fn verify(aws: &Aws, trials: &[Trial], patience: Patience) -> Vec<Verification> {
    let asker = StsAsker {
        aws,
        probe: ExternalId::probe((aws.random)()),
    };
    let verdicts = batch::judge_all(&asker, trials, patience).await;
    let principal = if verdicts.iter().any(Verdict::needs_statement) {
        principal(aws).await
    } else {
        String::new()
    };
    trials
        .iter()
        .zip(verdicts)
        .map(|(trial, verdict)| message::verification(trial, trials, verdict, &principal))
        .collect()
}

/// A message without the principal is better than none.
async fn principal(aws: &Aws) -> String {
    let asked = tokio::time::timeout(PRINCIPAL_TIMEOUT, aws.principal.get(&aws.connections)).await;
    match asked {
        Ok(Ok(principal)) => principal,
        Ok(Err(_)) | Err(_) => trust::UNKNOWN_PRINCIPAL.to_owned(),
    }
}

struct StsAsker<'a> {
    aws: &'a Aws,
    probe: ExternalId,
}

impl Asker for StsAsker<'_> {
    fn ask<'a>(
        &'a self,
        trial: &'a Trial,
        presented: Presented,
    ) -> BoxFuture<'a, Result<(), AssumeError>> {
        let request = trial.request();
        let external_id = match presented {
            Presented::Ours => Some(request.external_id().as_str()),
            Presented::Nothing => None,
            Presented::Random => Some(self.probe.as_str()),
        };
        let variation = Variation {
            external_id,
            tags: presented == Presented::Ours,
            deny_everything: true,
        };
        async move {
            // What comes back is thrown away; it may do nothing anyway.
            send(&self.aws.connections, request, variation)
                .await
                .map(drop)
        }
        .boxed()
    }
}
