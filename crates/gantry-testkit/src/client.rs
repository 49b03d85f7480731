//! A client of the API, as a test or the demo uses it: it logs in with an API key, sends documents,
//! and reads what a person would read.
//!
//! Every operation goes over the wire. The nouns have a file each; what they return is the part of
//! the answer that tests look at, and [`Client::query`] reaches the rest.

mod integration;
mod run;
mod stack;

use serde_json::{Value, json};

pub use integration::IntegrationInput;
pub use run::{RunView, Transition};
pub use stack::StackInput;

use crate::http;

/// The two halves of an API key.
#[derive(Clone, Debug, serde::Deserialize)]
pub struct ApiKey {
    pub id: String,
    pub secret: String,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The server refused; this is the first message, which is the one that users see.
    #[error("{0}")]
    Refused(String),
    /// Something else than a GraphQL answer came, or nothing.
    #[error("the server gave no GraphQL answer: {0:#}")]
    Broken(anyhow::Error),
}

pub type Answer<T> = Result<T, ClientError>;

/// Logged in, or with a token of any other origin, or with none.
#[derive(Clone, Debug)]
pub struct Client {
    base: String,
    token: Option<String>,
}

impl Client {
    /// Without a login. `base` is `http://host:port`.
    pub fn anonymous(base: impl Into<String>) -> Self {
        Self {
            base: base.into(),
            token: None,
        }
    }

    pub fn with_token(base: impl Into<String>, token: impl Into<String>) -> Self {
        Self {
            base: base.into(),
            token: Some(token.into()),
        }
    }

    /// Exchanges the key for a token.
    pub async fn login(base: &str, key: &ApiKey) -> Answer<Self> {
        let token = Self::anonymous(base).exchange(key).await?;
        Ok(Self::with_token(base, token))
    }

    /// The token of an API key.
    pub async fn exchange(&self, key: &ApiKey) -> Answer<String> {
        let answer = self
            .query(
                "mutation($id:ID!,$secret:String!){apiKeyUser(id:$id,secret:$secret){jwt}}",
                json!({"id": key.id, "secret": key.secret}),
            )
            .await?;
        Ok(text(&answer["apiKeyUser"]["jwt"]))
    }

    pub fn base(&self) -> &str {
        &self.base
    }

    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// Sends a document; answers with `data`.
    pub async fn query(&self, document: &str, variables: Value) -> Answer<Value> {
        let body = json!({"query": document, "variables": variables}).to_string();
        let bearer = self.token.as_ref().map(|token| format!("Bearer {token}"));
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(bearer.iter().map(|value| ("authorization", value.as_str())));
        let answer = http::send("POST", &self.base, "/graphql", &headers, body)
            .await
            .map_err(ClientError::Broken)?;
        let broken = |why: String| ClientError::Broken(anyhow::anyhow!(why));
        if answer.status != 200 {
            return Err(broken(format!("{} {}", answer.status, answer.body)));
        }
        let mut value: Value = serde_json::from_str(&answer.body)
            .map_err(|error| broken(format!("{error}: {}", answer.body)))?;
        match value["errors"].get(0).map(|first| text(&first["message"])) {
            Some(message) => Err(ClientError::Refused(message)),
            None => Ok(value["data"].take()),
        }
    }

    /// Sends a document that must be refused; answers with the message.
    #[track_caller]
    pub fn refusal(
        &self,
        document: &str,
        variables: Value,
    ) -> impl Future<Output = String> + use<> {
        let (client, document) = (self.clone(), document.to_owned());
        let caller = std::panic::Location::caller();
        async move {
            match client.query(&document, variables).await {
                Err(ClientError::Refused(message)) => message,
                other => panic!("{caller}: `{document}` was not refused: {other:?}"),
            }
        }
    }
}

/// A JSON string without its quotes; empty for anything else.
fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
