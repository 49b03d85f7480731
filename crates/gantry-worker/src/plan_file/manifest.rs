use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Clean, PlanFileError};

/// A line of the module manifest: `tfconfig/modules.json` and `.terraform/modules/modules.json`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
struct Line {
    #[serde(rename = "Key")]
    key: String,
    #[serde(rename = "Source", default, skip_serializing_if = "String::is_empty")]
    source: String,
    #[serde(rename = "Version", default, skip_serializing_if = "String::is_empty")]
    version: String,
    #[serde(rename = "Dir")]
    dir: String,
}

#[derive(Deserialize)]
struct Installed {
    #[serde(rename = "Modules")]
    modules: Vec<Line>,
}

/// A module of the plan, whose line is that of the clean manifest.
#[derive(Clone, Debug)]
pub(super) struct Module {
    pub key: String,
    /// Relative to the project root.
    pub directory: PathBuf,
    line: Line,
}

impl Module {
    /// How a message names one of its files.
    pub(super) fn file(&self, name: &str) -> String {
        match self.line.dir.as_str() {
            "." => name.to_owned(),
            directory => format!("{directory}/{name}"),
        }
    }
}

pub(super) fn check(given: &[u8], clean: &Clean<'_>) -> Result<Vec<Module>, PlanFileError> {
    let given: Vec<Line> = serde_json::from_slice(given)
        .map_err(|_| PlanFileError::UnknownEntry("tfconfig/modules.json".to_owned()))?;
    let installed = match clean.manifest()? {
        Some(text) => {
            serde_json::from_slice::<Installed>(&text)
                .map_err(|error| PlanFileError::Clean {
                    path: ".terraform/modules/modules.json".to_owned(),
                    problem: error.to_string(),
                })?
                .modules
        }
        None => Vec::new(),
    };
    let root = Line {
        key: String::new(),
        source: String::new(),
        version: String::new(),
        dir: ".".to_owned(),
    };
    let mut modules: Vec<Module> = Vec::new();
    for line in given {
        let ours = match line.key.as_str() {
            "" => Some(&root),
            key => installed.iter().find(|ours| ours.key == key),
        };
        match ours {
            None => return Err(PlanFileError::Module(line.key, "is not in the workspace")),
            Some(ours) if *ours != line => {
                return Err(PlanFileError::Module(line.key, "comes from another place"));
            }
            Some(_) => {}
        }
        if modules.iter().any(|module| module.key == line.key) {
            return Err(PlanFileError::Module(line.key, "is there twice"));
        }
        modules.push(Module {
            key: line.key.clone(),
            directory: line.dir.clone().into(),
            line,
        });
    }
    let missing = std::iter::once(&root)
        .chain(&installed)
        .find(|ours| !modules.iter().any(|module| module.key == ours.key) && !is_of_a_test(ours));
    match missing {
        Some(line) => Err(PlanFileError::Module(line.key.clone(), "is missing in it")),
        None => Ok(modules),
    }
}

/// Modules that only test files use are installed too, and no plan has them.
fn is_of_a_test(line: &Line) -> bool {
    line.key.starts_with("test.")
}

pub(super) fn render(modules: &[Module]) -> Vec<u8> {
    let lines: Vec<&Line> = modules.iter().map(|module| &module.line).collect();
    serde_json::to_vec_pretty(&lines).unwrap_or_default()
}
