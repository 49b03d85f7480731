//! The environment of a child: the only place that builds one.
//!
//! It starts from nothing. Later wins: what describes the box and the installation, the server's
//! layers (computed, contexts, stack, overrides), what hooks of initialize exported, and last the
//! credentials of the phase. Whatever comes in, the doors to the machine's own identity stay shut.

mod managed_state;

use std::collections::{BTreeMap, HashMap};

use gantry_core::credentials::user_variables::{
    ALWAYS_SET, is_credential_of_any, is_phase_env_name, is_reserved,
};
use gantry_core::masking::{Masks, SHORTEST};
use gantry_core::protocol::{EnvVar, PhaseStart, WireSecret};
use secrecy::{ExposeSecret, SecretString};

use crate::mounted_files;

pub use managed_state::{NAMES as MANAGED_STATE, without as without_managed_state};

/// Said to every tool: nobody answers questions here, and nothing is asked for at home.
const AUTOMATION: [(&str, &str); 3] = [
    ("TF_IN_AUTOMATION", "1"),
    ("TF_INPUT", "0"),
    ("CHECKPOINT_DISABLE", "1"),
];

/// Reserved for users, and set by the server itself.
const TOKENS: [&str; 2] = ["SPACELIFT_API_TOKEN", "SPACELIFT_OIDC_TOKEN"];

/// What a shell sets by itself: never an export of a hook.
const SHELL: [&str; 4] = ["PWD", "OLDPWD", "SHLVL", "_"];

/// No process can receive a longer value, so no reference is resolved beyond it.
const LONGEST_VALUE: usize = 128 * 1024;

/// No process can receive more than this in all of its variables, so references bring in no more.
const MOST_BROUGHT_IN: usize = 4 * 1024 * 1024;

/// A reference to a reference, and so on: beyond this they stay as they are.
const DEEPEST: usize = 64;

/// What describes the box and the installation: the bottom of every child's environment.
#[derive(Clone, Default)]
pub struct Base {
    pub variables: Vec<EnvVar>,
    /// What of it no output may show.
    pub masked: Vec<SecretString>,
}

/// Variables that hooks of initialize exported, for the later phases of the run.
#[derive(Clone, Default)]
pub struct Exports(BTreeMap<String, WireSecret>);

impl Exports {
    /// What in `after`, the environment of the shell at its end, is new or other than what it
    /// started with. Left out are reserved names, those that a grant turns into, and every value
    /// that holds one of the phase's credentials: those end with their phase. So do `TF_HTTP_*`
    /// with `managed_state`.
    pub fn capture(
        started_with: &ChildEnv,
        after: impl IntoIterator<Item = (String, SecretString)>,
        managed_state: bool,
    ) -> Self {
        let kept = after.into_iter().filter(|(name, value)| {
            let value = value.expose_secret();
            is_name(name)
                && started_with
                    .variables
                    .get(name)
                    .is_none_or(|before| before.expose() != value)
                && !SHELL.contains(&name.as_str())
                && !is_reserved(name, managed_state)
                && !is_phase_env_name(name)
                && !started_with
                    .credentials
                    .iter()
                    .any(|secret| value.contains(secret.expose_secret()))
        });
        Exports(
            kept.map(|(name, value)| (name, WireSecret::new(value.expose_secret())))
                .collect(),
        )
    }

    /// For hooks that get no credentials of any cloud, and the names of what was left out.
    pub fn without_credentials(mut self) -> (Self, Vec<String>) {
        let credentials = self.0.extract_if(.., |name, _| is_credential_of_any(name));
        let names = credentials.map(|(name, _)| name).collect();
        (self, names)
    }

    /// Those of a repeated initialisation win.
    pub fn extend(&mut self, later: Exports) {
        self.0.extend(later.0);
    }
}

/// No `Debug` and no `Serialize`; values leave by [`ChildEnv::for_child`].
pub struct ChildEnv {
    variables: BTreeMap<String, WireSecret>,
    /// What no output may show.
    masked: Vec<SecretString>,
    credentials: Vec<SecretString>,
}

impl ChildEnv {
    /// The environment of a phase's children. `managed_state`: the server keeps the stack's state.
    pub fn of_phase(
        base: &Base,
        start: &PhaseStart,
        exports: &Exports,
        managed_state: bool,
    ) -> Self {
        let mut env = match managed_state {
            false => Self::build(base, &start.env, exports, &start.credentials),
            true => {
                let layers = managed_state::without(&start.env);
                let mut issued = managed_state::issued(&start.env, start.phase);
                issued.extend(start.credentials.iter().cloned());
                Self::build(base, &layers, exports, &issued)
            }
        };
        env.hide(&mounted_files::secrets(&start.files).0);
        env
    }

    /// `base`: what describes the sandbox and the installation.
    pub fn build(
        base: &Base,
        layers: &[EnvVar],
        exports: &Exports,
        credentials: &[EnvVar],
    ) -> Self {
        let mut run: BTreeMap<&str, (&WireSecret, bool)> = BTreeMap::new();
        for EnvVar {
            name,
            value,
            masked,
        } in layers
        {
            if is_name(name) && (TOKENS.contains(&name.as_str()) || !is_reserved(name, false)) {
                // A value that was a secret below stays one, even where something above hides it.
                run.insert(name, (value, *masked));
            }
        }
        for (name, value) in &exports.0 {
            let masked = run.get(name.as_str()).is_some_and(|(_, masked)| *masked);
            run.insert(name, (value, masked));
        }

        let mut variables = BTreeMap::new();
        for EnvVar { name, value, .. } in &base.variables {
            variables.insert(name.clone(), value.clone());
        }
        for (name, value) in AUTOMATION {
            variables.insert(name.into(), WireSecret::new(value));
        }
        let mut masked = base.masked.clone();
        masked.extend(layers.iter().filter(|v| v.masked).map(|v| secret(&v.value)));
        let mut references = References {
            run: &run,
            done: HashMap::new(),
            depth: 0,
            room: MOST_BROUGHT_IN,
        };
        for (name, (value, is_masked)) in &run {
            let value = WireSecret::new(references.resolve(name, value.expose()));
            if *is_masked {
                masked.push(secret(&value));
            }
            variables.insert((*name).to_owned(), value);
        }
        for (name, value) in ALWAYS_SET {
            variables.insert(name.into(), WireSecret::new(value));
        }
        for EnvVar { name, value, .. } in credentials {
            if is_name(name) {
                variables.insert(name.clone(), value.clone());
            }
        }
        let credentials: Vec<SecretString> = credentials
            .iter()
            .filter(|variable| variable.masked)
            .map(|variable| secret(&variable.value))
            .filter(|value| value.expose_secret().len() >= SHORTEST)
            .collect();
        ChildEnv {
            variables,
            masked,
            credentials,
        }
    }

    /// Names and values, for the process that is about to start.
    pub fn for_child(&self) -> Vec<(String, SecretString)> {
        self.variables
            .iter()
            .map(|(name, value)| (name.clone(), secret(value)))
            .collect()
    }

    /// What else no output of the child may show.
    pub fn hide(&mut self, secrets: &[SecretString]) {
        self.masked.extend_from_slice(secrets);
    }

    /// The Terraform workspace that it chooses.
    pub fn workspace(&self) -> Option<&str> {
        self.variables.get("TF_WORKSPACE").map(WireSecret::expose)
    }

    /// For every output of the child.
    pub fn masks(&self) -> Masks {
        Masks::new(self.masked.iter().chain(&self.credentials))
    }
}

fn secret(value: &WireSecret) -> SecretString {
    SecretString::from(value.expose().to_owned())
}

/// `${NAME}` in a value stands for another variable of the run.
struct References<'a> {
    run: &'a BTreeMap<&'a str, (&'a WireSecret, bool)>,
    /// `None` while a variable is being resolved: a reference back to it stays as it is.
    done: HashMap<String, Option<String>>,
    /// How many references led here.
    depth: usize,
    /// Bytes that references may still bring in.
    room: usize,
}

impl References<'_> {
    fn resolve(&mut self, name: &str, value: &str) -> String {
        if let Some(Some(known)) = self.done.get(name) {
            return known.clone();
        }
        self.done.insert(name.to_owned(), None);
        let mut text = String::with_capacity(value.len());
        let mut rest = value;
        while let Some(start) = rest.find("${") {
            let (before, from) = rest.split_at(start);
            text.push_str(before);
            let end = from.find('}').filter(|end| is_name(&from[2..*end]));
            let Some(end) = end else {
                text.push_str("${");
                rest = &from[2..];
                continue;
            };
            match self.lookup(&from[2..end]) {
                Some(found)
                    if text.len() + found.len() <= LONGEST_VALUE && found.len() <= self.room =>
                {
                    self.room -= found.len();
                    text.push_str(&found);
                }
                _ => text.push_str(&from[..=end]),
            }
            rest = &from[end + 1..];
        }
        text.push_str(rest);
        self.done.insert(name.to_owned(), Some(text.clone()));
        text
    }

    fn lookup(&mut self, name: &str) -> Option<String> {
        if let Some(known) = self.done.get(name) {
            return known.clone();
        }
        let (value, _) = self.run.get(name)?;
        if self.depth == DEEPEST {
            return None;
        }
        self.depth += 1;
        let resolved = self.resolve(name, value.expose());
        self.depth -= 1;
        Some(resolved)
    }
}

fn is_name(name: &str) -> bool {
    let mut characters = name.chars();
    characters
        .next()
        .is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && characters.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests;
