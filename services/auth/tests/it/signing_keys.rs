use std::{collections::BTreeSet, time::Duration};

use http::Method;

use prosopa_auth::Config;
use prosopa_contract::verifier::VerifyError;

use crate::support::App;

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn published(app: &App) -> BTreeSet<String> {
    let jwks = app.call(Method::GET, "/.well-known/jwks.json", None, None).await;
    jwks.json["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

fn kid(token: &str) -> String {
    jsonwebtoken::decode_header(token).unwrap().kid.unwrap()
}

/// F2: after 30 days the next key signs, and what the last one signed stays valid for its life.
#[tokio::test]
async fn rotation_overlaps() {
    let app = App::start().await;
    app.register("ada").await;
    app.clock.advance(30 * DAY - MINUTE);
    let old = app.log_in("ada").await.text("access_token");
    app.clock.advance(2 * MINUTE);
    let new = app.log_in("ada").await.text("access_token");
    assert_ne!(kid(&old), kid(&new));
    assert!(app.verify(&old).await.is_ok() && app.verify(&new).await.is_ok());
    assert_eq!(published(&app).await, BTreeSet::from([kid(&old), kid(&new)]));
    app.clock.advance(13 * MINUTE);
    assert_eq!(app.verify(&old).await, Err(VerifyError::Expired));
    // Token life and cache time after its last signature the old key is gone.
    app.clock.advance(12 * MINUTE);
    assert_eq!(app.verify(&old).await, Err(VerifyError::Invalid));
    assert_eq!(published(&app).await, BTreeSet::from([kid(&new)]));
}

/// F2: a key is published before it signs, for as long as others may keep the published keys.
#[tokio::test]
async fn the_next_key_is_published_before_it_signs() {
    let app = App::start().await;
    app.register("ada").await;
    let first = published(&app).await;
    app.clock.advance(30 * DAY - 10 * MINUTE);
    // The task that rotates keys looks at every start.
    let app = app.restart(Config::default()).await;
    let both = published(&app).await;
    assert!(first.len() == 1 && both.len() == 2 && both.is_superset(&first));
    let token = app.log_in("ada").await.text("access_token");
    assert!(first.contains(&kid(&token)), "the old one signs until its time is over");
    app.clock.advance(10 * MINUTE);
    let token = app.log_in("ada").await.text("access_token");
    assert!(both.contains(&kid(&token)) && !first.contains(&kid(&token)));
    assert_eq!(published(&app).await, both, "no third key was made");
}

/// F2: keys outlive the process.
#[tokio::test]
async fn a_restart_keeps_the_key() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    let before = published(&app).await;
    let app = app.restart(Config::default()).await;
    assert_eq!(published(&app).await, before);
    assert!(app.verify(&token).await.is_ok());
}

/// F2: two processes over one database sign with one key.
#[tokio::test]
async fn two_processes_share_the_keys() {
    let app = App::start().await;
    let twin = app.twin(Config::default()).await;
    assert_eq!(published(&app).await, published(&twin).await);
    let token = app.access_token_of("ada").await;
    assert!(twin.verify(&token).await.is_ok());
}

/// F2: a clock that was ahead when the first key was made locks nobody out.
#[tokio::test]
async fn a_clock_set_back_leaves_a_key_to_sign_with() {
    let app = App::start().await;
    app.register("ada").await;
    app.clock.set_back(DAY);
    let token = app.log_in("ada").await.text("access_token");
    assert!(app.verify(&token).await.is_ok());
    assert_eq!(published(&app).await.len(), 1);
}
