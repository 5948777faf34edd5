//! N9: what cannot be checked is not taken.

use http::StatusCode;
use prosopa_gateway::{GatewayService, MIGRATIONS};
use prosopa_http::signatures::{Nonce, Signer, SigningKey};
use prosopa_runtime::Service;
use prosopa_store::{Database, affected, on_db, query};

use super::{SECRET, Scene, THINGS, message::Message};

async fn change(scene: &Scene, statement: &'static str) {
    let options = scene.gateway.platform.database_options(GatewayService::NAME).unwrap();
    let database = Database::open(&options, MIGRATIONS).await.unwrap();
    let mut tx = database.begin().await.unwrap();
    on_db!(tx, c => query(statement).execute(c).await.map(affected)).unwrap();
    tx.commit().await.unwrap();
    database.close().await;
}

/// Keys that cannot be read, and a stored key that is none, are not the caller's fault, and no guesses.
#[tokio::test]
async fn lost_keys_are_unavailable() {
    let scene = Scene::start().await;
    for access_key in ["unavailable", "psa_broken"] {
        let signer = Signer::new(access_key, SigningKey::hmac_sha256(SECRET).unwrap()).unwrap();
        let message = Message::post(THINGS, "a thing").sign(&signer, scene.now_s(), Nonce::random().unwrap());
        let reply = scene.send(&message).await;
        assert_eq!(
            (reply.status, &reply.json()["code"]),
            (StatusCode::SERVICE_UNAVAILABLE, &"unavailable".into())
        );
        assert!(reply.head.contains("retry-after: 1"), "{}", reply.head);
        assert!(!reply.json().to_string().contains("hsm"));
    }
    assert_eq!((scene.committed(), scene.outcomes("unavailable")), (0, 2));
}

/// While nobody can tell whether a nonce is new nothing signed is taken, reading neither; other credentials are.
#[tokio::test]
async fn lost_nonces_refuse_what_is_signed() {
    let scene = Scene::start().await;
    change(&scene, "ALTER TABLE nonces RENAME TO lost").await;
    let (write, look) = (scene.signed("a thing"), scene.sign(Message::new("GET", THINGS)));
    for message in [&write, &look] {
        let reply = scene.send(message).await;
        assert_eq!(
            (reply.status, &reply.json()["code"]),
            (StatusCode::SERVICE_UNAVAILABLE, &"unavailable".into())
        );
    }
    assert_eq!(scene.committed(), 0);
    assert_eq!(scene.gateway.spend("token").await.status, StatusCode::CREATED);
    change(&scene, "ALTER TABLE lost RENAME TO nonces").await;
    for message in [&write, &look] {
        assert!(
            scene.send(message).await.status.is_success(),
            "what was refused for that has used up no nonce"
        );
        assert_eq!(scene.send(message).await.status, StatusCode::UNAUTHORIZED);
    }
}
