//! Which credentials of a cloud a phase gets, and why.
//!
//! A pure function of what is configured: the run uses it when a phase starts, and every page
//! that tells beforehand what a phase will get asks the same function. The whole of it stands as
//! a table in `docs/generated/credential-matrix.md`.

use super::access::{Access, required};
use super::attachment::Attachment;
use super::cloud::Cloud;
use super::external_id::ExternalId;
use super::grant::{Grant, GrantError, Source, external_id};
use super::integration::Integration;
use super::legacy_role::LegacyRole;
use super::role::{AssumedBy, Role};
use super::user_variables;
use crate::account::Subdomain;
use crate::ids::{RunId, SpaceId, StackId};
use crate::run::{Phase, RunKind};

/// An attachment of the stack together with its integration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attached {
    pub attachment: Attachment,
    pub integration: Integration,
}

/// Everything of one cloud that could serve a stack.
#[derive(Clone, Copy, Debug)]
pub struct Candidates<'a> {
    pub cloud: Cloud,
    pub attached: &'a [Attached],
    pub legacy_role: Option<&'a LegacyRole>,
    /// Integrations that the stack sees and that attach to it by label
    /// ([`Integration::auto_attaches_to`]).
    pub auto_attach: &'a [Integration],
    /// Names of the environment variables that the run gets from its users: stack, contexts and
    /// overrides, not the computed ones.
    pub user_variables: &'a [&'a str],
    /// The phase runs on a worker of a private pool, which can assume roles itself.
    pub private_worker: bool,
}

/// What [`select`] comes to. All but `Chosen` issue nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection<'a> {
    /// To be turned into a grant when the phase starts.
    Chosen(Choice<'a>),
    /// The phase starts without credentials of this cloud, and the run page says so.
    NothingAttached { access: Access },
    /// The user brings credentials of their own; the phase starts with those.
    SetByUser { variable: &'a str },
    /// More than one candidate: the phase fails.
    Conflict {
        access: Access,
        between: Vec<Source>,
    },
    /// The worker would have to assume the role, which one that is shared never does: the phase
    /// fails.
    WorkerSideUnavailable { access: Access, source: Source },
    /// A run of this kind has no such phase: nothing may be issued, and nothing may start.
    NoSuchPhase,
}

/// The role that serves a phase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice<'a> {
    pub access: Access,
    pub source: Source,
    pub role: &'a Role,
}

impl Choice<'_> {
    /// What is sent with the request for it.
    pub fn external_id(
        &self,
        account: &Subdomain,
        stack: &StackId,
    ) -> Result<ExternalId, GrantError> {
        external_id(self, account, stack)
    }

    /// The only way to a [`Grant`].
    pub fn grant(
        &self,
        account: &Subdomain,
        run: &RunId,
        stack: &StackId,
        space: &SpaceId,
        phase: Phase,
    ) -> Result<Grant, GrantError> {
        Grant::new(self, account, run, stack, space, phase)
    }
}

impl Selection<'_> {
    /// Whether the phase must fail instead of starting without credentials.
    pub const fn fails_phase(&self) -> bool {
        match self {
            Selection::Chosen(_)
            | Selection::NothingAttached { .. }
            | Selection::SetByUser { .. } => false,
            Selection::Conflict { .. }
            | Selection::WorkerSideUnavailable { .. }
            | Selection::NoSuchPhase => true,
        }
    }

    /// The sentence for the run page and the stack page.
    pub fn explain(&self, cloud: Cloud, phase: Phase) -> String {
        let cloud = cloud.label();
        match self {
            Selection::Chosen(Choice { access, source, .. }) => {
                format!("{phase} gets {access} credentials of {cloud} from {source}")
            }
            Selection::NothingAttached { access } => format!(
                "{phase} gets no {cloud} credentials: nothing is attached to this stack for {access}"
            ),
            Selection::SetByUser { variable } => format!(
                "{phase} is issued no {cloud} credentials, because the environment sets {variable}; remove that variable to use an attached integration"
            ),
            Selection::Conflict { access, between } => format!(
                "{phase} can't choose its {cloud} credentials for {access} between {}; attach one of them explicitly, or change a label",
                between
                    .iter()
                    .map(Source::to_string)
                    .collect::<Vec<_>>()
                    .join(" and ")
            ),
            Selection::WorkerSideUnavailable { source, .. } => format!(
                "{phase} can't get its {cloud} credentials: {source} is set to generate credentials in the worker, which works only in a private worker pool; turn that off or use a private pool"
            ),
            Selection::NoSuchPhase => {
                format!(
                    "a run of this kind has no {phase} phase, so no {cloud} credentials exist for it"
                )
            }
        }
    }
}

/// Decides. Per access: an explicit attachment wins; a legacy role covers what no attachment
/// does; auto-attach covers what neither does.
pub fn select<'a>(candidates: &Candidates<'a>, kind: RunKind, phase: Phase) -> Selection<'a> {
    let Some(access) = required(kind, phase) else {
        return Selection::NoSuchPhase;
    };
    let variables = candidates.user_variables.iter().copied();
    if let Some(variable) = user_variables::set_by_user(candidates.cloud, variables) {
        return Selection::SetByUser { variable };
    }
    let mut choices = attached(candidates.attached, access);
    if choices.is_empty() {
        choices.extend(candidates.legacy_role.map(|legacy| Choice {
            access,
            source: Source::LegacyRole,
            role: &legacy.role,
        }));
    }
    if choices.is_empty() {
        choices = auto_attached(candidates.auto_attach, access);
    }
    if choices.len() > 1 {
        let between = choices.into_iter().map(|choice| choice.source).collect();
        return Selection::Conflict { access, between };
    }
    match choices.pop() {
        None => Selection::NothingAttached { access },
        Some(Choice { role, source, .. })
            if matches!(role.assumed_by, AssumedBy::Worker { .. })
                && !candidates.private_worker =>
        {
            Selection::WorkerSideUnavailable { access, source }
        }
        Some(choice) => Selection::Chosen(choice),
    }
}

/// At most one by the rules of attaching; a second one is damaged data, and shows as a conflict.
fn attached(attached: &[Attached], access: Access) -> Vec<Choice<'_>> {
    let covering = attached
        .iter()
        .filter(|a| a.attachment.serves.covers(access));
    covering
        .map(
            |Attached {
                 attachment,
                 integration,
             }| Choice {
                access,
                source: Source::Attachment {
                    attachment: attachment.id.clone(),
                    integration: integration.id.clone(),
                    name: integration.name.clone(),
                },
                role: &integration.role,
            },
        )
        .collect()
}

fn auto_attached(candidates: &[Integration], access: Access) -> Vec<Choice<'_>> {
    candidates
        .iter()
        .map(|integration| Choice {
            access,
            source: Source::AutoAttach {
                integration: integration.id.clone(),
                name: integration.name.clone(),
            },
            role: &integration.role,
        })
        .collect()
}
