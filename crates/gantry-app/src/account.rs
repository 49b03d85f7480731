//! The account, as far as clients ask.

use crate::App;

impl App {
    /// The account's name; clients show it.
    pub fn account_name(&self) -> &str {
        self.account.as_str()
    }
}
