//! Over a real socket.

#![allow(clippy::unwrap_used, reason = "tests")]

use tonic::transport::{Server, server::TcpIncoming};

use super::*;

/// Knows one user, and cannot be asked about another one.
struct Scripted {
    known: (AccountId, UserId),
    broken: UserId,
}

#[async_trait]
impl Accounts for Scripted {
    async fn may_act(&self, account_id: AccountId, user_id: UserId) -> Result<bool, AccountsError> {
        if user_id == self.broken {
            return Err(AccountsError { detail: "no database".into() });
        }
        Ok((account_id, user_id) == self.known)
    }
}

/// N10: callers cannot tell local accounts from remote ones.
#[tokio::test]
async fn every_answer_survives_the_wire() {
    let known = (AccountId::new(), UserId::new());
    let broken = UserId::new();
    let incoming = TcpIncoming::bind(([127, 0, 0, 1], 0).into()).unwrap();
    let address = incoming.local_addr().unwrap();
    let server = Server::builder().add_service(serve_accounts(Arc::new(Scripted { known, broken })));
    tokio::spawn(server.serve_with_incoming(incoming));
    let channel = Channel::from_shared(format!("http://{address}")).unwrap().connect_lazy();
    let accounts = AccountsClient::new(channel);
    assert_eq!(accounts.may_act(known.0, known.1).await, Ok(true));
    assert_eq!(accounts.may_act(AccountId::new(), known.1).await, Ok(false));
    let error = accounts.may_act(known.0, broken).await.unwrap_err();
    assert!(error.detail.contains("no database"), "{error}");
}
