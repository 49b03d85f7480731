//! Environment variables of stacks.
//!
//! Value and checksum are sealed together. The plain SHA-256 of a short secret can be guessed, so
//! it is nowhere in the clear, and only those who may write the element get to see it.

use gantry_core::audit::Target;
use gantry_core::authz::Action;
use gantry_core::config_element::{ConfigKind, check_variable};
use gantry_core::ids::{SpaceId, StackId};
use gantry_core::stack::Stack;
use gantry_store::{Reader, config_element};
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::audit::Deed;
use crate::stack::refuse_deleting;
use crate::{App, OpError, Subject};

/// All variables of a stack together: a quarter of what the kernel gives a new process for its
/// arguments and its environment, so that there is room for everything else.
const LARGEST_ENVIRONMENT: i64 = 512 * 1024;
const LONGEST_DESCRIPTION: usize = 4096;
const DIGEST: usize = 32;

/// An element as a subject may see it.
#[derive(Clone, Debug)]
pub struct ConfigElement {
    pub name: String,
    pub kind: ConfigKind,
    pub description: Option<String>,
    pub write_only: bool,
    /// Hex SHA-256 of the value for those who may write it, a keyed hash for everybody else.
    pub checksum: String,
    /// `None` when it is write-only.
    pub value: Option<String>,
    pub created_at: i64,
}

/// A variable to set.
pub struct NewVariable {
    pub name: String,
    pub value: SecretString,
    pub write_only: bool,
    pub description: Option<String>,
}

/// A variable as a run gets it.
pub struct StackVariable {
    pub name: String,
    pub value: SecretString,
    pub write_only: bool,
}

impl App {
    /// Sets a variable; one of the same name is replaced.
    pub async fn stack_config_add(
        &self,
        subject: &Subject,
        id: &StackId,
        variable: NewVariable,
    ) -> Result<ConfigElement, OpError> {
        let tx = self.store.begin().await?;
        let stack = self
            .stack_for_update(&tx, subject, id, Action::Operate)
            .await?;
        refuse_deleting(&stack)?;
        let NewVariable {
            name,
            value,
            write_only,
            description,
        } = variable;
        check_variable(&name, value.expose_secret(), stack.manages_state)
            .map_err(|error| OpError::invalid(error.to_string()))?;
        let description = description.filter(|text| !text.is_empty());
        if description
            .as_ref()
            .is_some_and(|text| text.len() > LONGEST_DESCRIPTION)
        {
            return Err(OpError::invalid(format!(
                "description: it is longer than {LONGEST_DESCRIPTION} bytes"
            )));
        }
        let others = config_element::bytes(tx.reader(), id, &name).await?;
        let bytes = value.expose_secret().len() as i64;
        if others + bytes > LARGEST_ENVIRONMENT {
            return Err(OpError::invalid(format!(
                "value: with {name} the variables of `{id}` would have {} bytes together, and \
                 {LARGEST_ENVIRONMENT} are allowed",
                others + bytes
            )));
        }
        let sealed = self.keys.seal(&place(id, &name), &content(&value));
        let element = config_element::ConfigElement {
            stack: id.clone(),
            name,
            kind: ConfigKind::EnvironmentVariable,
            description,
            write_only,
            key_id: sealed.key_id,
            sealed: sealed.bytes,
            created_at: self.clock.now(),
        };
        config_element::put(&tx, &element).await?;
        let target = Target::new("config element", &element.name);
        let deed = Deed::new("config_element.put", target)
            .on_stack(&stack)
            .with("kind", element.kind.as_str())
            .with("writeOnly", element.write_only);
        self.audit(&tx, subject, deed).await?;
        tx.commit().await?;
        self.shown(subject, &stack.settings.space, element)
    }

    /// Removes an element and answers with what it was; `None` when there was none.
    pub async fn stack_config_delete(
        &self,
        subject: &Subject,
        id: &StackId,
        name: &str,
    ) -> Result<Option<ConfigElement>, OpError> {
        let tx = self.store.begin().await?;
        let stack = self
            .stack_for_update(&tx, subject, id, Action::Operate)
            .await?;
        refuse_deleting(&stack)?;
        let Some(element) = config_element::find(tx.reader(), id, name).await? else {
            return Ok(None);
        };
        config_element::delete(&tx, id, name).await?;
        let target = Target::new("config element", name);
        let deed = Deed::new("config_element.delete", target).on_stack(&stack);
        self.audit(&tx, subject, deed).await?;
        tx.commit().await?;
        self.shown(subject, &stack.settings.space, element)
            .map(Some)
    }

    /// The elements of a stack that the subject was given, by name.
    pub async fn stack_config(
        &self,
        subject: &Subject,
        stack: &Stack,
    ) -> Result<Vec<ConfigElement>, OpError> {
        let elements = config_element::list(self.store.reader(), &stack.id).await?;
        elements
            .into_iter()
            .map(|element| self.shown(subject, &stack.settings.space, element))
            .collect()
    }

    pub async fn stack_config_element(
        &self,
        subject: &Subject,
        stack: &Stack,
        name: &str,
    ) -> Result<Option<ConfigElement>, OpError> {
        let element = config_element::find(self.store.reader(), &stack.id, name).await?;
        element
            .map(|element| self.shown(subject, &stack.settings.space, element))
            .transpose()
    }

    /// The variables of a stack with their values, for a run of it.
    pub(crate) async fn stack_environment(
        &self,
        reader: Reader<'_>,
        id: &StackId,
    ) -> Result<Vec<StackVariable>, OpError> {
        let elements = config_element::list(reader, id).await?;
        elements
            .into_iter()
            .map(|element| {
                let (_, value) = self.opened(&element)?;
                Ok(StackVariable {
                    name: element.name,
                    value,
                    write_only: element.write_only,
                })
            })
            .collect()
    }

    fn shown(
        &self,
        subject: &Subject,
        space: &SpaceId,
        element: config_element::ConfigElement,
    ) -> Result<ConfigElement, OpError> {
        let (plain, value) = self.opened(&element)?;
        let checksum = if subject.may_compare_secrets(space) {
            hex::encode(plain)
        } else {
            self.keyed_checksum(&element.stack, &value)
        };
        Ok(ConfigElement {
            name: element.name,
            kind: element.kind,
            description: element.description,
            checksum,
            value: (!element.write_only).then(|| value.expose_secret().to_owned()),
            write_only: element.write_only,
            created_at: element.created_at,
        })
    }

    fn opened(
        &self,
        element: &config_element::ConfigElement,
    ) -> Result<([u8; DIGEST], SecretString), OpError> {
        let place = place(&element.stack, &element.name);
        let content = self
            .keys
            .open_sealed(&place, &element.key_id, &element.sealed)?;
        content
            .split_first_chunk::<DIGEST>()
            .and_then(|(digest, value)| {
                let value = std::str::from_utf8(value).ok()?;
                Some((*digest, SecretString::from(value)))
            })
            .ok_or_else(|| OpError::internal("read a sealed variable", place.clone()))
    }

    /// Tells whether two values of one stack are the same, and nothing to whoever tries guesses.
    fn keyed_checksum(&self, stack: &StackId, value: &SecretString) -> String {
        let key = Zeroizing::new(hmac(&*self.checksums, stack.as_str().as_bytes()));
        hex::encode(hmac(&*key, value.expose_secret().as_bytes()))
    }
}

pub(crate) fn hmac(key: &[u8], message: &[u8]) -> [u8; DIGEST] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes any key length");
    mac.update(message);
    mac.finalize().into_bytes().into()
}

/// The digest, and the value behind it.
fn content(value: &SecretString) -> Zeroizing<Vec<u8>> {
    let value = value.expose_secret().as_bytes();
    let mut content = Zeroizing::new(Vec::with_capacity(DIGEST + value.len()));
    content.extend_from_slice(&Sha256::digest(value));
    content.extend_from_slice(value);
    content
}

/// Binds a sealed value to its row.
fn place(stack: &StackId, name: &str) -> String {
    format!("config_element|{stack}|{name}")
}
