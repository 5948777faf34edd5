//! Whose plan holds for a caller.

use http::Method;
use prosopa_model::{ApiClientId, ApiKeyId, Credential, Principal};
use serde_json::{Value, json};

use super::{ASSIGNMENTS, per_day};
use crate::harness::{Gateway, user, with_key};

/// N8: the plan of the key, else of the user, else of the account, else the default; and whose counters they charge.
#[tokio::test]
async fn the_nearest_plan_holds() {
    let gateway = Gateway::start_with_administrator().await;
    let person = user();
    let key = ApiKeyId::new();
    gateway.know("session", &person);
    gateway.know("key", &Principal { credential: Credential::ApiKey(key), ..person.clone() });
    gateway.know("other key", &with_key(&person));
    for (name, limit) in [("of-key", 5), ("of-user", 4), ("of-account", 3)] {
        gateway.put_plan(name, &per_day(limit)).await;
    }
    let plan = async |credential: &str| gateway.quota(credential).await["plan"].clone();
    assert_eq!(plan("session").await, "default");
    gateway.assign(&person.account_id.to_string(), &json!({ "plan": "of-account" })).await;
    assert_eq!([plan("session").await, plan("key").await], ["of-account", "of-account"]);
    gateway.assign(&person.user_id.to_string(), &json!({ "plan": "of-user" })).await;
    assert_eq!([plan("session").await, plan("key").await], ["of-user", "of-user"]);
    gateway.assign(&key.to_string(), &json!({ "plan": "of-key" })).await;
    assert_eq!(plan("session").await, "of-user");
    assert_eq!(plan("other key").await, "of-user");
    assert_eq!(plan("key").await, "of-key");
    assert_eq!(gateway.spend_all("session").await, 4);
    assert_eq!(gateway.spend_all("other key").await, 0, "keys share the account's counters");
    assert_eq!(gateway.spend_all("key").await, 5, "but for one that has a plan of its own");
    let account = format!("{ASSIGNMENTS}/{}", person.user_id);
    gateway.edit(Method::DELETE, &account, &Value::Null).await;
    assert_eq!(plan("session").await, "of-account");
    gateway.assign(&person.user_id.to_string(), &json!({ "plan": "default" })).await;
    assert_eq!(plan("session").await, "default", "which may be given as well");
}

/// N8, K1: the plan of a client goes before that of its user, and has counters of its own.
#[tokio::test]
async fn a_client_may_have_a_plan() {
    let gateway = Gateway::start_with_administrator().await;
    let person = user();
    let client = ApiClientId::new();
    gateway.know("session", &person);
    gateway.know("client", &Principal { credential: Credential::Client(client), ..person.clone() });
    for (name, limit) in [("of-client", 5), ("of-user", 4)] {
        gateway.put_plan(name, &per_day(limit)).await;
    }
    let plan = async |credential: &str| gateway.quota(credential).await["plan"].clone();
    gateway.assign(&person.user_id.to_string(), &json!({ "plan": "of-user" })).await;
    assert_eq!(plan("client").await, "of-user");
    gateway.assign(&client.to_string(), &json!({ "plan": "of-client" })).await;
    assert_eq!([plan("client").await, plan("session").await], ["of-client", "of-user"]);
    assert_eq!([gateway.spend_all("session").await, gateway.spend_all("client").await], [4, 5]);
}

/// R5, N8: the plan that the verifier says a user has goes behind one that is assigned to the user here, and before the
/// account's; it charges the account.
#[tokio::test]
async fn a_user_may_come_with_a_plan() {
    let gateway = Gateway::start_with_administrator().await;
    let plain = user();
    let person = Principal { plan: Some("carried".parse().unwrap()), ..plain.clone() };
    for (credential, principal) in [("plain", &plain), ("carried", &person), ("key", &with_key(&person))] {
        gateway.know(credential, principal);
    }
    for (name, limit) in [("carried", 5), ("of-user", 4), ("of-account", 3)] {
        gateway.put_plan(name, &per_day(limit)).await;
    }
    let plans = async || {
        let mut plans = Vec::new();
        for credential in ["plain", "carried", "key"] {
            plans.push(gateway.quota(credential).await["plan"].as_str().unwrap().to_owned());
        }
        plans
    };
    assert_eq!(plans().await, ["default", "carried", "carried"]);
    gateway.assign(&person.account_id.to_string(), &json!({ "plan": "of-account" })).await;
    assert_eq!(plans().await, ["of-account", "carried", "carried"]);
    assert_eq!(gateway.spend_all("carried").await, 5);
    assert_eq!(gateway.spend_all("key").await, 0, "the counters are the account's");
    gateway.assign(&person.user_id.to_string(), &json!({ "plan": "of-user" })).await;
    assert_eq!(plans().await, ["of-user", "of-user", "of-user"]);
}

/// R5: a plan that is not known here yet, or any more, is the default one, with what the user was granted; that is counted.
#[tokio::test]
async fn a_plan_that_is_not_known_is_the_default_one() {
    let gateway = Gateway::start_with_administrator().await;
    let person = Principal { plan: Some("later".parse().unwrap()), requests_per_day_max: Some(7), ..user() };
    gateway.know("token", &person);
    let quota = gateway.quota("token").await;
    assert_eq!((&quota["plan"], &quota["limits"][0]["limit"]), (&json!("default"), &json!(7)));
    let metrics = gateway.platform.metrics.render();
    assert!(metrics.contains("prosopa_gateway_missing_plans_total 1\n"), "{metrics}");
    gateway.put_plan("later", &per_day(5)).await;
    let quota = gateway.quota("token").await;
    assert_eq!((&quota["plan"], &quota["limits"][0]["limit"]), (&json!("later"), &json!(5)));
}
