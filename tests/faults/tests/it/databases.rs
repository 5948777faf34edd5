//! A database server that goes away, and processes that share one. These have their turn in the run that has a server.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures::future::join_all;

use prosopa_harness::{Answer, Home, Product, Proxy, photo};

/// The way to the run's server: its URL, and the host and port in it.
fn server(home: &Home) -> Option<(String, String)> {
    let url = Product::database_url(&home.path().join("data"))?;
    let host = url.split('@').nth(1)?.split('/').next()?.to_owned();
    Some((url, host))
}

/// Asks until the answer has this status.
async fn until(status: u16, mut ask: impl AsyncFnMut() -> Answer) -> Answer {
    loop {
        let answer = ask().await;
        if answer.status == status {
            return answer;
        }
        assert!(matches!(answer.status, 200 | 201 | 429 | 503 | 504), "{:?}", answer.refusal());
    }
}

/// K9: without its database the product says that it is not available, and goes on by itself once it is back; what was
/// acknowledged is there.
#[tokio::test]
async fn a_lost_database_is_said_and_survived() {
    let home = Arc::new(Home::new());
    let Some((url, host)) = server(&home) else { return };
    let proxy = Proxy::to(&host).await;
    let mut command = Product::command(&home.path().join("data"));
    command.env("PROSOPA_DATABASE__URL", url.replace(&host, &proxy.address().to_string()));
    command.env("PROSOPA_DATABASE__ACQUIRE_TIMEOUT_MS", "300");
    let product = Product::spawn(command, home).await;
    let user = product.user().await;
    let kept = user.detect(photo(), "image/png").await;
    assert_eq!(kept.status, 201);

    proxy.cut();
    let refused = until(503, async || user.detect(photo(), "image/png").await).await;
    assert_eq!(refused.refusal(), (503, "unavailable".into()));
    assert!(refused.headers.contains_key("retry-after"));
    assert!(!String::from_utf8_lossy(&refused.body).contains("postgres"), "causes are for the log");
    assert_eq!(product.ask_admin("/livez").await.status, 200, "a restart would mend nothing");
    assert_eq!(product.ask_admin("/readyz").await.status, 503);

    proxy.mend();
    until(200, async || product.ask_admin("/readyz").await).await;
    let path = format!("/api/v1/faces/detections/{}", kept.text("/id"));
    let found = until(200, async || user.get(&path).await).await;
    assert_eq!(found.json()["faces"], kept.json()["faces"]);
    until(201, async || user.detect(photo(), "image/png").await).await;
    assert!(product.stop().await.0.success());
}

/// K9: two processes that start at the same moment on one empty database and folder become one product.
#[tokio::test]
async fn two_processes_that_start_at_once_are_one_product() {
    let home = Arc::new(Home::new());
    if server(&home).is_none() {
        return;
    }
    let data_dir = home.path().join("data");
    let start = || Product::spawn(Product::command(&data_dir), Arc::clone(&home));
    let (one, other) = tokio::join!(start(), start());
    let password = std::fs::read_to_string(data_dir.join("administrator-password")).unwrap();
    for product in [&one, &other] {
        let login = serde_json::json!({ "user_name": "administrator", "password": password.trim() });
        assert_eq!(product.stranger().post("/api/v1/auth/login", &login).await.status, 200);
    }
    let user = one.user().await;
    let kept = user.detect(photo(), "image/png").await;
    let elsewhere = other.log_in(&user.user_name).await;
    let path = format!("/api/v1/faces/detections/{}", kept.text("/id"));
    assert_eq!(elsewhere.get(&path).await.json()["faces"], kept.json()["faces"]);
    let image = format!("/api/v1/images/{}/content", kept.text("/image/id"));
    assert_eq!(elsewhere.get(&image).await.body, photo());
    // A token of one process is good at the other.
    let mut visitor = other.stranger();
    visitor.token = user.token;
    assert_eq!(visitor.get("/api/v1/users/me").await.status, 200);
}

/// N8, F5: two processes that count in one database together admit exactly the limit, and both show what was spent.
#[tokio::test]
async fn two_processes_admit_exactly_the_limit() {
    let home = Arc::new(Home::new());
    if server(&home).is_none() {
        return;
    }
    let data_dir = home.path().join("data");
    let start = || {
        let mut command = Product::command(&data_dir);
        command.env("PROSOPA_GATEWAY__PLAN__REQUESTS_PER_DAY", "25");
        command.env("PROSOPA_GATEWAY__CALLER_RATE__BURST", "1000");
        Product::spawn(command, Arc::clone(&home))
    };
    let (one, other) = tokio::join!(start(), start());
    let user = one.user().await;
    let elsewhere = other.log_in(&user.user_name).await;
    let callers = (0..80).map(|index| if index % 2 == 0 { user.clone() } else { elsewhere.clone() });
    let answers =
        join_all(callers.map(|caller| async move { caller.detect(photo(), "image/png").await })).await;
    let count = |status| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!((count(201), count(429)), (25, 55));
    for caller in [&user, &elsewhere] {
        let me = caller.get("/api/v1/users/me").await.json();
        assert_eq!(me["quota"]["windows"][0]["used"], 25);
    }
}

/// N8, F5: the database goes away again and again, also in the middle of commits. In the end exactly those calls are charged that
/// were answered with what they asked for: no charge and no refund is lost or done twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cuts_at_any_moment_lose_neither_charges_nor_refunds() {
    const CALLERS: usize = 4;
    const CALLS: usize = 60;
    let home = Arc::new(Home::new());
    let Some((url, host)) = server(&home) else { return };
    let proxy = Arc::new(Proxy::to(&host).await);
    let mut command = Product::command(&home.path().join("data"));
    command.env("PROSOPA_DATABASE__URL", url.replace(&host, &proxy.address().to_string()));
    command.env("PROSOPA_DATABASE__ACQUIRE_TIMEOUT_MS", "300");
    command.env("PROSOPA_GATEWAY__CALLER_RATE__BURST", "10000");
    command.env("PROSOPA_GATEWAY__PLAN__REQUESTS_PER_DAY", "10000");
    command.env("PROSOPA_GATEWAY__PLAN__REQUESTS_PER_MONTH", "10000");
    let product = Product::spawn(command, home).await;
    let user = product.user().await;
    proxy.lose_commits(8);
    let answered = Arc::new(AtomicUsize::new(0));
    let callers = (0..CALLERS).map(|_| {
        let (user, proxy, answered) = (user.clone(), Arc::clone(&proxy), Arc::clone(&answered));
        tokio::spawn(async move {
            let [mut charged, mut open] = [0, 0];
            for call in 0..CALLS {
                let picture = if call % 3 == 0 { photo() } else { b"not a picture".to_vec() };
                match user.detect(picture, "image/png").await.status {
                    201 => charged += 1,
                    // Whether the work was done nobody knows; it is charged if it had begun.
                    504 => open += 1,
                    415 | 503 => {}
                    other => panic!("{other}"),
                }
                match answered.fetch_add(1, Ordering::SeqCst) % 20 {
                    9 => proxy.cut(),
                    13 => proxy.mend(),
                    _ => {}
                }
            }
            (charged, open)
        })
    });
    let [mut charged, mut open] = [0_u64, 0_u64];
    for caller in callers.collect::<Vec<_>>() {
        let counts = caller.await.unwrap();
        (charged, open) = (charged + counts.0, open + counts.1);
    }
    proxy.lose_commits(0);
    proxy.mend();
    assert!(charged > 0, "some were answered");
    // Refunds that found no database are written by and by.
    let is_settled = async {
        loop {
            let quota = user.get("/api/v1/quota").await;
            if quota.status == 200 {
                let used = quota.json()["limits"][0]["used"].as_u64().unwrap();
                assert!(used >= charged, "{used} are charged, {charged} were answered");
                if used <= charged + open {
                    return;
                }
            }
        }
    };
    let settled = tokio::time::timeout(Duration::from_secs(60), is_settled).await;
    let last = user.get("/api/v1/quota").await.json();
    assert!(settled.is_ok(), "{charged} were answered, {open} are open: {last}");
    assert!(product.stop().await.0.success());
}
