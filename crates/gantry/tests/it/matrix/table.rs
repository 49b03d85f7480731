/// What stands at one place of the table.
pub enum Cell {
    Identity(String),
    Sent(String),
    /// STS was sent nothing.
    Nothing,
    /// The phase never spoke.
    Missing,
}

impl Cell {
    pub fn text(self) -> String {
        match self {
            Cell::Identity(text) | Cell::Sent(text) => text,
            Cell::Nothing => "-".to_owned(),
            Cell::Missing => "MISSING".to_owned(),
        }
    }
}

/// A Markdown table: kinds and phases down, sets of attachments across.
pub struct Table {
    title: &'static str,
    columns: Vec<&'static str>,
    rows: Vec<(String, Vec<String>)>,
}

impl Table {
    pub fn new(title: &'static str, columns: &[&'static str]) -> Self {
        Self {
            title,
            columns: columns.to_vec(),
            rows: Vec::new(),
        }
    }

    pub fn row(&mut self, kind: &str, phase: &str, cells: Vec<String>) {
        self.rows.push((format!("{kind}: {phase}"), cells));
    }

    /// How many cells of a column say something.
    pub fn filled(&self, column: &str) -> usize {
        let place = self
            .columns
            .iter()
            .position(|name| *name == column)
            .unwrap_or_default();
        self.rows
            .iter()
            .filter(|(_, cells)| cells[place] != "-")
            .count()
    }

    pub fn render(&self) -> String {
        let mut text = format!("## {}\n\n| |", self.title);
        for column in &self.columns {
            text.push_str(&format!(" {column} |"));
        }
        text.push_str(&format!("\n|---{}|\n", "|---".repeat(self.columns.len())));
        for (name, cells) in &self.rows {
            text.push_str(&format!("| {name} | {} |\n", cells.join(" | ")));
        }
        text
    }
}

/// Compares the tables; blanks that align the columns for people don't count, nor does the prose
/// before the first table.
pub fn differences(expected: &str, measured: &str) -> Vec<String> {
    let rows = |text: &str| -> Vec<String> {
        text.lines()
            .filter(|line| line.starts_with('|') && !line.starts_with("|---"))
            .map(|line| {
                let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
                cells.join(" | ")
            })
            .collect()
    };
    let (expected, actual) = (rows(expected), rows(measured));
    let mut differences = Vec::new();
    for n in 0..expected.len().max(actual.len()) {
        let (wanted, found) = (expected.get(n), actual.get(n));
        if wanted != found {
            differences.push(format!("  spec:     {wanted:?}\n  measured: {found:?}"));
        }
    }
    differences
}
