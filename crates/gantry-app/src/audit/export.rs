//! The audit trail as a whole, oldest first, in pieces that are read one after the other.

use gantry_core::audit::AuditEvent;

use super::Period;
use super::search::Ask;
use crate::search::{Order, Page, Search};
use crate::{App, OpError, Subject};

/// How many events are read at once.
const PIECE: i64 = 500;

impl App {
    /// The next events in the spaces that the subject administers, oldest first, after the place that
    /// the piece before ended at. Asked anew whose they are, each time: whoever loses a role in the
    /// middle gets no more.
    pub async fn audit_piece(
        &self,
        subject: &Subject,
        period: Period,
        wanted: &Search,
        after: Option<String>,
    ) -> Result<Page<AuditEvent>, OpError> {
        let wanted = Search {
            after,
            order: Some(Order {
                field: "at".into(),
                descending: false,
            }),
            ..wanted.clone()
        };
        let ask = Ask {
            period,
            wanted: &wanted,
            limit: PIECE,
        };
        self.audit_page(subject, ask).await
    }
}
