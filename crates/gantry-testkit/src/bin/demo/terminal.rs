use std::cell::Cell;
use std::io::Write;
use std::time::Instant;

/// Progress, a line for each step, and what came of it.
pub struct Terminal {
    begun: Cell<Instant>,
}

impl Terminal {
    pub fn new() -> Self {
        Self {
            begun: Cell::new(Instant::now()),
        }
    }

    pub fn step(&self, what: &str) {
        self.begun.set(Instant::now());
        print!("  ..  {what}");
        let _ = std::io::stdout().flush();
    }

    pub fn done(&self) {
        self.done_with("");
    }

    /// Ends the step with something worth knowing.
    pub fn done_with(&self, note: &str) {
        let seconds = self.begun.get().elapsed().as_secs_f32();
        let note = if note.is_empty() {
            String::new()
        } else {
            format!(": {note}")
        };
        println!("{note} ({seconds:.1} s)\r  ok");
    }
}

/// Columns as wide as their widest cell.
pub fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let widths: Vec<usize> = head
        .iter()
        .enumerate()
        .map(|(n, name)| {
            rows.iter()
                .map(|row| row[n].len())
                .chain([name.len()])
                .max()
                .unwrap_or(0)
        })
        .collect();
    let line = |cells: Vec<&str>| {
        let padded = cells
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:width$}"));
        format!("  {}\n", padded.collect::<Vec<_>>().join("  "))
            .trim_end()
            .to_owned()
            + "\n"
    };
    let mut text = line(head.to_vec());
    text.push_str(&line(
        widths
            .iter()
            .map(|width| &DASHES[..(*width).min(DASHES.len())])
            .collect(),
    ));
    for row in rows {
        text.push_str(&line(row.iter().map(String::as_str).collect()));
    }
    text
}

const DASHES: &str = "----------------------------------------------------------------------------------------------------";
