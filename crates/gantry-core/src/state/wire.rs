//! Version 4 of the format, as far as it is read here.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

#[derive(Deserialize)]
pub(super) struct State<'a> {
    #[serde(borrow, default)]
    pub resources: Vec<Resource<'a>>,
    #[serde(borrow, default)]
    pub outputs: BTreeMap<String, Output<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Output<'a> {
    #[serde(borrow)]
    pub value: &'a RawValue,
    #[serde(default)]
    pub sensitive: bool,
}

#[derive(Deserialize)]
pub(super) struct Resource<'a> {
    pub module: Option<String>,
    pub mode: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub name: String,
    #[serde(default)]
    pub provider: String,
    #[serde(borrow, default)]
    pub instances: Vec<Instance<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Instance<'a> {
    pub index_key: Option<Value>,
    pub status: Option<String>,
    pub deposed: Option<String>,
    #[serde(borrow)]
    pub attributes: Option<&'a RawValue>,
    pub sensitive_attributes: Option<Value>,
}

impl Resource<'_> {
    pub fn is_data(&self) -> bool {
        self.mode == "data"
    }

    /// Without the key of an instance.
    fn address(&self) -> String {
        let module = match &self.module {
            Some(module) => format!("{module}."),
            None => String::new(),
        };
        let mode = if self.is_data() { "data." } else { "" };
        format!("{module}{mode}{}.{}", self.kind, self.name)
    }

    pub fn address_of(&self, instance: &Instance<'_>) -> String {
        let address = self.address();
        match &instance.index_key {
            None | Some(Value::Null) => address,
            // Numbers stand as they are, texts in quotes.
            Some(key) => format!("{address}[{key}]"),
        }
    }
}

impl Instance<'_> {
    pub fn is_tainted(&self) -> bool {
        self.status.as_deref() == Some("tainted")
    }
}
