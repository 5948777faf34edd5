//! The client of the REST API: one method per operation. It retries, refreshes the session or signs, and gives typed
//! errors; it prints nothing but notes about waiting.

mod documents;
mod error;
mod form;
mod images;
mod jobs;
mod matches;
mod problem;
mod reach;
mod retry;
mod session;
mod signing;
mod sources;
mod transport;
pub(crate) mod types;
mod verifications;

use std::sync::Arc;
use std::time::Duration;

use prosopa_http::signatures::Signer;
use reqwest::Method;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

pub(crate) use error::{Class, Error};
pub(crate) use images::{ImageFilter, UploadOptions};
pub(crate) use jobs::JobFilter;
pub(crate) use matches::MatchOptions;
pub(crate) use session::Session;
pub(crate) use sources::Given;
pub(crate) use verifications::VerificationRequest;

use crate::args::GlobalOptions;
use crate::report::Reporter;
use retry::RetryPolicy;
use transport::{Answer, Authorization, Body, Call, Transport};
use types::{
    ApiClient, ApiKey, CurrentUser, Detection, DetectionSummary, MadeClient, NewApiClient, NewApiKey, Page,
    Picture, Rotation, Tokens, User,
};

/// Pages that are asked for hold this many items: the most that the server gives.
const PAGE_ITEMS: usize = 200;

/// A client of one server. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    transport: Transport,
    session: Session,
    /// Who signs instead of the session.
    signer: Option<Arc<Signer>>,
}

/// What narrows a list to what was made in a time.
#[derive(Debug, Default)]
pub(crate) struct Period {
    /// From this time on.
    pub(crate) start_date: Option<String>,
    /// Up to this time.
    pub(crate) end_date: Option<String>,
}

/// What the detector is asked for beyond its defaults.
#[derive(Debug, Default, Clone)]
pub(crate) struct DetectionOptions {
    /// Smallest face looked for, in pixels.
    pub(crate) min_face_px: Option<u32>,
    /// Most faces reported.
    pub(crate) max_faces: Option<u32>,
    /// The caller's own name of the person in the pictures.
    pub(crate) subject: Option<String>,
}

impl Client {
    /// A client as the options want it.
    pub(crate) fn new(options: &GlobalOptions, reporter: Reporter) -> Result<Self, Error> {
        let retry = RetryPolicy::new(options.retries, Duration::from_millis(options.retry_base_ms));
        let transport = Transport::new(options, retry, reporter)?;
        let session = Session::new(options.server.to_string(), options.token.clone());
        let signer = signing::signer(options)?.map(Arc::new);
        Ok(Self { transport, session, signer })
    }

    /// The session that requests are made in.
    pub(crate) fn session(&self) -> &Session {
        &self.session
    }

    /// Whether requests are made with what the options or the environment say, rather than in the stored session.
    pub(crate) fn has_given_credentials(&self) -> bool {
        self.signer.is_some() || !self.session.can_refresh()
    }

    /// Makes a user.
    pub(crate) async fn register(
        &self,
        user_name: &str,
        email: &str,
        password: &SecretString,
        api_request_quota: Option<u64>,
    ) -> Result<User, Error> {
        let mut request =
            json!({ "user_name": user_name, "email": email, "password": password.expose_secret() });
        if let Some(quota) = api_request_quota {
            request["api_request_quota"] = quota.into();
        }
        self.anonymous(Call::new(Method::POST, &["auth", "register"]).json(&request)?).await?.document()
    }

    /// Signs in. The name holds an `@` when it is an e-mail address.
    pub(crate) async fn login(&self, name: &str, password: &SecretString) -> Result<Tokens, Error> {
        let field = if name.contains('@') { "email" } else { "user_name" };
        let request = json!({ field: name, "password": password.expose_secret() });
        self.anonymous(Call::new(Method::POST, &["auth", "login"]).json(&request)?).await?.document()
    }

    /// Ends the session that the refresh token belongs to.
    pub(crate) async fn logout(&self, refresh_token: &SecretString) -> Result<(), Error> {
        let request = json!({ "refresh_token": refresh_token.expose_secret() });
        self.anonymous(Call::new(Method::POST, &["auth", "logout"]).json(&request)?).await.map(drop)
    }

    /// The signed-in user.
    pub(crate) async fn current_user(&self) -> Result<CurrentUser, Error> {
        self.authorized(Call::new(Method::GET, &["users", "me"])).await?.document()
    }

    /// Makes an API key.
    pub(crate) async fn create_api_key(&self, key: &NewApiKey) -> Result<ApiKey, Error> {
        self.authorized(Call::new(Method::POST, &["auth", "api-keys"]).json(key)?).await?.document()
    }

    /// A page of API keys.
    pub(crate) async fn api_keys(&self, cursor: Option<&str>) -> Result<Page<ApiKey>, Error> {
        let call = Call::new(Method::GET, &["auth", "api-keys"])
            .query("limit", Some(PAGE_ITEMS))
            .query("cursor", cursor);
        self.authorized(call).await?.document()
    }

    /// Gives an API key another text.
    pub(crate) async fn rotate_api_key(&self, id: &str, rotation: &Rotation) -> Result<ApiKey, Error> {
        let call = Call::new(Method::POST, &["auth", "api-keys", id, "rotate"]).json(rotation)?;
        self.authorized(call).await?.document()
    }

    /// Revokes an API key.
    pub(crate) async fn revoke_api_key(&self, id: &str) -> Result<(), Error> {
        self.authorized(Call::new(Method::DELETE, &["auth", "api-keys", id])).await.map(drop)
    }

    /// Makes an API client for the user.
    pub(crate) async fn create_client(&self, client: &NewApiClient) -> Result<MadeClient, Error> {
        self.authorized(Call::new(Method::POST, &["clients"]).json(client)?).await?.document()
    }

    /// Makes an API client with an account of its own.
    pub(crate) async fn sign_up_client(&self, client: &NewApiClient) -> Result<MadeClient, Error> {
        self.anonymous(Call::new(Method::POST, &["clients", "sign-up"]).json(client)?).await?.document()
    }

    /// A page of API clients.
    pub(crate) async fn clients(&self, cursor: Option<&str>) -> Result<Page<ApiClient>, Error> {
        let call =
            Call::new(Method::GET, &["clients"]).query("limit", Some(PAGE_ITEMS)).query("cursor", cursor);
        self.authorized(call).await?.document()
    }

    /// Gives an API client another key.
    pub(crate) async fn rotate_client(&self, id: &str, rotation: &Rotation) -> Result<MadeClient, Error> {
        let call = Call::new(Method::POST, &["clients", id, "rotate"]).json(rotation)?;
        self.authorized(call).await?.document()
    }

    /// Revokes an API client.
    pub(crate) async fn revoke_client(&self, id: &str) -> Result<(), Error> {
        self.authorized(Call::new(Method::DELETE, &["clients", id])).await.map(drop)
    }

    /// Sends a picture and gives its faces.
    pub(crate) async fn detect(
        &self,
        picture: Picture,
        options: &DetectionOptions,
    ) -> Result<Detection, Error> {
        let call = Call::new(Method::POST, &["faces", "detections"])
            .query("min_face_px", options.min_face_px)
            .query("max_faces", options.max_faces)
            .query("subject_id", options.subject.as_deref())
            .body(Body { content_type: picture.content_type.into(), bytes: picture.bytes });
        self.authorized(call).await?.document()
    }

    /// A page of results, newest first, with at most so many items.
    pub(crate) async fn detections(
        &self,
        period: &Period,
        limit: usize,
        cursor: Option<&str>,
    ) -> Result<Page<DetectionSummary>, Error> {
        let call = Call::new(Method::GET, &["faces", "detections"]).page(period, limit, cursor);
        self.authorized(call).await?.document()
    }

    /// One result.
    pub(crate) async fn detection(&self, id: &str) -> Result<Detection, Error> {
        self.authorized(Call::new(Method::GET, &["faces", "detections", id])).await?.document()
    }

    /// Deletes a result.
    pub(crate) async fn delete_detection(&self, id: &str) -> Result<(), Error> {
        self.authorized(Call::new(Method::DELETE, &["faces", "detections", id])).await.map(drop)
    }

    /// Erases a person: nothing that is kept of it can be read any more.
    pub(crate) async fn erase_subject(&self, id: &str) -> Result<(), Error> {
        self.authorized(Call::new(Method::DELETE, &["faces", "subjects", id])).await.map(drop)
    }

    async fn anonymous(&self, call: Call) -> Result<Answer, Error> {
        self.transport.send(&call, Authorization::None).await
    }

    /// Sends signed, or with the session's token; when that has expired, once more with a fresh one.
    async fn authorized(&self, call: Call) -> Result<Answer, Error> {
        if let Some(signer) = &self.signer {
            return self.transport.send(&call, Authorization::Signature(signer)).await;
        }
        let token = self.session.bearer()?;
        match self.transport.send(&call, Authorization::Bearer(&token)).await {
            Err(error) if error.is_token_expired() && self.session.can_refresh() => {
                let token = self.session.refresh(&self.transport, &token).await?;
                self.transport.send(&call, Authorization::Bearer(&token)).await
            }
            outcome => outcome,
        }
    }
}
