//! The token that requests are made with, and its renewal: once for all tasks of this process and for all processes.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use reqwest::Method;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use tokio::sync::Mutex;

use super::Error;
use super::transport::{Authorization, Call, Transport};
use super::types::Tokens;
use crate::credentials::{CredentialStore, Login};

/// How long the end of the process waits for a renewal to be written down.
const SETTLE_LIMIT: Duration = Duration::from_secs(10);

/// Where the token comes from. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    server: String,
    given: Option<SecretString>,
    current: Arc<RwLock<Option<SecretString>>>,
    renewal: Arc<Mutex<()>>,
}

impl Session {
    /// The session at a server: a given token, else the stored login.
    pub(super) fn new(server: String, given: Option<SecretString>) -> Self {
        let given = given.filter(|token| !token.expose_secret().trim().is_empty());
        Self { server, given, current: Arc::default(), renewal: Arc::default() }
    }

    /// The server's address: the name of its login.
    pub(crate) fn server(&self) -> &str {
        &self.server
    }

    /// The token for the next request.
    pub(super) fn bearer(&self) -> Result<SecretString, Error> {
        if let Some(token) = &self.given {
            return Ok(token.clone());
        }
        if let Some(token) = self.current() {
            return Ok(token);
        }
        let login = CredentialStore::from_environment()?.load(&self.server)?;
        let token = login.ok_or_else(|| Error::NotSignedIn { server: self.server.clone() })?.access_token;
        self.set_current(token.clone());
        Ok(token)
    }

    /// Whether there is a stored session that may be renewed; a given token is what it is.
    pub(super) fn can_refresh(&self) -> bool {
        self.given.is_none()
    }

    /// The token that follows the stale one. The first task of the first process renews; the others find its result.
    pub(super) async fn refresh(
        &self,
        transport: &Transport,
        stale: &SecretString,
    ) -> Result<SecretString, Error> {
        let session = self.clone();
        let transport = transport.clone();
        let stale = stale.clone();
        // A task of its own: once the refresh token is spent, its successor must be stored even if nobody waits.
        let renewal = tokio::spawn(async move { session.renew(&transport, &stale).await });
        renewal.await.map_err(|_| Error::SessionEnded { server: self.server.clone() })?
    }

    /// Waits until a renewal that is under way has been written down.
    pub(crate) async fn settle(&self) {
        let _ = tokio::time::timeout(SETTLE_LIMIT, self.renewal.lock()).await;
    }

    async fn renew(&self, transport: &Transport, stale: &SecretString) -> Result<SecretString, Error> {
        let _once_here = self.renewal.lock().await;
        if let Some(token) = self.current().filter(|token| is_other(token, stale)) {
            return Ok(token);
        }
        let store = CredentialStore::from_environment()?;
        let change = tokio::task::spawn_blocking(move || store.change())
            .await
            .map_err(|_| Error::SessionEnded { server: self.server.clone() })??;
        let login =
            change.load(&self.server)?.ok_or_else(|| Error::NotSignedIn { server: self.server.clone() })?;
        if is_other(&login.access_token, stale) {
            self.set_current(login.access_token.clone());
            return Ok(login.access_token);
        }
        let request = json!({ "refresh_token": login.refresh_token.expose_secret() });
        let call = Call::new(Method::POST, &["auth", "refresh"]).json(&request)?;
        let tokens: Tokens = match transport.send(&call, Authorization::None).await {
            Ok(answer) => answer.document()?,
            Err(error) if error.is_unauthenticated() => {
                return Err(Error::SessionEnded { server: self.server.clone() });
            }
            Err(error) => return Err(error),
        };
        let access_token = tokens.access_token.clone();
        change.save(
            &self.server,
            Login {
                user_name: login.user_name,
                access_token: tokens.access_token,
                refresh_token: tokens.refresh_token,
            },
        )?;
        self.set_current(access_token.clone());
        Ok(access_token)
    }

    fn current(&self) -> Option<SecretString> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Goes on with this token.
    pub(crate) fn set_current(&self, token: SecretString) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Some(token);
    }
}

fn is_other(token: &SecretString, stale: &SecretString) -> bool {
    token.expose_secret() != stale.expose_secret()
}
