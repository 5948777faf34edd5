use futures::future::join_all;

use prosopa_harness::{Product, photo};

/// F10: whatever was acknowledged before a kill -9 is there after it, whole and once.
#[tokio::test]
async fn nothing_acknowledged_is_lost_when_the_product_is_killed() {
    let mut product = Product::start().await;
    let name = product.user().await.user_name;
    let mut acknowledged = Vec::new();
    for round in 0..3 {
        let user = product.log_in(&name).await;
        let calls: Vec<_> = (0..6)
            .map(|_| {
                let user = user.clone();
                tokio::spawn(async move {
                    let request = user.request(reqwest::Method::POST, "/api/v1/faces/detections");
                    let request = request.header("content-type", "image/png").body(photo());
                    user.try_send(request).await.ok().filter(|answer| answer.status == 201)
                })
            })
            .collect();
        // Some are answered, some are in hand, some wait.
        while product.ask_admin("/metrics").await.count("prosopa_detection_detections_total") < 1 + round % 2
        {
            tokio::task::yield_now().await;
        }
        let folder = product.folder();
        product.kill().await;
        let answers = join_all(calls).await.into_iter().filter_map(Result::unwrap);
        acknowledged.extend(answers.map(|answer| (answer.text("/id"), answer.json()["faces"].clone())));
        product = Product::start_again(folder).await;
    }
    assert!(!acknowledged.is_empty());
    let user = product.log_in(&name).await;
    let listed = user.get("/api/v1/faces/detections?limit=200").await.json();
    for (id, faces) in &acknowledged {
        let kept =
            listed["items"].as_array().unwrap().iter().filter(|item| item["id"] == id.as_str()).count();
        assert_eq!(kept, 1, "{id}");
        assert_eq!(user.get(&format!("/api/v1/faces/detections/{id}")).await.json()["faces"], *faces);
    }
    // Every admitted request was counted, answered or not: never fewer than the answers.
    let used = user.get("/api/v1/users/me").await.json()["quota"]["windows"][0]["used"].as_u64().unwrap();
    assert!(used >= acknowledged.len() as u64, "{used} < {}", acknowledged.len());
}
