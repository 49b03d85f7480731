//! Variables and mounted files of stacks and of contexts.
//!
//! Value and checksum are sealed together. The plain SHA-256 of a short secret can be guessed, so
//! it is nowhere in the clear, and only those who may write the element get to see it.

mod layers;

use std::collections::HashMap;

use gantry_core::audit::Target;
use gantry_core::authz::Action;
use gantry_core::config_element::{ConfigKind, ConfigOwner, check_variable};
use gantry_core::context::Context;
use gantry_core::ids::{ContextId, SpaceId, StackId};
use gantry_core::mounted_file::{self, check_file};
use gantry_core::quoted::Quoted;
use gantry_core::stack::Stack;
use gantry_store::{Reader, Tx, config_element};
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::audit::Deed;
use crate::stack::refuse_deleting;
use crate::{App, OpError, Subject};

pub use layers::{Placed, WithElements};

/// All variables of one owner together: a quarter of what the kernel gives a new process for its
/// arguments and its environment, so that there is room for everything else.
const LARGEST_ENVIRONMENT: i64 = 512 * 1024;
/// All mounted files of one owner together, in base64.
const LARGEST_FILES: i64 = 8 << 20;
const MOST_FILES: i64 = 100;
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

/// An element to set.
pub struct NewElement {
    pub kind: ConfigKind,
    pub name: String,
    /// Of a mounted file: its content in base64.
    pub value: SecretString,
    pub write_only: bool,
    pub description: Option<String>,
}

/// An element with its value, for a run.
pub(crate) struct OpenElement {
    pub name: String,
    pub kind: ConfigKind,
    pub value: SecretString,
    pub write_only: bool,
}

impl App {
    /// Sets an element of a stack; one of the same name is replaced.
    pub async fn stack_config_add(
        &self,
        subject: &Subject,
        id: &StackId,
        element: NewElement,
    ) -> Result<ConfigElement, OpError> {
        let tx = self.store.begin().await?;
        let stack = self
            .stack_for_update(&tx, subject, id, Action::Operate)
            .await?;
        refuse_deleting(&stack)?;
        let owner = ConfigOwner::Stack(id.clone());
        let element = self
            .config_put(&tx, owner, element, stack.manages_state)
            .await?;
        let deed = put_deed(&element).on_stack(&stack);
        self.audit(&tx, subject, deed).await?;
        tx.commit().await?;
        self.shown(subject, &stack.settings.space, element).await
    }

    /// Sets an element of a context; one of the same name is replaced.
    pub async fn context_config_add(
        &self,
        subject: &Subject,
        id: &ContextId,
        element: NewElement,
    ) -> Result<ConfigElement, OpError> {
        let tx = self.store.begin().await?;
        let context = self
            .context_for_update(&tx, subject, id, Action::Operate)
            .await?;
        let owner = ConfigOwner::Context(id.clone());
        // A stack whose state we keep may have the context, today or tomorrow.
        let element = self.config_put(&tx, owner, element, true).await?;
        let deed = in_context(put_deed(&element), &context);
        self.audit(&tx, subject, deed).await?;
        tx.commit().await?;
        self.shown(subject, &context.space, element).await
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
        let owner = ConfigOwner::Stack(id.clone());
        let Some(element) = config_element::find(tx.reader(), &owner, name).await? else {
            return Ok(None);
        };
        config_element::delete(&tx, &owner, name).await?;
        let deed = delete_deed(name).on_stack(&stack);
        self.audit(&tx, subject, deed).await?;
        tx.commit().await?;
        self.shown(subject, &stack.settings.space, element)
            .await
            .map(Some)
    }

    /// Removes an element and answers with what it was; `None` when there was none.
    pub async fn context_config_delete(
        &self,
        subject: &Subject,
        id: &ContextId,
        name: &str,
    ) -> Result<Option<ConfigElement>, OpError> {
        let tx = self.store.begin().await?;
        let context = self
            .context_for_update(&tx, subject, id, Action::Operate)
            .await?;
        let owner = ConfigOwner::Context(id.clone());
        let Some(element) = config_element::find(tx.reader(), &owner, name).await? else {
            return Ok(None);
        };
        config_element::delete(&tx, &owner, name).await?;
        let deed = in_context(delete_deed(name), &context);
        self.audit(&tx, subject, deed).await?;
        tx.commit().await?;
        self.shown(subject, &context.space, element).await.map(Some)
    }

    /// The elements of a stack that the subject was given, by name.
    pub async fn stack_config(
        &self,
        subject: &Subject,
        stack: &Stack,
    ) -> Result<Vec<ConfigElement>, OpError> {
        let mut found = self.stack_configs(subject, &[stack]).await?;
        Ok(found.remove(&stack.id).unwrap_or_default())
    }

    /// The same of several stacks.
    pub async fn stack_configs(
        &self,
        subject: &Subject,
        stacks: &[&Stack],
    ) -> Result<HashMap<StackId, Vec<ConfigElement>>, OpError> {
        let spaces: HashMap<&StackId, &SpaceId> = stacks
            .iter()
            .map(|stack| (&stack.id, &stack.settings.space))
            .collect();
        let ids: Vec<&StackId> = stacks.iter().map(|stack| &stack.id).collect();
        let mut found: HashMap<StackId, Vec<ConfigElement>> = HashMap::new();
        for element in config_element::list_together(self.store.reader(), &ids, &[]).await? {
            if let ConfigOwner::Stack(id) = &element.owner
                && let Some(space) = spaces.get(id)
            {
                let id = id.clone();
                let shown = self.shown(subject, space, element).await?;
                found.entry(id).or_default().push(shown);
            }
        }
        Ok(found)
    }

    pub async fn stack_config_element(
        &self,
        subject: &Subject,
        stack: &Stack,
        name: &str,
    ) -> Result<Option<ConfigElement>, OpError> {
        let owner = ConfigOwner::Stack(stack.id.clone());
        self.config_element(subject, &owner, &stack.settings.space, name)
            .await
    }

    /// The elements of one owner, which lives in `space` and which the subject was given; by name.
    pub(crate) async fn config(
        &self,
        subject: &Subject,
        owner: &ConfigOwner,
        space: &SpaceId,
    ) -> Result<Vec<ConfigElement>, OpError> {
        let elements = config_element::list(self.store.reader(), owner).await?;
        let mut shown = Vec::with_capacity(elements.len());
        for element in elements {
            shown.push(self.shown(subject, space, element).await?);
        }
        Ok(shown)
    }

    pub(crate) async fn config_element(
        &self,
        subject: &Subject,
        owner: &ConfigOwner,
        space: &SpaceId,
        name: &str,
    ) -> Result<Option<ConfigElement>, OpError> {
        match config_element::find(self.store.reader(), owner, name).await? {
            Some(element) => self.shown(subject, space, element).await.map(Some),
            None => Ok(None),
        }
    }

    /// Checks an element and stores it. The caller holds the owner's row in `tx`.
    async fn config_put(
        &self,
        tx: &Tx,
        owner: ConfigOwner,
        element: NewElement,
        managed_state: bool,
    ) -> Result<config_element::ConfigElement, OpError> {
        let NewElement {
            kind,
            name,
            value,
            write_only,
            description,
        } = element;
        let text = value.expose_secret();
        match kind {
            ConfigKind::EnvironmentVariable => {
                check_variable(&name, text, managed_state).map_err(refused)?;
            }
            ConfigKind::FileMount => check_file(&name, text).map_err(refused)?,
        }
        let description = description.filter(|text| !text.is_empty());
        if description
            .as_ref()
            .is_some_and(|text| text.len() > LONGEST_DESCRIPTION)
        {
            return Err(OpError::invalid(format!(
                "description: it is longer than {LONGEST_DESCRIPTION} bytes"
            )));
        }
        let reader = tx.reader();
        let before = config_element::find(reader, &owner, &name).await?;
        if let Some(other) = before.filter(|before| before.kind != kind) {
            return Err(OpError::conflict(format!(
                "id: {} is a {} of {owner} already; delete it first, or choose another name",
                Quoted(&name),
                noun(other.kind)
            )));
        }
        check_amount(reader, &owner, kind, &name, text.len()).await?;
        if kind == ConfigKind::FileMount {
            check_neighbours(reader, &owner, &name).await?;
        }
        let sealed = self.keys.seal(&place(&owner, &name), &content(&value));
        let element = config_element::ConfigElement {
            owner,
            name,
            kind,
            description,
            write_only,
            key_id: sealed.key_id,
            sealed: sealed.bytes,
            created_at: self.clock.now(),
        };
        config_element::put(tx, &element).await?;
        Ok(element)
    }

    async fn shown(
        &self,
        subject: &Subject,
        space: &SpaceId,
        element: config_element::ConfigElement,
    ) -> Result<ConfigElement, OpError> {
        let (plain, value) = self.opened(&element).await?;
        let checksum = if subject.may_compare_secrets(space) {
            hex::encode(plain)
        } else {
            self.keyed_checksum(&element.owner, &value)
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

    /// With its value, for a run.
    async fn open_element(
        &self,
        element: &config_element::ConfigElement,
    ) -> Result<OpenElement, OpError> {
        let (_, value) = self.opened(element).await?;
        Ok(OpenElement {
            name: element.name.clone(),
            kind: element.kind,
            value,
            write_only: element.write_only,
        })
    }

    async fn opened(
        &self,
        element: &config_element::ConfigElement,
    ) -> Result<([u8; DIGEST], SecretString), OpError> {
        let place = place(&element.owner, &element.name);
        let content = self
            .keys
            .open_sealed(&self.store, &place, &element.key_id, &element.sealed)
            .await?;
        content
            .split_first_chunk::<DIGEST>()
            .and_then(|(digest, value)| {
                let value = std::str::from_utf8(value).ok()?;
                Some((*digest, SecretString::from(value)))
            })
            .ok_or_else(|| OpError::internal("read a sealed value", place.clone()))
    }

    /// Tells whether two values of one owner are the same, and nothing to whoever tries guesses.
    fn keyed_checksum(&self, owner: &ConfigOwner, value: &SecretString) -> String {
        let key = Zeroizing::new(hmac(&*self.checksums, address(owner).as_bytes()));
        hex::encode(hmac(&*key, value.expose_secret().as_bytes()))
    }
}

fn put_deed(element: &config_element::ConfigElement) -> Deed {
    Deed::new(
        "config_element.put",
        Target::new("config element", &element.name),
    )
    .with("kind", element.kind.as_str())
    .with("writeOnly", element.write_only)
}

fn delete_deed(name: &str) -> Deed {
    Deed::new("config_element.delete", Target::new("config element", name))
}

fn in_context(deed: Deed, context: &Context) -> Deed {
    deed.in_space(&context.space)
        .with("context", context.id.as_str())
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

/// What no other owner is called: a slug has no slash.
fn address(owner: &ConfigOwner) -> String {
    match owner {
        ConfigOwner::Stack(id) => id.to_string(),
        ConfigOwner::Context(id) => format!("context/{id}"),
    }
}

/// Binds a sealed value to its row.
fn place(owner: &ConfigOwner, name: &str) -> String {
    format!("config_element|{}|{name}", address(owner))
}

fn refused(error: impl std::fmt::Display) -> OpError {
    OpError::invalid(error.to_string())
}

fn noun(kind: ConfigKind) -> &'static str {
    match kind {
        ConfigKind::EnvironmentVariable => "variable",
        ConfigKind::FileMount => "mounted file",
    }
}

/// Whether an owner may have this much more of a kind.
async fn check_amount(
    reader: Reader<'_>,
    owner: &ConfigOwner,
    kind: ConfigKind,
    name: &str,
    bytes: usize,
) -> Result<(), OpError> {
    let (most, largest) = match kind {
        ConfigKind::EnvironmentVariable => (i64::MAX, LARGEST_ENVIRONMENT),
        ConfigKind::FileMount => (MOST_FILES, LARGEST_FILES),
    };
    let others = config_element::amount(reader, owner, kind, name).await?;
    let bytes = others.bytes + bytes as i64;
    if bytes > largest {
        return Err(OpError::invalid(format!(
            "value: with {} the {}s of {owner} would have {bytes} bytes together, and {largest} \
             are allowed",
            Quoted(name),
            noun(kind)
        )));
    }
    if others.elements >= most {
        return Err(OpError::invalid(format!(
            "id: {owner} has {} mounted files, and {most} are allowed; put them into an archive or \
             into the repository",
            others.elements
        )));
    }
    Ok(())
}

/// Whether the other files of the same owner leave room for one of this path.
async fn check_neighbours(
    reader: Reader<'_>,
    owner: &ConfigOwner,
    path: &str,
) -> Result<(), OpError> {
    let elements = config_element::list(reader, owner).await?;
    let files = elements
        .iter()
        .filter(|element| element.kind == ConfigKind::FileMount)
        .map(|element| element.name.as_str());
    match mounted_file::conflicting(files.chain([path])) {
        None => Ok(()),
        Some((file, below)) => Err(OpError::conflict(format!(
            "id: {owner} can't have both {} and {}: the first is a file and would have to be a \
             directory; choose another path",
            Quoted(file),
            Quoted(below)
        ))),
    }
}
