use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use http::StatusCode;

use crate::harness::{Answer, Call, Gateway, fast, user};

const WATCHED: &str = "/api/v1/watched";

/// A request for another protocol, which is answered when its caller has ended.
async fn follow(gateway: &Gateway, credential: &str) -> Answer {
    let call = Call::get(WATCHED).bearer(credential);
    gateway.send(call.header("connection", "upgrade").header("upgrade", "websocket")).await
}

async fn gateway() -> Gateway {
    let gateway = Gateway::start(fast()).await;
    for credential in ["ada", "eve"] {
        gateway.know(credential, &user());
    }
    gateway
}

/// R6: what outlives its request hears within a second that its caller has ended; that of another goes on.
#[tokio::test]
async fn a_connection_ends_with_its_callers_credential() {
    let gateway = gateway().await;
    let (ada, eve) = (follow(&gateway, "ada"), follow(&gateway, "eve"));
    tokio::pin!(ada, eve);
    let early = tokio::time::timeout(Duration::from_secs(1), async {
        tokio::select!(a = &mut ada => a, e = &mut eve => e)
    });
    assert!(early.await.is_err(), "nobody has ended");
    gateway.forget("ada");
    let forgotten = Instant::now();
    let answer = tokio::select!(answer = &mut ada => answer, _ = &mut eve => panic!("another has ended"));
    assert!(forgotten.elapsed() < Duration::from_secs(1), "{:?}", forgotten.elapsed());
    assert_eq!((answer.status, answer.body.as_slice()), (StatusCode::OK, &b"ended"[..]));
    let late = tokio::time::timeout(Duration::from_secs(1), &mut eve);
    assert!(late.await.is_err(), "another goes on");
}

/// R6: nobody is served on and on because nobody can be asked; a short absence ends nothing.
#[tokio::test]
async fn a_connection_ends_when_nobody_knows_its_caller_for_long() {
    let gateway = gateway().await;
    let ada = follow(&gateway, "ada");
    tokio::pin!(ada);
    gateway.verifier.set_away(true);
    assert!(tokio::time::timeout(Duration::from_secs(2), &mut ada).await.is_err(), "a short absence");
    gateway.verifier.set_away(false);
    assert!(tokio::time::timeout(Duration::from_secs(1), &mut ada).await.is_err());
    gateway.verifier.set_away(true);
    let away = Instant::now();
    let answer = tokio::time::timeout(Duration::from_secs(20), &mut ada).await.expect("an end");
    assert_eq!(answer.body, b"ended");
    assert!(away.elapsed() >= Duration::from_secs(4), "{:?}", away.elapsed());
}

/// Nobody is watched for nothing: not who asks for no other protocol, nor who has gone.
#[tokio::test]
async fn nobody_is_asked_about_requests_that_end() {
    let gateway = gateway().await;
    let plain = gateway.send(Call::get(WATCHED).bearer("ada")).await;
    assert_eq!(plain.body, b"unwatched");
    let holders = Arc::strong_count(&gateway.verifier);
    let gone = tokio::time::timeout(Duration::from_millis(1_500), follow(&gateway, "ada"));
    assert!(gone.await.is_err());
    let left_alone = async {
        while Arc::strong_count(&gateway.verifier) > holders {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), left_alone).await.expect("nobody asks any more");
    assert!(gateway.verifier.watched() > 0, "it was asked before");
}
