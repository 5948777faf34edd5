//! Clients of who has no user: each gets an account of its own, and a user that cannot log in (K1).
//!
//! The user is a program: its password is one that nobody has, and its address one that no mail can reach (`.invalid`, RFC
//! 6761, section 6.4), so that no mailbox gives access to it. Administrators see it among the users. The account has the
//! default plan.

use std::time::Duration;

use prosopa_contract::events::UserRegistered;
use prosopa_model::{AccountId, Role, Scope, Scopes, UserId};
use prosopa_problem::FieldError;
use prosopa_runtime::Network;
use prosopa_store::idempotency::{Claim, KeyedRequest, Sender};

use super::{Made, NewClient};
use crate::{
    email::Email,
    error::Error,
    login_throttle::TooManyFailures,
    state::State,
    store::users::{Status, User, UserKind},
    user_name::UserName,
};

/// Clients that may be signed up from one network at once, and the time after which one more may.
pub(crate) const NETWORK_RATE: (u32, Duration) = (10, Duration::from_secs(10 * 60));

/// A sign-up that somebody in this network has a key for. The network is hashed under a secret key: there are few.
pub(crate) fn keyed(
    state: &State,
    network: &Network,
    idempotency_key: &[u8],
    new: &NewClient,
) -> KeyedRequest {
    let sender = Sender::Stranger(state.hash_key.hash("client/network", &[&network.bytes()]));
    let content = new.content();
    let content: Vec<&[u8]> = content.iter().map(Vec::as_slice).collect();
    KeyedRequest::new(sender, "sign_up_client", idempotency_key, &content)
}

/// Makes a client with an account and a user of its own.
pub(crate) async fn sign_up(
    state: &State,
    new: NewClient,
    network: &Network,
    once: Option<&Claim>,
) -> Result<Made, Error> {
    if !state.config.open_client_sign_up {
        return Err(Error::SignUpClosed);
    }
    let counted = state.sign_up_throttle.counted("network", &network.bytes());
    let begun = state.sign_up_throttle.begin(&counted, state.clock.now()).await;
    let refuse =
        |refused: TooManyFailures| Error::Throttled { what: "sign-ups", retry_after: refused.retry_after };
    let place = begun.map_err(refuse)?;
    let made = try_sign_up(state, new, once).await;
    if made.is_err() {
        state.sign_up_throttle.give_back(&counted, place).await;
    }
    made
}

async fn try_sign_up(state: &State, new: NewClient, once: Option<&Claim>) -> Result<Made, Error> {
    // Nobody else can look after the account: unless it asks for less, the client may.
    let held: Scopes = Scope::ALL.into_iter().filter(|scope| *scope != Scope::Admin).collect();
    let (client, key, secret_key) = new.make(state, &held, &held)?;
    let id = client.id.to_string();
    let unfit =
        |why: &str| Error::Invalid(vec![FieldError { pointer: "/name".to_owned(), detail: why.to_owned() }]);
    let user_name = UserName::parse(&id.replace("cli_", "client-")).map_err(unfit)?;
    let email = Email::parse(&format!("{id}@client.invalid")).map_err(unfit)?;
    let user = User {
        id: UserId::new(),
        account_id: AccountId::new(),
        user_name: user_name.as_str().to_owned(),
        email: email.as_str().to_owned(),
        role: Role::User,
        status: Status::Active,
        requests_per_day_max: None,
        plan: None,
        created_at: client.created_at,
        kind: UserKind::Program,
    };
    let mut write = state.store.begin().await?;
    write.insert_user(&user, &user_name, &email, state.passwords.nobodys()).await?;
    write.insert_client(&client, user.account_id, user.id).await?;
    write.insert_client_key(&key).await?;
    let event = UserRegistered { user_id: user.id.to_string(), account_id: user.account_id.to_string() };
    state.outbox.publish(write.tx(), &event).await?;
    write.finish(once, &id).await?;
    write.commit().await?;
    tracing::info!(user_id = %user.id, client_id = %client.id, "API client signed up");
    Ok(Made { client, secret_key })
}
