//! What a state contains, for people: modules, resources, outputs, and of their values no more than
//! the reader may see.

mod mask;

use std::collections::BTreeSet;

use serde_json::value::RawValue;

use super::wire::{Resource, State};

/// How much of the values is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reveal {
    /// None: only that the things exist.
    Names,
    /// Outputs that are not sensitive. A state does not always know which attributes of a resource
    /// are secret, so resources show none.
    Outputs,
    /// Everything that the state does not mark as sensitive.
    Unmarked,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    pub modules: Vec<Module>,
    pub resources: Vec<ResourceInstance>,
    pub outputs: Vec<Output>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Module {
    pub address: String,
    /// The last step of the address, with its key.
    pub name: String,
    /// The address of the module around it; `None` below the root.
    pub parent: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceInstance {
    pub address: String,
    pub module: Option<String>,
    pub managed: bool,
    pub kind: String,
    /// With the key of the instance.
    pub name: String,
    /// The provider's address.
    pub provider: String,
    pub tainted: bool,
    /// A JSON object.
    pub values: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    pub name: String,
    pub sensitive: bool,
    /// JSON; `None` when it is not shown.
    pub value: Option<String>,
    /// What a keyed hash of the value is made from.
    pub fingerprint: String,
}

/// Reads a state. `None` when it can't be read: it is encrypted, or of a format of another time.
/// `fingerprint` turns an output's value into something that may be shown to everybody.
pub fn contents(
    state: &[u8],
    reveal: Reveal,
    fingerprint: impl Fn(&[u8]) -> String,
) -> Option<Contents> {
    let state: State<'_> = serde_json::from_slice(state).ok()?;
    let mut modules = BTreeSet::new();
    let mut resources = Vec::new();
    for resource in &state.resources {
        let mut module = resource.module.as_deref();
        while let Some(address) = module {
            modules.insert(address.to_owned());
            module = parent_of(address);
        }
        resources.extend(instances(resource, reveal));
    }
    resources.sort_by(|one, other| one.address.cmp(&other.address));
    let outputs = state.outputs.into_iter().map(|(name, output)| Output {
        name,
        sensitive: output.sensitive,
        value: (reveal >= Reveal::Outputs && !output.sensitive).then(|| compact(output.value)),
        fingerprint: fingerprint(compact(output.value).as_bytes()),
    });
    Some(Contents {
        modules: modules.into_iter().map(module).collect(),
        resources,
        outputs: outputs.collect(),
    })
}

fn instances(resource: &Resource<'_>, reveal: Reveal) -> Vec<ResourceInstance> {
    // A deposed object is on its way out, under an address that another one has.
    let shown = resource
        .instances
        .iter()
        .filter(|one| one.deposed.is_none());
    shown
        .map(|instance| {
            let address = resource.address_of(instance);
            let key = match &instance.index_key {
                None | Some(serde_json::Value::Null) => String::new(),
                Some(key) => format!("[{key}]"),
            };
            ResourceInstance {
                module: resource.module.clone(),
                managed: !resource.is_data(),
                kind: resource.kind.clone(),
                name: format!("{}{key}", resource.name),
                provider: provider(&resource.provider).to_owned(),
                tainted: instance.is_tainted(),
                values: match reveal {
                    Reveal::Names | Reveal::Outputs => "{}".into(),
                    Reveal::Unmarked => {
                        mask::masked(instance.attributes, instance.sensitive_attributes.as_ref())
                    }
                },
                address,
            }
        })
        .collect()
}

fn module(address: String) -> Module {
    let parent = parent_of(&address).map(str::to_owned);
    let own = match &parent {
        Some(parent) => &address[parent.len() + 1..],
        None => &address,
    };
    Module {
        name: own.strip_prefix("module.").unwrap_or(own).to_owned(),
        parent,
        address,
    }
}

/// The module around a module. A key may contain any text, so that a step begins where a `.module.`
/// stands outside of quotes.
fn parent_of(address: &str) -> Option<&str> {
    let bytes = address.as_bytes();
    let (mut quoted, mut escaped, mut last) = (false, false, None);
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'.' if !quoted && address[at..].starts_with(".module.") => last = Some(at),
            _ => {}
        }
    }
    last.map(|at| &address[..at])
}

/// `provider["registry.terraform.io/hashicorp/aws"].east` names the provider between the quotes.
fn provider(reference: &str) -> &str {
    reference
        .split_once("[\"")
        .and_then(|(_, rest)| rest.split_once("\"]"))
        .map_or(reference, |(address, _)| address)
}

/// Without the spaces and lines of the file.
fn compact(raw: &RawValue) -> String {
    match serde_json::from_str::<serde_json::Value>(raw.get()) {
        Ok(value) => value.to_string(),
        Err(_) => raw.get().to_owned(),
    }
}
