use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A value on its way to the worker. It travels in clear inside the protocol and nowhere else.
#[derive(Clone)]
pub struct WireSecret(SecretString);

impl WireSecret {
    pub fn new(value: impl Into<String>) -> Self {
        WireSecret(SecretString::from(value.into()))
    }

    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl std::fmt::Debug for WireSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

impl Serialize for WireSecret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.expose())
    }
}

impl<'de> Deserialize<'de> for WireSecret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(WireSecret::new(String::deserialize(deserializer)?))
    }
}

/// One variable of the child's environment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EnvVar {
    pub name: String,
    pub value: WireSecret,
    /// Masked in every output of the run.
    pub masked: bool,
}

/// A file below the workspace, beside the checkout or in it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MountedFile {
    /// Relative to the workspace.
    pub path: String,
    /// Its content, in base64.
    pub content: WireSecret,
    /// The content is masked in every output of the run.
    pub masked: bool,
}

impl EnvVar {
    pub fn plain(name: impl Into<String>, value: impl Into<String>) -> Self {
        EnvVar {
            name: name.into(),
            value: WireSecret::new(value),
            masked: false,
        }
    }

    pub fn masked(name: impl Into<String>, value: impl Into<String>) -> Self {
        EnvVar {
            name: name.into(),
            value: WireSecret::new(value),
            masked: true,
        }
    }
}
