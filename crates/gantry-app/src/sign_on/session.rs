//! Sessions of people who came by single sign-on. Their roles are worked out anew at each request: from
//! the groups of their last login, and what the configuration says of groups now.

use gantry_core::audit::Target;
use gantry_core::authz::{Given, Role};
use gantry_core::ids::{SpaceId, UserId};
use gantry_core::space::ROOT;
use gantry_store::{space, user};
use secrecy::SecretString;
use ulid::Ulid;

use super::SignOn;
use super::id_token::Identity;
use crate::audit::Deed;
use crate::login::{hash_secret, random_token};
use crate::{App, OpError, Subject, Who};

/// A working day: whoever comes back tomorrow logs in again, with the groups of tomorrow.
const SESSION_SECONDS: i64 = 12 * 60 * 60;

/// A session at the only moment at which its secret is known.
pub struct UserSession {
    pub secret: SecretString,
    /// From now.
    pub seconds: i64,
    pub subject: Subject,
}

/// A login that has ended well.
pub struct SignedOn {
    pub session: UserSession,
    /// A path of the console.
    pub return_to: String,
}

impl App {
    pub(super) async fn sign_on_session(
        &self,
        sign_on: &SignOn,
        identity: Identity,
        return_to: String,
    ) -> Result<SignedOn, OpError> {
        let given = sign_on.settings.roles.given(&identity.groups);
        let given = self.in_spaces_that_exist(given).await?;
        if given.is_empty() {
            tracing::info!(
                user = identity.name,
                "somebody without a role has tried to log in"
            );
            return Err(OpError::Forbidden(format!(
                "{} is in no group that has a role here. Ask an administrator to give one of your \
                 groups a role (`sign_on.roles`), or to put you into a group that has one",
                identity.name
            )));
        }
        let now = self.clock.now();
        let found = user::Login {
            id: UserId::new(Ulid::generate().to_string()),
            issuer: sign_on.settings.issuer.clone(),
            subject: identity.subject,
            name: identity.name,
            groups: identity.groups,
        };
        let secret = SecretString::from(random_token());
        let tx = self.store.begin().await?;
        user::sweep(&tx, now).await?;
        let id = user::put(&tx, &found, now).await?;
        let expires_at = now + SESSION_SECONDS * 1000;
        user::begin_session(&tx, hash_secret(&secret), &id, now, expires_at).await?;
        let subject = self.user_subject(&id, &found.name, &given).await?;
        let target = Target::named("user", &id, &found.name);
        self.audit(&tx, &subject, Deed::new("session.create", target))
            .await?;
        tx.commit().await?;
        Ok(SignedOn {
            session: UserSession {
                secret,
                seconds: SESSION_SECONDS,
                subject,
            },
            return_to,
        })
    }

    /// Whose session it is; `None` when it was ended or has expired, or no group of theirs has a
    /// role any more.
    pub async fn subject_of_user_session(
        &self,
        secret: &SecretString,
    ) -> Result<Option<Subject>, OpError> {
        let Some(sign_on) = &self.sign_on else {
            return Ok(None);
        };
        let (reader, now) = (self.store.reader(), self.clock.now());
        let Some(user) = user::of_session(reader, hash_secret(secret), now).await? else {
            return Ok(None);
        };
        // Of another provider somebody else may have the same name.
        if user.issuer != sign_on.settings.issuer {
            return Ok(None);
        }
        let given = sign_on.settings.roles.given(&user.groups);
        let given = self.in_spaces_that_exist(given).await?;
        if given.is_empty() {
            return Ok(None);
        }
        Ok(Some(self.user_subject(&user.id, &user.name, &given).await?))
    }

    /// Logs out: here, or `everywhere`. Answers how many sessions were ended.
    pub async fn user_session_end(
        &self,
        subject: &Subject,
        secret: &SecretString,
        everywhere: bool,
    ) -> Result<u64, OpError> {
        let Who::User { id, .. } = &subject.who else {
            return Ok(0);
        };
        let tx = self.store.begin().await?;
        let ended = match everywhere {
            true => user::end_sessions(&tx, id).await?,
            false => user::end_session(&tx, hash_secret(secret)).await?,
        };
        if ended > 0 {
            let target = Target::named("user", id, &subject.name);
            let deed = Deed::new("session.delete", target).with("sessions", ended);
            self.audit(&tx, subject, deed).await?;
        }
        tx.commit().await?;
        Ok(ended)
    }

    /// Logs somebody else out everywhere; for administrators of the account. `None` when nobody of
    /// that ID has ever logged in.
    pub async fn user_log_out(
        &self,
        subject: &Subject,
        id: &UserId,
    ) -> Result<Option<user::Login>, OpError> {
        subject.require_account_admin()?;
        let tx = self.store.begin().await?;
        let Some(found) = user::find(tx.reader(), id).await? else {
            return Ok(None);
        };
        let ended = user::end_sessions(&tx, id).await?;
        let target = Target::named("user", id, &found.name);
        let deed = Deed::new("session.delete", target).with("sessions", ended);
        self.audit(&tx, subject, deed).await?;
        tx.commit().await?;
        Ok(Some(found))
    }

    /// Everybody who has ever logged in by single sign-on, by name; for administrators of the
    /// account.
    pub async fn users(&self, subject: &Subject) -> Result<Vec<user::Known>, OpError> {
        subject.require_account_admin()?;
        let now = self.clock.now();
        Ok(user::list(self.store.reader(), now).await?)
    }

    async fn in_spaces_that_exist(&self, given: Vec<Given>) -> Result<Vec<Given>, OpError> {
        if given.is_empty() {
            return Ok(given);
        }
        let spaces = space::list(self.store.reader()).await?;
        let exists = |id: &SpaceId| spaces.iter().any(|space| space.id == *id);
        Ok(given
            .into_iter()
            .filter(|given| exists(&given.space))
            .collect())
    }

    async fn user_subject(
        &self,
        id: &UserId,
        name: &str,
        given: &[Given],
    ) -> Result<Subject, OpError> {
        let admin = given
            .iter()
            .any(|given| given.space.as_str() == ROOT && given.role == Role::Admin);
        let who = Who::User {
            id: id.clone(),
            admin,
        };
        let subject = Subject::new(who, name);
        match admin {
            true => Ok(subject),
            false => self.in_tree(subject, given).await,
        }
    }
}
