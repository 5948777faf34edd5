//! What browsers are given, over a real connection: files, packed answers, answers for pages of other sites.

use std::time::{Duration, Instant};

use prosopa_harness::{Product, patiently};
use reqwest::Method;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const PAGE: &str = "<!doctype html><title>Prosopa</title>";

/// R5, F7, S10: a plan that an administrator writes to a user holds from the next request on, and is shown.
#[tokio::test]
async fn a_plan_written_to_a_user_holds() {
    let product = Product::start().await;
    let (root, user) = (product.administrator().await, product.user().await);
    let rate = json!({ "requests_per_second": 500, "burst": 600 });
    let limits = json!([{ "window": { "kind": "day" }, "limit": 7 }]);
    let plan = root.put("/api/v1/admin/quota-plans/team", &json!({ "limits": limits, "rate": rate })).await;
    assert_eq!(plan.status, 200, "{}", plan.json());
    let id = user.get("/api/v1/users/me").await.text("/id");
    let decide = async |plan: serde_json::Value, expected: &str| {
        let request =
            root.request(Method::PATCH, &format!("/api/v1/users/{id}")).json(&json!({ "plan": plan }));
        let decided = root.send(request).await;
        assert_eq!(decided.status, 200, "{}", decided.json());
        assert_eq!(decided.json()["plan"], plan);
        let start = Instant::now();
        let quota = loop {
            let quota = patiently(async || user.get("/api/v1/quota").await).await.json();
            // What a gateway apart has kept of a caller may be a second old.
            let may_be_old = product.is_apart() && start.elapsed() < Duration::from_secs(1);
            if quota["plan"] == expected || !may_be_old {
                break quota;
            }
        };
        let me = patiently(async || user.get("/api/v1/users/me").await).await.json();
        assert_eq!(me["quota"]["plan"], quota["plan"]);
        (quota["plan"].clone(), quota["limits"][0]["limit"].clone(), quota["rate"].clone())
    };
    assert_eq!(decide(json!("team"), "team").await, (json!("team"), json!(7), rate));
    let default = json!({ "requests_per_second": 10, "burst": 20 });
    assert_eq!(
        decide(json!("no-such-plan"), "default").await,
        (json!("default"), json!(100), default.clone())
    );
    assert_eq!(decide(json!(null), "default").await, (json!("default"), json!(100), default));
}

/// R5, O4: the same where the gateway is another process than auth, and keeps what it knows of callers.
#[tokio::test]
async fn a_plan_written_to_a_user_holds_elsewhere() {
    let product = Product::start_apart(&[]).await;
    let (root, user) = (product.administrator().await, product.user().await);
    let limits = json!([{ "window": { "kind": "day" }, "limit": 7 }]);
    let plan = root.put("/api/v1/admin/quota-plans/team", &json!({ "limits": limits })).await;
    assert_eq!(plan.status, 200, "{}", plan.json());
    let shown = async || patiently(async || user.get("/api/v1/quota").await).await.json()["plan"].clone();
    assert_eq!(shown().await, "default");
    let id = user.get("/api/v1/users/me").await.text("/id");
    let request =
        root.request(Method::PATCH, &format!("/api/v1/users/{id}")).json(&json!({ "plan": "team" }));
    assert_eq!(root.send(request).await.status, 200);
    let is_so = async { while shown().await != "team" {} };
    // Much longer than the second that is promised: machines may be slow.
    tokio::time::timeout(Duration::from_secs(20), is_so).await.expect("it is heard of");
}

/// R3, S8: the web application is served beside the interface, and nothing else of the disk, whatever is written on the wire.
#[tokio::test]
async fn the_web_application_is_served() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("site");
    std::fs::create_dir(&root).unwrap();
    std::fs::write(root.join("index.html"), PAGE).unwrap();
    std::fs::write(root.join("app-D4x7Yz_1.js"), "let answer = 42;\n".repeat(500)).unwrap();
    std::fs::write(folder.path().join("outside.txt"), "SECRET").unwrap();
    let product = Product::start_with(&[("PROSOPA_GATEWAY__STATIC_DIR", root.to_str().unwrap())]).await;
    let caller = product.stranger();
    let page = caller.get("/").await;
    assert_eq!((page.status, page.headers["content-length"].to_str().unwrap()), (200, "37"));
    let script =
        caller.send(caller.request(Method::GET, "/app-D4x7Yz_1.js").header("accept-encoding", "gzip")).await;
    assert_eq!((script.status, &script.headers["content-encoding"]), (200, &"gzip".parse().unwrap()));
    assert!(script.headers["cache-control"].to_str().unwrap().contains("immutable"));
    let head = caller.send(caller.request(Method::HEAD, "/app-D4x7Yz_1.js")).await;
    assert_eq!((head.status, head.headers["content-length"].to_str().unwrap()), (200, "8500"));
    assert_eq!(caller.get("/.well-known/jwks.json").await.status, 200);
    assert_eq!(caller.get("/api/v1/nothing").await.refusal(), (404, "not-found".into()));
    let address = product.url().strip_prefix("http://").unwrap().to_owned();
    for target in [
        "/../outside.txt",
        "/%2e%2e/outside.txt",
        "/%252e%252e/outside.txt",
        "/..%2foutside.txt",
        "//outside.txt",
    ] {
        let mut socket = TcpStream::connect(&address).await.unwrap();
        let request = format!(
            "GET {target} HTTP/1.1\r\nhost: {address}\r\naccept: text/html\r\nconnection: close\r\n\r\n"
        );
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 404"), "{target}: {answer}");
        assert!(!answer.contains("SECRET"), "{target}");
    }
}

/// Answers are packed over the wire, and pages that are named may read them.
#[tokio::test]
async fn answers_are_packed_and_shared() {
    let product =
        Product::start_with(&[("PROSOPA_GATEWAY__CORS__ORIGINS", "[\"https://app.example.org\"]")]).await;
    let caller = product.stranger();
    let document = async |method: Method| {
        let request = caller.request(method, "/api/openapi.json").header("accept-encoding", "br, gzip;q=0.5");
        caller.send(request.header("origin", "https://app.example.org")).await
    };
    let packed = patiently(async || document(Method::GET).await).await;
    assert_eq!((packed.status, packed.headers["content-encoding"].to_str().unwrap()), (200, "br"));
    assert_eq!(packed.headers["access-control-allow-origin"], "https://app.example.org");
    let vary: Vec<&str> =
        packed.headers.get_all("vary").iter().map(|value| value.to_str().unwrap()).collect();
    assert_eq!(vary.join(", "), "origin, accept-encoding");
    let head = document(Method::HEAD).await;
    assert_eq!((head.status, head.headers["content-encoding"].to_str().unwrap()), (200, "br"));
}
