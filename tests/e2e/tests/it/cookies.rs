use prosopa_harness::{Answer, Caller, PASSWORD, Product, patiently};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

const SESSION: &str = "/api/v1/auth/session";
const KEYS: &str = "/api/v1/auth/api-keys";

/// A browser with one cookie, on a page of the product.
struct Browser {
    caller: Caller,
    origin: String,
    cookie: String,
    csrf_token: String,
}

impl Browser {
    /// Registers somebody and signs in.
    async fn sign_up(product: &Product) -> Self {
        let caller = product.stranger();
        let user_name = format!("user-{}", Uuid::new_v4().simple());
        assert_eq!(caller.register(&user_name).await.status, 201);
        Self::sign_in(product, &user_name).await
    }

    async fn sign_in(product: &Product, user_name: &str) -> Self {
        let (caller, origin) = (product.stranger(), product.url().to_owned());
        let login = json!({ "user_name": user_name, "password": PASSWORD });
        let begun = patiently(async || {
            caller.send(caller.request(Method::POST, SESSION).header("origin", &origin).json(&login)).await
        })
        .await;
        assert_eq!(begun.status, 201, "{}", begun.json());
        let (cookie, _) = begun.headers["set-cookie"].to_str().unwrap().split_once(';').unwrap();
        Self { caller, origin, cookie: cookie.to_owned(), csrf_token: begun.text("/csrf_token") }
    }

    async fn get(&self, path: &str) -> Answer {
        let request = self.caller.request(Method::GET, path);
        self.caller.send(request.header("cookie", &self.cookie)).await
    }

    async fn change(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let request = self.caller.request(method, path).header("cookie", &self.cookie);
        let request = request.header("origin", &self.origin).header("x-csrf-token", &self.csrf_token);
        self.caller.send(body.iter().fold(request, |request, body| request.json(body))).await
    }
}

/// R8, R3: from the login to the logout a page needs the cookie and the token, and a program neither.
#[tokio::test]
async fn a_browser_stays_logged_in_until_it_logs_out() {
    let product = Product::start().await;
    let browser = Browser::sign_up(&product).await;
    assert!(browser.cookie.starts_with("prosopa_session="), "plain HTTP on this machine");
    let me = browser.get("/api/v1/users/me").await;
    assert_eq!(me.status, 200, "{}", me.json());
    let session = browser.get(SESSION).await;
    assert_eq!(session.text("/csrf_token"), browser.csrf_token);
    assert_eq!(session.text("/user/id"), me.text("/id"));
    let key = browser.change(Method::POST, KEYS, Some(&json!({ "name": "k" }))).await;
    assert_eq!(key.status, 201, "{}", key.json());
    let ended = browser.change(Method::DELETE, SESSION, None).await;
    assert_eq!(ended.status, 204);
    let forget = ended.headers["set-cookie"].to_str().unwrap();
    assert!(forget.starts_with("prosopa_session=;") && forget.contains("Max-Age=0"), "{forget}");
    assert_eq!(browser.get(SESSION).await.refusal(), (401, "unauthenticated".into()));
}

/// R8: another site's page, which the browser gives the cookie to, changes nothing.
#[tokio::test]
async fn other_sites_cannot_use_the_cookie() {
    let product = Product::start().await;
    let (ada, eve) = (Browser::sign_up(&product).await, Browser::sign_up(&product).await);
    let send = async |headers: &[(&str, &str)]| {
        let request = ada.caller.request(Method::POST, KEYS).header("cookie", &ada.cookie);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        ada.caller.send(request.body(r#"{"name": "stolen"}"#)).await
    };
    let (own, token) = (("origin", ada.origin.as_str()), ("x-csrf-token", ada.csrf_token.as_str()));
    let json = ("content-type", "application/json");
    for headers in [
        vec![json, token],
        vec![json, token, ("origin", "https://evil.example")],
        vec![json, token, ("origin", "null")],
        vec![json, token, ("sec-fetch-site", "cross-site")],
        vec![json, own],
        vec![json, own, ("x-csrf-token", &eve.csrf_token)],
        vec![("content-type", "text/plain"), ("origin", "https://evil.example")],
        vec![json, ("x-http-method-override", "GET")],
    ] {
        assert_eq!(send(&headers).await.refusal(), (403, "csrf-refused".into()), "{headers:?}");
    }
    assert_eq!(ada.get(KEYS).await.json()["items"].as_array().unwrap().len(), 0);
    let login = json!({ "user_name": "eve", "password": PASSWORD });
    let request = ada.caller.request(Method::POST, SESSION).header("origin", "https://evil.example");
    assert_eq!(ada.caller.send(request.json(&login)).await.refusal(), (403, "csrf-refused".into()));
    assert_eq!(send(&[json, own, token]).await.status, 201, "the page itself may");
}

/// R6: a session that its user ends elsewhere is over in the browser too.
#[tokio::test]
async fn a_session_ended_elsewhere_is_over() {
    let product = Product::start().await;
    let browser = Browser::sign_up(&product).await;
    let name = browser.get("/api/v1/users/me").await.text("/user_name");
    let program = product.log_in(&name).await;
    assert_eq!(program.delete("/api/v1/auth/sessions").await.status, 204);
    assert_eq!(browser.get(SESSION).await.refusal(), (401, "unauthenticated".into()));
}
