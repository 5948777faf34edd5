//! The cases of sign-up, sign-in and reset that every identity server is asked for, through the whole product.

use prosopa_harness::{Answer, Caller, PASSWORD, Product, patiently, photo};
use serde_json::{Value, json};

const ME: &str = "/api/v1/users/me";
const NEW_PASSWORD: &str = "a horse of another colour";

async fn post(caller: &Caller, path: &str, body: &Value) -> Answer {
    patiently(async || caller.post(path, body).await).await
}

async fn sign_in(product: &Product, user_name: &str, password: &str) -> Answer {
    let body = json!({ "user_name": user_name, "password": password });
    post(&product.stranger(), "/api/v1/auth/login", &body).await
}

/// F1, A1: who signs up can sign in, by name and by address.
#[tokio::test]
async fn a_user_signs_up_and_signs_in() {
    let product = Product::start().await;
    let signed_up = product.stranger().register("ada").await;
    assert_eq!(signed_up.status, 201, "{}", signed_up.json());
    assert_eq!(signed_up.text("/user_name"), "ada");
    let tokens = sign_in(&product, "ADA", PASSWORD).await;
    assert_eq!(tokens.status, 200, "{}", tokens.json());
    let by_address = json!({ "email": "Ada@example.org", "password": PASSWORD });
    let tokens = post(&product.stranger(), "/api/v1/auth/login", &by_address).await;
    let user = product.stranger().with_token(&tokens.text("/access_token"));
    assert_eq!(user.get(ME).await.json()["user_name"], "ada");
}

/// R7: an address has one user.
#[tokio::test]
async fn an_existing_address_is_refused() {
    let product = Product::start().await;
    assert_eq!(product.stranger().register("ada").await.status, 201);
    let again = json!({ "user_name": "grace", "email": "ADA@example.org", "password": PASSWORD });
    let refused = post(&product.stranger(), "/api/v1/auth/register", &again).await;
    assert_eq!(refused.refusal(), (409, "email-taken".into()));
}

/// F2: a wrong password and a name that nobody has are answered alike.
#[tokio::test]
async fn a_wrong_password_is_refused() {
    let product = Product::start().await;
    assert_eq!(product.stranger().register("ada").await.status, 201);
    let known = sign_in(&product, "ada", "not the password").await;
    let unknown = sign_in(&product, "nobody", "not the password").await;
    assert_eq!(known.refusal(), (401, "invalid-credentials".into()));
    let [mut known, mut unknown] = [known.json(), unknown.json()];
    for answer in [&mut known, &mut unknown] {
        answer.as_object_mut().unwrap().remove("request_id");
    }
    assert_eq!(known, unknown);
}

/// F2: a refresh gives new tokens, after which the old refresh token is refused.
#[tokio::test]
async fn a_refresh_kills_the_old_token() {
    let product = Product::start().await;
    assert_eq!(product.stranger().register("ada").await.status, 201);
    let first = sign_in(&product, "ada", PASSWORD).await.text("/refresh_token");
    let refresh = async |token: &str| {
        post(&product.stranger(), "/api/v1/auth/refresh", &json!({ "refresh_token": token })).await
    };
    let second = refresh(&first).await;
    assert_eq!(second.status, 200);
    assert_eq!(refresh(&first).await.refusal(), (401, "unauthenticated".into()));
    let user = product.stranger().with_token(&second.text("/access_token"));
    assert_eq!(user.get(ME).await.status, 200);
}

/// A1: a good token is told from a bad one, and from that of another account.
#[tokio::test]
async fn tokens_are_validated() {
    let product = Product::start().await;
    let (user, other) = (product.user().await, product.user().await);
    let introspect = async |token: &str| {
        let answer = post(&user, "/api/v1/auth/introspect", &json!({ "token": token })).await;
        assert_eq!(answer.status, 200, "{}", answer.json());
        answer.json()
    };
    let own = introspect(user.token.as_deref().unwrap()).await;
    assert_eq!((&own["active"], &own["token_type"]), (&json!(true), &json!("Bearer")));
    assert_eq!(own["sub"], user.get(ME).await.json()["id"]);
    for bad in [other.token.as_deref().unwrap(), "nonsense", "psp_live_x_y_z"] {
        assert_eq!(introspect(bad).await, json!({ "active": false }));
    }
}

/// A1: a second revocation is as good as the first.
#[tokio::test]
async fn a_token_is_revoked_twice() {
    let product = Product::start().await;
    let user = product.user().await;
    let token = user.token.clone().unwrap();
    for _ in 0..2 {
        let stranger = product.stranger();
        let form = || {
            stranger
                .request(reqwest::Method::POST, "/api/v1/auth/revoke")
                .header("content-type", "application/x-www-form-urlencoded")
                .body(format!("token={token}"))
        };
        assert_eq!(patiently(async || stranger.send(form()).await).await.status, 200);
    }
    let refused = product.ask_after_the_end(async || user.get(ME).await).await;
    assert_eq!(refused.refusal(), (401, "unauthenticated".into()));
}

/// The token of the one mail that is sent, once it lies in the outbox.
async fn mailed_token(product: &Product, to: &str) -> String {
    while product.ask_admin("/metrics").await.count("prosopa_notifications_mails_total") == 0 {}
    let mut mails = std::fs::read_dir(product.data_dir().join("outbox")).unwrap();
    let mail = std::fs::read_to_string(mails.next().unwrap().unwrap().path()).unwrap();
    assert!(mail.contains(&format!("To: {to}")), "{mail}");
    let (_, rest) = mail.split_once("#token=").unwrap();
    rest.chars().take_while(char::is_ascii_alphanumeric).collect()
}

/// A1: a forgotten password is reset by the token of a mail, once, and by no other; the sessions before it end.
#[tokio::test]
async fn a_password_is_reset_by_the_right_token_only() {
    let product = Product::start().await;
    assert_eq!(product.stranger().register("ada").await.status, 201);
    let before = product.log_in("ada").await;
    let request = async |email: &str| {
        post(&product.stranger(), "/api/v1/auth/password-resets", &json!({ "email": email })).await
    };
    let (known, unknown) = (request("ada@example.org").await, request("nobody@example.org").await);
    assert_eq!((known.status, known.json()), (202, unknown.json()));
    let token = mailed_token(&product, "ada@example.org").await;
    let complete = async |token: &str| {
        let body = json!({ "token": token, "new_password": NEW_PASSWORD });
        post(&product.stranger(), "/api/v1/auth/password-resets/complete", &body).await
    };
    let (first, rest) = token.split_at(1);
    let wrong = format!("{}{rest}", if first == "a" { "b" } else { "a" });
    assert_eq!(complete(&wrong).await.refusal(), (401, "invalid-credentials".into()));
    assert_eq!(complete(&token).await.status, 204);
    assert_eq!(complete(&token).await.refusal(), (401, "invalid-credentials".into()));
    let refused = product.ask_after_the_end(async || before.get(ME).await).await;
    assert_eq!(refused.refusal(), (401, "unauthenticated".into()));
    assert_eq!(sign_in(&product, "ada", PASSWORD).await.refusal().0, 401);
    assert_eq!(sign_in(&product, "ada", NEW_PASSWORD).await.status, 200);
}

/// R5, R6: an administrator finds a user and deactivates it; its session and key stop working at once, and the key works
/// again after the reactivation.
#[tokio::test]
async fn a_deactivated_user_is_out_at_once() {
    let product = Product::start().await;
    let (administrator, user) = (product.administrator().await, product.user().await);
    let key = user.post("/api/v1/auth/api-keys", &json!({ "name": "camera" })).await.text("/key");
    let program = user.with_token(&key);
    assert_eq!(program.get(ME).await.status, 200);
    let found = administrator.get(&format!("/api/v1/users?q={}&sort=email", user.user_name)).await.json();
    assert_eq!((&found["total"], &found["items"][0]["user_name"]), (&json!(1), &json!(user.user_name)));
    let path = format!("/api/v1/users/{}", found["items"][0]["id"].as_str().unwrap());
    let decide = async |status: &str| {
        let request =
            || administrator.request(reqwest::Method::PATCH, &path).json(&json!({ "status": status }));
        assert_eq!(patiently(async || administrator.send(request()).await).await.status, 200);
    };
    decide("deactivated").await;
    for out in [&user, &program] {
        let refused = product.ask_after_the_end(async || out.get(ME).await).await;
        assert_eq!(refused.refusal(), (401, "unauthenticated".into()));
    }
    assert_eq!(sign_in(&product, &user.user_name, PASSWORD).await.refusal().0, 401);
    decide("active").await;
    assert_eq!(program.get(ME).await.status, 200);
    assert_eq!(user.get(ME).await.status, 401);
}

/// R7: the one administrator that there is stays.
#[tokio::test]
async fn the_last_administrator_stays() {
    let product = Product::start().await;
    let administrator = product.administrator().await;
    let id = administrator.get(ME).await.text("/id");
    for decision in [json!({ "status": "deactivated" }), json!({ "role": "user" })] {
        let request = administrator.request(reqwest::Method::PATCH, &format!("/api/v1/users/{id}"));
        let refused = administrator.send(request.json(&decision)).await;
        assert_eq!(refused.refusal(), (409, "last-administrator".into()));
    }
}

/// The sealed pictures that are kept.
async fn count_pictures(product: &Product) -> usize {
    product.blobs().names("detection").await.len()
}

/// R4, N7: who leaves is gone: name and address are free, nothing of the user answers, and the pictures are erased.
#[tokio::test]
async fn a_user_who_leaves_is_gone() {
    let product = Product::start().await;
    let user = product.user().await;
    assert_eq!(user.detect(photo(), "image/png").await.status, 201);
    assert_eq!(count_pictures(&product).await, 1);
    let request = user.request(reqwest::Method::DELETE, ME).json(&json!({ "password": PASSWORD }));
    assert_eq!(user.send(request).await.status, 204);
    let refused = product.ask_after_the_end(async || user.get(ME).await).await;
    assert_eq!(refused.refusal(), (401, "unauthenticated".into()));
    assert_eq!(sign_in(&product, &user.user_name, PASSWORD).await.refusal().0, 401);
    assert_eq!(product.stranger().register(&user.user_name).await.status, 201);
    while count_pictures(&product).await > 0 {
        assert_eq!(product.ask_admin("/livez").await.status, 200);
    }
}
