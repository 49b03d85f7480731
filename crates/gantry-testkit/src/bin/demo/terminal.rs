use std::cell::RefCell;
use std::io::{IsTerminal, Write};
use std::time::Instant;

/// Progress, a line for each step, and what came of it.
pub struct Terminal {
    begun: RefCell<(Instant, String)>,
    /// Then a step shows while it is under way; a file gets it when it is over.
    live: bool,
}

impl Terminal {
    pub fn new() -> Self {
        Self {
            begun: RefCell::new((Instant::now(), String::new())),
            live: std::io::stdout().is_terminal(),
        }
    }

    pub fn step(&self, what: &str) {
        *self.begun.borrow_mut() = (Instant::now(), what.to_owned());
        if self.live {
            print!("  ..  {what}");
            let _ = std::io::stdout().flush();
        }
    }

    pub fn done(&self) {
        self.done_with("");
    }

    /// Ends the step with something worth knowing.
    pub fn done_with(&self, note: &str) {
        let (begin, what) = &*self.begun.borrow();
        let seconds = begin.elapsed().as_secs_f32();
        let note = if note.is_empty() {
            String::new()
        } else {
            format!(": {note}")
        };
        let back = if self.live { "\r" } else { "" };
        println!("{back}  ok  {what}{note} ({seconds:.1} s)");
    }

    /// What was under way when something went wrong.
    pub fn under_way(&self) -> String {
        if self.live {
            println!();
        }
        self.begun.borrow().1.clone()
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
