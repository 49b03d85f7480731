//! What a migration rests on, looked up before the role is tried and again when it is written.

use gantry_core::authz::Action;
use gantry_core::credentials::attachment::Serves;
use gantry_core::credentials::integration::Integration;
use gantry_core::credentials::legacy_role::LegacyRole;
use gantry_core::credentials::migration::{Replacement, Step, plan};
use gantry_core::credentials::select::Attached;
use gantry_core::ids::{IntegrationId, StackId};
use gantry_core::space::seen_from;
use gantry_core::stack::Stack;
use gantry_store::{Reader, attachment, cloud_integration, legacy_role, space};
use ulid::Ulid;

use crate::config_element::hmac;
use crate::legacy_role::{CLOUD, refuse_deleting};
use crate::{App, OpError, Subject};

/// The longest part of a role's name that an integration is named after.
const NAME: usize = 64;

pub(super) struct Draft {
    pub stack: Stack,
    pub legacy: LegacyRole,
    pub legacy_created_at: i64,
    pub attached: Vec<Attached>,
    pub step: Step,
    /// The one that is there, or as it would be made.
    pub integration: Option<Integration>,
}

impl Draft {
    /// Whether what was tried for `self` is what `now` would write. The space stands in the
    /// session's tags.
    pub(super) fn is_still(&self, now: &Draft) -> bool {
        self.stack.settings.space == now.stack.settings.space
            && self.legacy == now.legacy
            && self.attached == now.attached
            && self.step == now.step
            && self.integration == now.integration
    }

    pub(super) fn makes_integration(&self) -> bool {
        matches!(
            self.step,
            Step::Attach {
                integration: Replacement::New(_),
                ..
            }
        )
    }

    /// In sentences.
    pub(super) fn changes(&self) -> Vec<String> {
        let (stack, role) = (&self.stack.id, &self.legacy.role);
        let mut changes = Vec::new();
        if let Some(integration) = &self.integration {
            let (name, space) = (&integration.name, &integration.space);
            changes.push(if self.makes_integration() {
                format!(
                    "an AWS integration {name:?} is made in the space `{space}`, with the role {}, {} \
                     s, and everything else as the stack's own role has it",
                    role.arn,
                    role.duration.seconds()
                )
            } else {
                format!("the AWS integration {name:?} of the space `{space}` has the same role, and is used")
            });
        }
        match &self.step {
            Step::Nothing => changes.push(format!(
                "nothing is attached: attachments of the stack {stack} cover read and write already"
            )),
            Step::Attach { serves, .. } => {
                changes.push(format!("it is attached to the stack {stack} for {serves}"))
            }
            Step::Widen { from, .. } => changes.push(format!(
                "its attachment to the stack {stack} comes to serve {} instead of {from}",
                Serves::Both
            )),
        }
        changes.push(format!(
            "the stack's own role {} is removed; its external ID has to stay in the trust policy for \
             as long as the migration may be undone",
            role.arn
        ));
        changes
    }
}

impl App {
    pub(super) async fn draft(
        &self,
        reader: Reader<'_>,
        subject: &Subject,
        stack: &StackId,
        chosen: Option<&IntegrationId>,
    ) -> Result<Draft, OpError> {
        let stack = self
            .stack_for(reader, subject, stack, Action::Administer)
            .await?;
        self.draft_for(reader, stack, chosen).await
    }

    /// The same of a stack that is held.
    pub(super) async fn draft_for(
        &self,
        reader: Reader<'_>,
        stack: Stack,
        chosen: Option<&IntegrationId>,
    ) -> Result<Draft, OpError> {
        refuse_deleting(&stack)?;
        let legacy = legacy_role::find(reader, &stack.id).await?;
        let created_at = legacy_role::created_at(reader, &stack.id).await?;
        let (Some(legacy), Some(legacy_created_at)) = (legacy, created_at) else {
            return Err(OpError::conflict(format!(
                "the stack {} has no AWS role of its own, so there is nothing to migrate",
                stack.id
            )));
        };
        let attached = attachment::of_stack(reader, CLOUD, &stack.id).await?;
        let spaces = space::list(reader).await?;
        let seen = seen_from(&spaces, &stack.settings.space);
        let all = cloud_integration::list(reader, CLOUD).await?;
        let visible: Vec<Integration> = all
            .iter()
            .filter(|integration| seen.contains(&&integration.space))
            .cloned()
            .collect();
        let new = self.id_of_new(&stack, legacy_created_at, &all);
        let step = plan(&legacy, &attached, &visible, &new, chosen)
            .map_err(|refused| OpError::conflict(refused.to_string()))?;
        let integration = match &step {
            Step::Nothing => None,
            Step::Widen { integration, .. }
            | Step::Attach {
                integration: Replacement::Existing(integration),
                ..
            } => Some(integration.clone()),
            Step::Attach {
                integration: Replacement::New(id),
                ..
            } => Some(Integration {
                id: id.clone(),
                name: name_of_new(&stack, &legacy, &all),
                space: stack.settings.space.clone(),
                labels: vec![],
                autoattach_enabled: false,
                role: legacy.role.clone(),
            }),
        };
        Ok(Draft {
            stack,
            legacy,
            legacy_created_at,
            attached,
            step,
            integration,
        })
    }

    /// Stands in the trust statement of the dry run, before the integration is made, so it has to be
    /// the same until then; and nobody chooses it, or an old trust policy would serve somebody new.
    fn id_of_new(&self, stack: &Stack, created_at: i64, all: &[Integration]) -> IntegrationId {
        (0_u32..)
            .map(|number| {
                let of = format!("migration|{}|{created_at}|{number}", stack.id);
                let mut random = [0; 16];
                let digest = hmac(&*self.checksums, of.as_bytes());
                let (bytes, _) = digest.split_at(random.len());
                random.copy_from_slice(bytes);
                let at = u64::try_from(created_at).unwrap_or_default();
                IntegrationId::new(Ulid::from_parts(at, u128::from_be_bytes(random)).to_string())
            })
            .find(|id| all.iter().all(|integration| integration.id != *id))
            .unwrap_or_else(|| IntegrationId::new(Ulid::generate().to_string()))
    }
}

/// The role's own name, with the stack's when there is one of that name already.
fn name_of_new(stack: &Stack, legacy: &LegacyRole, all: &[Integration]) -> String {
    let arn = legacy.role.arn.as_str();
    let role: String = arn
        .rsplit(['/', ':'])
        .next()
        .unwrap_or_default()
        .chars()
        .take(NAME)
        .collect();
    let role = match role.is_empty() {
        true => stack.id.to_string(),
        false => role,
    };
    let taken = |name: &String| all.iter().any(|integration| integration.name == *name);
    std::iter::once(role.clone())
        .chain(std::iter::once(format!("{role} of {}", stack.id)))
        .chain((2_u32..).map(|number| format!("{role} of {} {number}", stack.id)))
        .find(|name| !taken(name))
        .unwrap_or(role)
}
