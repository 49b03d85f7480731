//! Documents that name files must name files that exist.

use std::path::Path;

const DOCUMENTS: [&str; 12] = [
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "docs/concepts.md",
    "docs/aws.md",
    "docs/console.md",
    "docs/security.md",
    "docs/tools.md",
    "docs/clients.md",
    "docs/benchmarks.md",
    "docs/operations.md",
    "docs/metrics.md",
];

#[test]
fn every_path_that_a_document_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut wrong = vec![];
    for document in DOCUMENTS {
        let text = std::fs::read_to_string(root.join(document))
            .unwrap_or_else(|error| panic!("{document}: {error}"));
        for path in paths(&text) {
            // A link is relative to its document, a path in prose to the repository.
            let beside = root.join(document).with_file_name(path);
            if !root.join(path).exists() && !beside.exists() {
                wrong.push(format!("{document} names {path}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Words in backquotes that begin like a path of ours, and targets of relative links.
fn paths(text: &str) -> Vec<&str> {
    let quoted = text.split('`').skip(1).step_by(2).filter(|word| {
        ["crates/", "docs/", "examples/", "packaging/", "scripts/"]
            .iter()
            .any(|start| word.starts_with(start))
            && !word.contains(['<', ' ', '*', '\n'])
    });
    let linked = text
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .filter(|target| !target.contains("://") && !target.starts_with('#'));
    quoted.chain(linked).collect()
}
