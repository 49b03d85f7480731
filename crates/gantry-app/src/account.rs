//! The account, as far as clients ask.

use gantry_core::credentials::cloud::Cloud;

use crate::App;

impl App {
    /// The account's name; clients show it.
    pub fn account_name(&self) -> &str {
        self.account.as_str()
    }

    /// The account that the server's own identity belongs to in a cloud: users may name it as the
    /// principal of a trust policy. `None` when the server has no identity there.
    pub async fn cloud_account(&self, cloud: Cloud) -> Option<String> {
        let identity = self.clouds.get(cloud)?.identity().await;
        identity
            .inspect_err(|error| tracing::warn!(%error, "the server's cloud identity is unknown"))
            .ok()
            .map(|identity| identity.account)
    }
}
