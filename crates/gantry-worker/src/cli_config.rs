//! The CLI configuration file of Terraform and OpenTofu that every child gets, unless its user
//! brings one.
//!
//! Why there always is a `provider_installation` block, even when it only says `direct {}`: without
//! one, the tools install whatever binary the repository carries below `terraform.d/plugins`, and run
//! it with the credentials of the phase. With an explicit block only the named methods exist.
//! A plugin cache of the tool's own is deliberately missing: shared between runs it would carry code from
//! one to another. What takes its place is `provider_cache.rs`.

#[cfg(test)]
mod tests;

use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Where providers come from. Methods are tried by the tool in its own order; `direct` may be combined
/// with mirrors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderInstallation {
    pub filesystem_mirrors: Vec<Mirror<PathBuf>>,
    pub network_mirrors: Vec<Mirror<String>>,
    pub direct: Option<Patterns>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mirror<Place> {
    /// A directory of the host, or an `https` address.
    pub place: Place,
    pub patterns: Patterns,
}

/// Which providers a method serves, such as `registry.terraform.io/hashicorp/*`. Empty: all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patterns {
    pub include: Vec<String>,
    pub exclude: Vec<String>,
}

impl Default for ProviderInstallation {
    fn default() -> Self {
        Self {
            filesystem_mirrors: Vec::new(),
            network_mirrors: Vec::new(),
            direct: Some(Patterns::default()),
        }
    }
}

impl ProviderInstallation {
    /// The directories that children must be able to read, in the order of their numbers.
    pub(crate) fn mirrors(&self) -> Vec<&Path> {
        self.filesystem_mirrors
            .iter()
            .map(|mirror| mirror.place.as_path())
            .collect()
    }

    /// The file's text. `inside` says where a child sees the n-th mirror.
    pub(crate) fn render(&self, inside: impl Fn(usize, &Path) -> PathBuf) -> String {
        let mut text = "disable_checkpoint = true\n\nprovider_installation {\n".to_owned();
        for (n, mirror) in self.filesystem_mirrors.iter().enumerate() {
            let path = inside(n, &mirror.place);
            block(
                &mut text,
                "filesystem_mirror",
                Some(("path", &path.to_string_lossy())),
                &mirror.patterns,
            );
        }
        for mirror in &self.network_mirrors {
            block(
                &mut text,
                "network_mirror",
                Some(("url", &mirror.place)),
                &mirror.patterns,
            );
        }
        if let Some(patterns) = &self.direct {
            block(&mut text, "direct", None, patterns);
        }
        text.push_str("}\n");
        text
    }
}

fn block(text: &mut String, method: &str, place: Option<(&str, &str)>, patterns: &Patterns) {
    let _ = writeln!(text, "  {method} {{");
    if let Some((name, value)) = place {
        let _ = writeln!(text, "    {name} = {}", quoted(value));
    }
    for (name, list) in [
        ("include", &patterns.include),
        ("exclude", &patterns.exclude),
    ] {
        if !list.is_empty() {
            let list: Vec<String> = list.iter().map(|pattern| quoted(pattern)).collect();
            let _ = writeln!(text, "    {name} = [{}]", list.join(", "));
        }
    }
    text.push_str("  }\n");
}

/// A quoted string of HCL 1, the language of this file.
fn quoted(value: &str) -> String {
    let mut text = String::with_capacity(value.len() + 2);
    text.push('"');
    for character in value.chars() {
        match character {
            '"' | '\\' => text.extend(['\\', character]),
            '\n' => text.push_str("\\n"),
            _ => text.push(character),
        }
    }
    text.push('"');
    text
}
