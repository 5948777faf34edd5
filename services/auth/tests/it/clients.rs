mod certificates;
mod lifetime;
mod rotation;
mod sign_up;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::{Engine, engine::general_purpose::STANDARD};
use http::{Method, Request, StatusCode, header};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use prosopa_contract::client_keys::{ClientKey, SignatureAlgorithm};
use prosopa_model::{Credential, Principal, Role, Scope, Scopes};

use crate::support::{Answer, App};

const CLIENTS: &str = "/api/v1/clients";

async fn create(app: &App, credential: &str, body: Value) -> Answer {
    app.call(Method::POST, CLIENTS, Some(credential), Some(body)).await
}

async fn find(app: &App, access_key: &str) -> Option<ClientKey> {
    app.client_keys.find(access_key).await.unwrap()
}

/// The client itself, as the gateway would have it after a signed request.
async fn principal_of(app: &App, access_key: &str) -> Principal {
    find(app, access_key).await.unwrap().principal
}

fn path_of(made: &Answer) -> String {
    format!("{CLIENTS}/{}", made.json["client"]["id"].as_str().unwrap())
}

fn public_key() -> String {
    STANDARD.encode(Ed25519KeyPair::generate().unwrap().public_key())
}

/// K1: a signed-in user makes a client; whoever has the access key finds what was shown, and for whom it signs.
#[tokio::test]
async fn a_new_client_can_sign() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    let made = create(&app, &token, json!({ "name": " onboarding " })).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.json);
    assert_eq!(made.headers[header::CACHE_CONTROL], "no-store");
    let (access_key, secret_key) = (made.text("access_key"), made.text("secret_key"));
    let suffix = access_key.strip_prefix("psa_").unwrap();
    assert_eq!(suffix.len(), 26);
    let parts: Vec<&str> = secret_key.split('_').collect();
    assert_eq!((parts[0], parts[1], parts[2].len()), ("pss", suffix, 43), "{secret_key}");
    let body = secret_key.rsplit_once('_').unwrap().0;
    assert_eq!(parts[3], format!("{:08x}", crc32fast::hash(body.as_bytes())));
    let client = &made.json["client"];
    assert!(client["id"].as_str().unwrap().starts_with("cli_"));
    assert_eq!(
        (&client["name"], &client["algorithm"], &client["is_active"]),
        (&json!("onboarding"), &json!("hmac-sha256"), &json!(true))
    );
    assert_eq!(client["scopes"], json!(["faces:read", "faces:write", "images:read", "account:read"]));
    assert_eq!(
        client["keys"],
        json!([{ "access_key": access_key, "created_at": "2026-01-02T03:04:05.500000Z", "ends_at": null }])
    );
    let key = find(&app, &access_key).await.unwrap();
    assert_eq!(key.algorithm, SignatureAlgorithm::HmacSha256);
    assert_eq!(key.material.expose_secret(), secret_key.as_bytes());
    let session = app.verify(&token).await.unwrap();
    let principal = key.principal;
    assert_eq!((principal.account_id, principal.user_id), (session.account_id, session.user_id));
    assert_eq!((principal.role, principal.scopes), (Role::User, Scopes::for_keys()));
    assert!(matches!(principal.credential, Credential::Client(id) if client["id"] == json!(id)));
    let log = format!("{:?}", find(&app, &access_key).await);
    assert!(!log.contains(parts[2]), "{log}");
}

/// K2: a client with a key pair of its own gives the public half, as bytes or as PEM, and gets no secret.
#[tokio::test]
async fn a_client_may_have_a_key_pair() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    let pem = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";
    for text in ["Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=", pem] {
        let made =
            create(&app, &token, json!({ "name": "c", "algorithm": "ed25519", "public_key": text })).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.json);
        assert!(made.json.get("secret_key").is_none(), "{}", made.json);
        assert_eq!(made.json["client"]["algorithm"], "ed25519");
        let key = find(&app, &made.text("access_key")).await.unwrap();
        assert_eq!(key.algorithm, SignatureAlgorithm::Ed25519);
        assert_eq!(
            STANDARD.encode(key.material.expose_secret()),
            "Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE="
        );
    }
}

/// K1: the lists show no secret, newest first, page by page.
#[tokio::test]
async fn clients_are_listed_without_their_secrets() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    let mut made = Vec::new();
    for index in 0..3 {
        made.push(create(&app, &token, json!({ "name": format!("c{index}") })).await.json["client"].clone());
    }
    let first = app.get(&format!("{CLIENTS}?limit=2"), &token).await;
    assert_eq!(first.json["items"], json!([made[2], made[1]]));
    let cursor = first.text("next_cursor");
    let second = app.get(&format!("{CLIENTS}?limit=2&cursor={cursor}"), &token).await;
    assert_eq!(second.json, json!({ "items": [made[0]], "next_cursor": null }));
    let path = format!("{CLIENTS}/{}", made[0]["id"].as_str().unwrap());
    assert_eq!(app.get(&path, &token).await.json, made[0]);
}

/// K1: another account's client answers exactly like one that does not exist, to every operation.
#[tokio::test]
async fn a_foreign_client_answers_like_an_absent_one() {
    let app = App::start().await;
    let (ada, eve) = (app.access_token_of("ada").await, app.access_token_of("eve").await);
    let made = create(&app, &ada, json!({ "name": "c" })).await;
    let id = made.json["client"]["id"].as_str().unwrap();
    let operations =
        [(Method::GET, "", None), (Method::DELETE, "", None), (Method::POST, "/rotate", Some(json!({})))];
    for (method, suffix, body) in operations {
        let call = async |id: &str| {
            let path = format!("{CLIENTS}/{id}{suffix}");
            app.call(method.clone(), &path, Some(&eve), body.clone()).await
        };
        let absent = call("cli_01h455vb4pex5vsknk084sn02q").await;
        assert_eq!((absent.status, absent.problem()), (StatusCode::NOT_FOUND, "not-found"));
        for id in [id, "nonsense", "key_01h455vb4pex5vsknk084sn02q"] {
            assert_eq!(call(id).await.json, absent.json, "{method} {id}");
        }
    }
    assert_eq!(app.get(CLIENTS, &eve).await.json["items"], json!([]));
    assert!(find(&app, &made.text("access_key")).await.is_some());
}

/// K1: programs make no clients and no keys, whatever they may; both would outlive their revocation.
#[tokio::test]
async fn only_signed_in_users_make_clients_and_keys() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    let scopes = json!(["account:write", "account:read", "faces:read"]);
    let made = create(&app, &token, json!({ "name": "c", "scopes": scopes })).await;
    let client = principal_of(&app, &made.text("access_key")).await;
    let key = app.create_key(&token, json!({ "name": "k", "scopes": scopes })).await.text("key");
    let key = app.verify(&key).await.unwrap();
    for program in [client, key] {
        for path in [CLIENTS, "/api/v1/auth/api-keys"] {
            let body = json!({ "name": "heir", "scopes": ["faces:read"] });
            let refused = app.call_as(Method::POST, path, Some(program.clone()), Some(body)).await;
            assert_eq!((refused.status, refused.problem()), (StatusCode::FORBIDDEN, "forbidden"), "{path}");
        }
        let path = "/api/v1/auth/password";
        let body = json!({ "current_password": "x", "new_password": "four other random words" });
        let refused = app.call_as(Method::POST, path, Some(program), Some(body)).await;
        assert!(refused.status.is_client_error(), "{}", refused.json);
    }
    assert_eq!(app.count("SELECT count(*) FROM api_clients").await, 1);
    assert_eq!(app.count("SELECT count(*) FROM api_keys").await, 1);
    let anonymous = app.post(CLIENTS, json!({ "name": "c" })).await;
    assert_eq!(anonymous.problem(), "unauthenticated");
}

/// K1: a client has no more than its creator.
#[tokio::test]
async fn scopes_do_not_escalate() {
    let app = App::start().await;
    let session = app.verify(&app.access_token_of("ada").await).await.unwrap();
    let held: Scopes = [Scope::AccountWrite, Scope::FacesRead].into_iter().collect();
    let caller = Principal { scopes: held, ..session };
    let make = async |body: Value| app.call_as(Method::POST, CLIENTS, Some(caller.clone()), Some(body)).await;
    for scopes in [json!(["faces:write"]), json!(["faces:read", "admin"])] {
        assert_eq!(make(json!({ "name": "more", "scopes": scopes })).await.problem(), "forbidden");
    }
    assert_eq!(make(json!({ "name": "less" })).await.json["client"]["scopes"], json!(["faces:read"]));
}

#[tokio::test]
async fn unacceptable_values_are_pointed_at() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    let ed25519 = |key: &str| json!({ "name": "c", "algorithm": "ed25519", "public_key": key });
    let small_order = STANDARD.encode([0; 32]);
    let mut no_point = [0; 32];
    no_point[0] = 2;
    let cases = [
        (json!({ "name": "" }), "/name"),
        (json!({ "name": "n".repeat(101) }), "/name"),
        (json!({ "name": "a\u{7}" }), "/name"),
        (json!({ "name": "c", "scopes": [] }), "/scopes"),
        (json!({ "name": "c", "scopes": ["faces:all"] }), "/scopes/0"),
        (json!({ "name": "c", "expires_at": "2026-01-02T03:04:05.5Z" }), "/expires_at"),
        (json!({ "name": "c", "algorithm": "none" }), "/algorithm"),
        (json!({ "name": "c", "algorithm": "rsa-pss-sha512" }), "/algorithm"),
        (json!({ "name": "c", "algorithm": "ed25519" }), "/public_key"),
        (json!({ "name": "c", "public_key": public_key() }), "/public_key"),
        (ed25519(&STANDARD.encode([7; 31])), "/public_key"),
        (ed25519(&STANDARD.encode([7; 33])), "/public_key"),
        (ed25519(&small_order), "/public_key"),
        (ed25519(&STANDARD.encode(no_point)), "/public_key"),
        (ed25519("pss_1"), "/public_key"),
        (json!({ "name": "c", "secret_key": "mine" }), "/secret_key"),
    ];
    for (body, pointer) in cases {
        for path in [CLIENTS, "/api/v1/clients/sign-up"] {
            let credential = (path == CLIENTS).then_some(token.as_str());
            let refused = app.call(Method::POST, path, credential, Some(body.clone())).await;
            assert_eq!(refused.pointer(), pointer, "{path} {body}");
        }
    }
    let both = create(&app, &token, json!({ "name": "", "algorithm": "ed25519" })).await;
    assert_eq!(both.json["errors"].as_array().unwrap().len(), 2, "{}", both.json);
    let huge = create(&app, &token, json!({ "name": "n".repeat(1 << 20) })).await;
    assert_eq!(huge.problem(), "body-too-large");
}

/// N9: sent again with its `Idempotency-Key`, a request makes no second client and shows no secret again.
#[tokio::test]
async fn a_repeated_request_makes_one_client() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    let principal = app.verify(&token).await.unwrap();
    let send = async |name: &str| {
        let request = Request::post(CLIENTS).header("content-type", "application/json");
        let request = request.header("idempotency-key", "k1").extension(principal.clone());
        app.send(request.body(json!({ "name": name }).to_string().into()).unwrap()).await
    };
    assert_eq!(send("").await.problem(), "validation-failed", "and the key is free again");
    let (first, again) = (send("c").await, send("c").await);
    assert_eq!((first.status, again.status), (StatusCode::CREATED, StatusCode::CREATED));
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert_eq!(again.json["client"], first.json["client"]);
    assert_eq!(again.text("access_key"), first.text("access_key"));
    assert!(again.json.get("secret_key").is_none(), "{}", again.json);
    assert_eq!(send("d").await.problem(), "idempotency-key-reused");
    app.call(Method::DELETE, &path_of(&first), Some(&token), None).await;
    assert_eq!(send("c").await.problem(), "not-found", "it is not made again");
}

/// K2: what names no key that may sign now is not told apart; a lost database is.
#[tokio::test]
async fn unknown_access_keys_find_nothing() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    let made = create(&app, &token, json!({ "name": "c" })).await;
    let access_key = made.text("access_key");
    let other_case = access_key.to_uppercase();
    let long = "psa_".repeat(10_000);
    for text in
        ["", "psa_", "psa_01h455vb4pex5vsknk084sn02q", "cli_01h455vb4pex5vsknk084sn02q", &other_case, &long]
    {
        assert!(find(&app, text).await.is_none(), "{}", &text[..text.len().min(40)]);
        app.client_keys.note_use(text).await;
    }
    assert!(find(&app, made.json["client"]["id"].as_str().unwrap()).await.is_none());
    app.execute("ALTER TABLE api_client_keys RENAME TO lost").await;
    assert!(app.client_keys.find(&access_key).await.is_err());
}

/// F3, K1: who finds the secret key of a client has the client revoked.
#[tokio::test]
async fn a_leaked_secret_key_revokes_its_client() {
    let app = App::start().await;
    let token = app.access_token_of("ada").await;
    let [leaked, other] = [
        create(&app, &token, json!({ "name": "onboarding" })).await,
        create(&app, &token, json!({ "name": "other" })).await,
    ];
    let paired = json!({ "name": "p", "algorithm": "ed25519", "public_key": public_key() });
    let paired = create(&app, &token, paired).await;
    let with_secret = |made: &Answer, secret: &str| {
        let body = format!("pss_{}_{secret}", made.text("access_key").strip_prefix("psa_").unwrap());
        format!("{body}_{:08x}", crc32fast::hash(body.as_bytes()))
    };
    let secret = other.text("secret_key").split('_').nth(2).unwrap().to_owned();
    let texts = [with_secret(&leaked, &secret), with_secret(&paired, &secret), leaked.text("secret_key")];
    let answer = app.post("/api/v1/auth/api-keys/leaked", json!({ "keys": texts })).await;
    let statuses: Vec<_> =
        answer.json["results"].as_array().unwrap().iter().map(|result| &result["status"]).collect();
    assert_eq!(statuses, ["unknown", "unknown", "revoked"]);
    assert!(find(&app, &leaked.text("access_key")).await.is_none());
    assert!(find(&app, &other.text("access_key")).await.is_some());
    assert!(find(&app, &paired.text("access_key")).await.is_some());
    app.mailbox.wait_for("ada@example.org", "secret_leaked", 1).await;
}
