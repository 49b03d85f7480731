//! A space as somebody wishes it.

use gantry_core::ids::SpaceId;
use gantry_core::space::ROOT;

use crate::OpError;
use crate::stack::{check_labels, check_line};

const LONGEST_NAME: usize = 255;
const LONGEST_TEXT: usize = 64 * 1024;

/// What create and update say: always everything.
#[derive(Clone, Debug)]
pub struct SpaceDraft {
    pub name: String,
    pub description: String,
    pub inherit_entities: bool,
    /// The empty text means `root`.
    pub parent: String,
    pub labels: Vec<String>,
}

impl SpaceDraft {
    pub(super) fn check(&self) -> Result<(), OpError> {
        if self.name.trim().is_empty() {
            return Err(OpError::invalid("name: a space needs one"));
        }
        check_line("name", &self.name, LONGEST_NAME)?;
        // Clients write the way to a space as names with slashes between them.
        if self.name.contains('/') {
            return Err(OpError::invalid(format!(
                "name {}: the slash separates the names of spaces in a path; choose another \
                 character",
                gantry_core::quoted::Quoted(&self.name)
            )));
        }
        check_labels(&self.labels)?;
        if self.description.len() > LONGEST_TEXT {
            return Err(OpError::invalid(format!(
                "description: it is longer than {LONGEST_TEXT} bytes"
            )));
        }
        Ok(())
    }

    pub(super) fn parent(&self) -> SpaceId {
        let parent = Some(self.parent.as_str()).filter(|parent| !parent.is_empty());
        SpaceId::new(parent.unwrap_or(ROOT))
    }
}
