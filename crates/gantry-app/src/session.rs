//! Logins to the console: a secret that the browser keeps in a cookie, for as long as nobody logs out
//! and the key that began it is good.

use gantry_core::audit::Target;
use gantry_core::ids::ApiKeyId;
use gantry_store::{api_key, session};
use secrecy::SecretString;

use crate::audit::Deed;
use crate::login::{hash_secret, random_token};
use crate::{App, OpError, Subject, Who};

/// A working day: whoever comes back tomorrow logs in again.
const SESSION_SECONDS: i64 = 12 * 60 * 60;

/// A session at the only moment at which its secret is known.
pub struct NewSession {
    pub secret: SecretString,
    /// Unix seconds.
    pub valid_until: i64,
    /// From now.
    pub seconds: i64,
    pub subject: Subject,
}

impl App {
    /// Begins a session by an API key. Whatever is wrong with the pair, the answer is the same.
    pub async fn session_start(
        &self,
        id: &ApiKeyId,
        secret: &SecretString,
    ) -> Result<NewSession, OpError> {
        let key = self.key_of_pair(id, secret).await?;
        let now = self.clock.now();
        let latest = now + SESSION_SECONDS * 1000;
        let expires_at = key.expires_at.map_or(latest, |end| latest.min(end));
        let subject = self.subject_of_key(&key).await?;
        let secret = SecretString::from(random_token());
        let tx = self.store.begin().await?;
        session::sweep(&tx, now).await?;
        session::insert(&tx, hash_secret(&secret), id, now, expires_at).await?;
        self.audit(&tx, &subject, deed("session.create", id, &key.name))
            .await?;
        tx.commit().await?;
        Ok(NewSession {
            secret,
            valid_until: expires_at / 1000,
            seconds: (expires_at - now) / 1000,
            subject,
        })
    }

    /// Whose session it is; `None` when it was ended, has expired, or its key is no good any more.
    /// Looked up at each request, as a token is.
    pub async fn subject_of_session(
        &self,
        secret: &SecretString,
    ) -> Result<Option<Subject>, OpError> {
        let now = self.clock.now();
        let reader = self.store.reader();
        let Some(id) = session::key(reader, hash_secret(secret), now).await? else {
            return self.subject_of_user_session(secret).await;
        };
        let key = api_key::find(reader, &id).await?;
        match key.filter(|key| key.is_good(now)) {
            Some(key) => Ok(Some(self.subject_of_key(&key).await?)),
            None => Ok(None),
        }
    }

    /// Logs out: here, or `everywhere` that somebody is logged in by the same key. Answers how many
    /// sessions were ended.
    pub async fn session_end(
        &self,
        subject: &Subject,
        secret: &SecretString,
        everywhere: bool,
    ) -> Result<u64, OpError> {
        let Who::ApiKey { id, .. } = &subject.who else {
            return self.user_session_end(subject, secret, everywhere).await;
        };
        let tx = self.store.begin().await?;
        let ended = match everywhere {
            true => session::end_of_key(&tx, id).await?,
            false => u64::from(session::end(&tx, hash_secret(secret)).await?),
        };
        if ended > 0 {
            let deed = deed("session.delete", id, &subject.name).with("sessions", ended);
            self.audit(&tx, subject, deed).await?;
        }
        tx.commit().await?;
        Ok(ended)
    }
}

fn deed(action: &'static str, key: &ApiKeyId, name: &str) -> Deed {
    Deed::new(action, Target::named("api key", key, name))
}
