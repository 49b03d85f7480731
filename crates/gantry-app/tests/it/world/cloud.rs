use std::sync::{Arc, Mutex};

use futures::future::BoxFuture;
use gantry_cloud::error::{AssumeError, AssumeErrorKind};
use gantry_cloud::provider::{CloudProvider, Identity, Patience, Verification};
use gantry_core::credentials::cloud::Cloud as Kind;
use gantry_core::credentials::external_id::ExternalId;
use gantry_core::credentials::grant::AssumeRequest;
use gantry_core::credentials::phase_env::PhaseEnv;
use gantry_core::credentials::trial::Trial;
use secrecy::SecretString;

use super::NOW;

/// A cloud that trusts everybody who asks properly, and remembers who asked for what.
#[derive(Clone, Default)]
pub struct Cloud(Arc<Mutex<Told>>);

#[derive(Default)]
struct Told {
    asked: Vec<String>,
    refuses: Option<String>,
}

impl Cloud {
    /// The external IDs of every request for a phase's credentials, in order.
    pub fn asked(&self) -> Vec<String> {
        self.0.lock().unwrap().asked.clone()
    }

    /// Refuses from now on whatever ends so.
    pub fn refuse(&self, suffix: &str) {
        self.0.lock().unwrap().refuses = Some(suffix.into());
    }
}

impl CloudProvider for Cloud {
    fn cloud(&self) -> Kind {
        Kind::Aws
    }

    fn assume<'a>(
        &'a self,
        request: &'a AssumeRequest,
    ) -> BoxFuture<'a, Result<PhaseEnv, AssumeError>> {
        Box::pin(async move {
            let id = request.external_id().to_string();
            let mut told = self.0.lock().unwrap();
            told.asked.push(id.clone());
            if told
                .refuses
                .as_ref()
                .is_some_and(|suffix| id.ends_with(suffix))
            {
                return Err(AssumeError::new(
                    AssumeErrorKind::Denied,
                    "the role does not trust us",
                ));
            }
            let key = SecretString::from(format!("key of {id}"));
            Ok(PhaseEnv::new(
                [("AWS_ACCESS_KEY_ID".to_owned(), key)],
                Some(NOW + 900_000),
            ))
        })
    }

    fn verify<'a>(
        &'a self,
        trials: &'a [Trial],
        _patience: Patience,
    ) -> BoxFuture<'a, Vec<Verification>> {
        Box::pin(async move { trials.iter().map(|_| Verification::TrustsUs).collect() })
    }

    fn identity(&self) -> BoxFuture<'_, Result<Identity, AssumeError>> {
        Box::pin(async {
            Ok(Identity {
                arn: "arn:aws:iam::111122223333:user/gantry".into(),
                account: "111122223333".into(),
            })
        })
    }

    fn trust_statement<'a>(
        &'a self,
        _external_ids: &'a [ExternalId],
        _tagged: bool,
    ) -> BoxFuture<'a, Result<String, AssumeError>> {
        Box::pin(async { Ok("{}".into()) })
    }
}
