use serde::{Deserialize, Serialize};

/// What a plan does to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    Add,
    Change,
    Delete,
    /// Destroyed and made anew, in whichever order.
    Replace,
    /// Only its address is new.
    Move,
    /// Taken over as it is.
    Import,
    /// Left alone and not managed any more.
    Forget,
}

impl Action {
    pub const fn as_str(self) -> &'static str {
        match self {
            Action::Add => "add",
            Action::Change => "change",
            Action::Delete => "delete",
            Action::Replace => "replace",
            Action::Move => "move",
            Action::Import => "import",
            Action::Forget => "forget",
        }
    }

    /// `None` when nothing happens.
    pub(super) fn of(actions: &[String], imported: bool, moved: bool) -> Option<Self> {
        let has = |name: &str| actions.iter().any(|action| action == name);
        match (has("create"), has("delete"), has("update"), has("forget")) {
            (true, true, _, _) => Some(Action::Replace),
            // `create` beside `forget`: the old one stays behind, a new one is made.
            (true, false, _, _) => Some(Action::Add),
            (false, true, _, _) => Some(Action::Delete),
            (false, false, true, _) => Some(Action::Change),
            (false, false, false, true) => Some(Action::Forget),
            (false, false, false, false) if imported => Some(Action::Import),
            (false, false, false, false) if moved => Some(Action::Move),
            (false, false, false, false) => None,
        }
    }

    /// Added, changed, deleted: the way the tools' own last line counts.
    pub(super) const fn counts(self) -> (i64, i64, i64) {
        match self {
            Action::Add => (1, 0, 0),
            Action::Change => (0, 1, 0),
            Action::Delete => (0, 0, 1),
            Action::Replace => (1, 0, 1),
            Action::Move | Action::Import | Action::Forget => (0, 0, 0),
        }
    }
}
