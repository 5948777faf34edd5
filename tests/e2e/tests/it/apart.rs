//! Every service in a process of its own: `prosopa serve NAME`.

use std::time::{Duration, Instant};

use prosopa_harness::{Answer, Caller, Product, binary, patiently, photo};
use reqwest::Method;
use serde_json::json;
use tokio::process::Command;

const DETECTIONS: &str = "/api/v1/faces/detections";

async fn detect(user: &Caller) -> Answer {
    patiently(async || user.detect(photo(), "image/png").await).await
}

/// S4, F4, F6: users see one product; who calls is told from process to process by signed tokens.
#[tokio::test]
async fn services_apart_are_one_product() {
    let product = Product::start_apart(&[]).await;
    let user = product.user().await;
    let made = detect(&user).await;
    assert_eq!(made.status, 201, "{}", made.json());
    assert_eq!(made.json()["faces"].as_array().unwrap().len(), 1);
    assert_eq!(made.headers["ratelimit-policy"].to_str().unwrap().matches("q=100").count(), 1);
    let path = format!("{DETECTIONS}/{}", made.text("/id"));
    assert_eq!(user.get(&path).await.json()["faces"], made.json()["faces"]);
    let stranger = product.user().await;
    assert_eq!(stranger.get(&path).await.refusal(), (404, "not-found".into()));
    assert_eq!(user.get("/api/v1/users/me").await.json()["quota"]["windows"][0]["used"], 1);
    assert_eq!(product.ask_admin("/readyz").await.status, 200);
    assert_eq!(product.stranger().get("/api/openapi.json").await.status, 200);
    let (status, _, errors) = product.stop().await;
    assert!(status.success() && !errors.contains("ERROR"), "{errors}");
}

/// F10: what one service says is heard in another process: the list of all jobs, and the pictures of who leaves.
#[tokio::test]
async fn services_apart_hear_each_other() {
    let product = Product::start_apart(&[]).await;
    let user = product.user().await;
    let request = user.request(Method::POST, DETECTIONS).header("prefer", "respond-async");
    let accepted = user.send(request.header("content-type", "image/png").body(photo())).await;
    assert_eq!(accepted.status, 202, "{}", accepted.json());
    let done = async || patiently(async || user.get("/api/v1/jobs?status=completed").await).await.json();
    while done().await["items"].as_array().unwrap().is_empty() {}
    let pictures = async || product.blobs().names("detection").await.len();
    assert_eq!(pictures().await, 1);
    let left = patiently(async || {
        let request = user.request(Method::DELETE, "/api/v1/users/me");
        user.send(request.json(&json!({ "password": prosopa_harness::PASSWORD }))).await
    });
    assert_eq!(left.await.status, 204);
    while pictures().await > 0 {
        assert_eq!(product.ask_admin("/livez").await.status, 200);
    }
}

/// S3: on the internal network nobody is anybody by what a header says, and no credential of a user's helps.
#[tokio::test]
async fn the_internal_port_believes_signed_principals_only() {
    let product = Product::start_apart(&[]).await;
    let user = product.user().await;
    for service in ["detection", "auth"] {
        let path = if service == "auth" { "/api/v1/users/me" } else { DETECTIONS };
        let intruder = product.intruder(service);
        let with =
            |name: &'static str, value: String| intruder.request(Method::GET, path).header(name, value);
        let token = user.token.clone().unwrap();
        for request in [
            intruder.request(Method::GET, path),
            with("authorization", format!("Bearer {token}")),
            with("prosopa-principal", token.clone()),
            with("prosopa-principal", "e30.e30.e30".into()),
        ] {
            assert_eq!(intruder.send(request).await.refusal(), (401, "unauthenticated".into()), "{service}");
        }
    }
}

/// S4: a service that is gone is a clear 503 and takes no other with it; when it is back, all goes on.
#[tokio::test]
async fn a_service_that_is_gone_is_said_and_survived() {
    let mut product = Product::start_apart(&[]).await;
    let user = product.user().await;
    assert_eq!(detect(&user).await.status, 201);
    for service in ["detection", "engine"] {
        product.kill_service(service).await;
        let refused = detect(&user).await;
        assert_eq!(refused.status, 503, "{}", refused.json());
        assert!(refused.headers.contains_key("retry-after"));
        assert_eq!(user.get("/api/v1/users/me").await.status, 200);
        product.revive_service(service).await;
        let start = Instant::now();
        while detect(&user).await.status != 201 {
            assert!(start.elapsed() < Duration::from_secs(30));
        }
    }
    let me = patiently(async || user.get("/api/v1/users/me").await).await.json();
    let kept = patiently(async || user.get(DETECTIONS).await).await.json()["items"].as_array().unwrap().len();
    assert_eq!(me["quota"]["windows"][0]["used"], kept, "what was refused was given back");
}

/// R6, K1: who is deactivated is refused by a gateway in another process within a second, however it calls.
#[tokio::test]
async fn the_end_of_a_user_is_known_to_a_gateway_apart() {
    let product = Product::start_apart(&[]).await;
    let (administrator, user) = (product.administrator().await, product.user().await);
    let key = user.post("/api/v1/auth/api-keys", &json!({ "name": "k" })).await.text("/key");
    let key = product.stranger().with_token(&key);
    let ask = async |caller: &Caller| patiently(async || caller.get("/api/v1/users/me").await).await.status;
    assert_eq!((ask(&user).await, ask(&key).await), (200, 200));
    let id = user.get("/api/v1/users/me").await.text("/id");
    let request = administrator.request(Method::PATCH, &format!("/api/v1/users/{id}"));
    let changed = administrator.send(request.json(&json!({ "status": "deactivated" }))).await;
    assert_eq!(changed.status, 200, "{}", changed.json());
    let start = Instant::now();
    while (ask(&user).await, ask(&key).await) != (401, 401) {
        assert!(start.elapsed() < Duration::from_secs(1));
    }
}

/// N10: with databases in files a service belongs to one process.
#[tokio::test]
async fn a_service_of_a_folder_runs_once() {
    let product = Product::start_apart(&[]).await;
    let (again, whole) = (["serve", "auth", "--internal-listen"], ["up", "--listen"]);
    // Services whose databases are on a server have none in files to protect.
    let is_on_server = Product::database_url(&product.data_dir()).is_some();
    let attempts = [(&again[..], is_on_server), (&whole, false)];
    for (arguments, _) in attempts.into_iter().filter(|(_, is_allowed)| !is_allowed) {
        let mut command = Command::new(binary());
        command.args(arguments).args(["127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--data-dir"]);
        command.arg(product.data_dir()).env_remove("PROSOPA_DATABASE__URL");
        let message = String::from_utf8(command.output().await.unwrap().stderr).unwrap();
        assert!(message.contains("is used by another prosopa"), "{message}");
    }
}

/// F1: what cannot be hosted is said before anything starts.
#[tokio::test]
async fn wrong_services_are_named() {
    for (arguments, variable, expected) in [
        (&["serve"][..], None, "required"),
        (&["serve", "lips"], None, "possible values"),
        (&["serve", "auth", "--listen", "127.0.0.1:0"], None, "--internal-listen"),
        (&["serve", "gateway"], Some(("AUTH_MICROSERVICE_URL", "auth:8080")), "peers.auth must be http://"),
    ] {
        let output = Command::new(binary()).args(arguments).envs(variable).output().await.unwrap();
        assert!(!output.status.success());
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(message.contains(expected), "{arguments:?}: {message}");
    }
}

/// N7, S3: the key that signs the names of callers is changed while everybody is at work: processes that run go on, one that
/// starts believes what was signed by the key before, and a copy of the public halves has all of them.
#[tokio::test]
async fn keys_of_principals_are_rotated_beside_the_product() {
    let mut product = Product::start_apart(&[]).await;
    let user = product.user().await;
    let copy = product.folder().path().join("principals.json");
    let mut rotate = Command::new(binary());
    rotate.args(["admin", "rotate-principal-keys", "--data-dir"]).arg(product.data_dir());
    let rotated = rotate.arg("--public-keys-out").arg(&copy).output().await.unwrap();
    assert!(rotated.status.success(), "{}", String::from_utf8_lossy(&rotated.stderr));
    let public: serde_json::Value = serde_json::from_slice(&std::fs::read(copy).unwrap()).unwrap();
    let kids: Vec<_> = public["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str()).collect();
    assert_eq!(kids.len(), 3);
    let said = String::from_utf8(rotated.stdout).unwrap();
    assert!(said.contains(kids[0].unwrap()), "{said}");
    assert_eq!(detect(&user).await.status, 201);
    product.kill_service("detection").await;
    product.revive_service("detection").await;
    assert_eq!(detect(&user).await.status, 201);
}
