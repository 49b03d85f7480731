use gantry_core::ids::{RunId, WorkerPoolId};

use crate::news::Word;

/// What may be worth a look. What nobody on another server waits for is no hint: most moves of a run
/// are not, and a server finds by itself, once in the time of a lease, what ends by the clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Hint {
    /// A run became claimable for workers of this pool, or for the installation's own.
    Work(Option<WorkerPoolId>),
    /// Workers were told what they are to do.
    Workers,
    /// A run is to stop.
    Run(RunId),
    /// A slot for an attachment may have become free.
    Slots,
    /// What changed, for those who look on.
    News(Word),
}

impl Hint {
    fn write(&self) -> String {
        match self {
            Hint::Work(None) => "work".into(),
            Hint::Work(Some(pool)) => format!("work {pool}"),
            Hint::Workers => "workers".into(),
            Hint::Run(run) => format!("run {run}"),
            Hint::Slots => "slots".into(),
            // Plain data, in one line.
            Hint::News(word) => format!("news {}", serde_json::json!(word)),
        }
    }

    /// `None` for one of a newer server.
    fn read(text: &str) -> Option<Hint> {
        match text.split_once(' ') {
            None if text == "work" => Some(Hint::Work(None)),
            None if text == "workers" => Some(Hint::Workers),
            None if text == "slots" => Some(Hint::Slots),
            Some(("work", pool)) => Some(Hint::Work(Some(WorkerPoolId::new(pool)))),
            Some(("news", word)) => serde_json::from_str(word).ok().map(Hint::News),
            Some(("run", run)) => Some(Hint::Run(RunId::new(run))),
            _ => None,
        }
    }
}

/// Several hints as one text, signed by the server that tells them.
pub(super) fn write(server: &str, hints: &[Hint]) -> String {
    let lines = hints.iter().map(Hint::write);
    let all: Vec<String> = std::iter::once(server.to_owned()).chain(lines).collect();
    all.join("\n")
}

/// Who told them, and what. A line that isn't understood is passed over.
pub(super) fn read(text: &str) -> (&str, Vec<Hint>) {
    let mut lines = text.lines();
    let server = lines.next().unwrap_or_default();
    (server, lines.filter_map(Hint::read).collect())
}

#[cfg(test)]
mod tests {
    use super::{Hint, read, write};
    use crate::news::{LogGrew, Word};
    use gantry_core::ids::{RunId, WorkerPoolId};

    #[test]
    fn hints_come_out_as_they_went_in_and_newer_ones_are_passed_over() {
        let hints = [
            Hint::Work(None),
            Hint::Work(Some(WorkerPoolId::new("01POOL"))),
            Hint::Workers,
            Hint::Run(RunId::new("01RUN")),
            Hint::Slots,
            Hint::News(Word::Log(LogGrew {
                run: RunId::new("01RUN"),
                version: 3,
                bytes: 4,
            })),
        ];
        let text = write("01SERVER", &hints);
        assert_eq!(read(&text), ("01SERVER", hints.to_vec()));
        let newer = text + "\nweather fine\nwork\n";
        assert_eq!(read(&newer).1.last(), Some(&Hint::Work(None)));
        assert_eq!(read(&newer).1.len(), hints.len() + 1);
    }
}
