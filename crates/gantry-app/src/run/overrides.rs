//! Variables that were given for one run only.

use gantry_core::ids::RunId;
use gantry_core::protocol::WireSecret;
use gantry_store::{Reader, run};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{App, OpError};

/// One variable. Its value counts as a secret: nobody said that it is none.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Override {
    pub name: String,
    pub value: WireSecret,
}

/// The place in the database that sealed overrides are bound to.
pub(super) fn place(run: &RunId) -> String {
    format!("run|{run}|overrides")
}

pub(super) fn to_text(overrides: &[Override]) -> Result<Zeroizing<String>, OpError> {
    serde_json::to_string(overrides)
        .map(Zeroizing::new)
        .map_err(|error| OpError::internal("write the run's variables", error))
}

impl App {
    pub(crate) async fn overrides_of(
        &self,
        reader: Reader<'_>,
        id: &RunId,
    ) -> Result<Vec<Override>, OpError> {
        let Some(sealed) = run::overrides(reader, id).await? else {
            return Ok(vec![]);
        };
        let text = self
            .keys
            .open_sealed(&place(id), &sealed.key_id, &sealed.sealed)?;
        serde_json::from_slice(&text)
            .map_err(|error| OpError::internal("read the run's variables", error))
    }
}
