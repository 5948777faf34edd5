//! gRPC adapters: [`AccountsClient`] asks elsewhere, [`serve_accounts`] offers a local one.

use std::sync::Arc;

use async_trait::async_trait;
use tonic::{Request, Response, Status, transport::Channel};

use prosopa_model::{AccountId, UserId};

use super::{Accounts, AccountsError};
use crate::{
    auth_messages::{MESSAGE_BYTES_MAX, MayActRequest, MayActResponse, accounts_client, accounts_server},
    calls::{ask, describe},
};

/// Accounts behind gRPC.
#[derive(Clone)]
pub struct AccountsClient {
    inner: accounts_client::AccountsClient<Channel>,
}

impl AccountsClient {
    /// Wraps a channel; the channel decides about TLS and reconnecting. An answer is waited for two seconds.
    pub fn new(channel: Channel) -> Self {
        let inner = accounts_client::AccountsClient::new(channel)
            .max_encoding_message_size(MESSAGE_BYTES_MAX)
            .max_decoding_message_size(MESSAGE_BYTES_MAX);
        Self { inner }
    }
}

#[async_trait]
impl Accounts for AccountsClient {
    async fn may_act(&self, account_id: AccountId, user_id: UserId) -> Result<bool, AccountsError> {
        let question = MayActRequest { account_id: account_id.to_string(), user_id: user_id.to_string() };
        let asked = ask(question, |request| {
            let mut inner = self.inner.clone();
            async move { inner.may_act(request).await }
        });
        match asked.await {
            Ok(answer) => Ok(answer.into_inner().may_act),
            Err(status) => Err(AccountsError { detail: describe(&status) }),
        }
    }
}

/// Offers `accounts` as a gRPC service to mount behind the internal listener.
pub fn serve_accounts(
    accounts: Arc<dyn Accounts>,
) -> accounts_server::AccountsServer<impl accounts_server::Accounts> {
    accounts_server::AccountsServer::new(Adapter(accounts))
        .max_encoding_message_size(MESSAGE_BYTES_MAX)
        .max_decoding_message_size(MESSAGE_BYTES_MAX)
}

struct Adapter(Arc<dyn Accounts>);

#[async_trait]
impl accounts_server::Accounts for Adapter {
    async fn may_act(&self, request: Request<MayActRequest>) -> Result<Response<MayActResponse>, Status> {
        let MayActRequest { account_id, user_id } = request.into_inner();
        let (Ok(account_id), Ok(user_id)) = (account_id.parse(), user_id.parse()) else {
            return Err(Status::invalid_argument("account_id and user_id must be ids"));
        };
        let answer = self.0.may_act(account_id, user_id).await;
        let may_act = answer.map_err(|error| Status::unavailable(error.detail))?;
        Ok(Response::new(MayActResponse { may_act }))
    }
}

#[cfg(test)]
mod tests;
