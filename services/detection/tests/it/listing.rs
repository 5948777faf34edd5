use std::time::Duration;

use prosopa_model::AccountId;

use crate::support::Detection;

const LIST: &str = "/api/v1/faces/detections";

fn ids(page: &serde_json::Value) -> Vec<String> {
    let items = page["items"].as_array().unwrap();
    items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

/// F6: all of one's own, newest first, page by page, each exactly once.
#[tokio::test]
async fn pages_hold_each_detection_once() {
    let detection = Detection::start().await;
    let account = AccountId::new();
    let mut made = Vec::new();
    for index in 0..7 {
        // Some share a microsecond.
        if index % 3 == 0 {
            detection.test.clock.advance(Duration::from_secs(1));
        }
        made.push(detection.detect(account).await);
        detection.detect(AccountId::new()).await;
    }
    made.reverse();
    let mut seen = Vec::new();
    let mut path = format!("{LIST}?limit=3");
    loop {
        let page = detection.get(account, &path).await.json();
        seen.extend(ids(&page));
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("{LIST}?limit=3&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(seen, made);
}

/// F6: between two times.
#[tokio::test]
async fn dates_bound_the_list() {
    let detection = Detection::start().await;
    let account = AccountId::new();
    let first = detection.detect(account).await;
    detection.test.clock.advance(Duration::from_secs(86_400));
    let second = detection.detect(account).await;
    let cases = [
        ("start_date=2026-01-31&end_date=2026-01-31", vec![&first]),
        ("start_date=2026-02-01", vec![&second]),
        ("end_date=2026-01-30", vec![]),
        ("end_date=2026-02-01T12:00:00Z", vec![&first]),
        ("start_date=2026-02-01T14:00:00%2B02:00", vec![&second]),
        // In Auckland the first was made on February 1st.
        ("start_date=2026-02-01&end_date=2026-02-01&tz=Pacific/Auckland", vec![&first]),
    ];
    for (query, expected) in cases {
        let page = detection.get(account, &format!("{LIST}?{query}")).await.json();
        assert_eq!(ids(&page).iter().collect::<Vec<_>>(), expected, "{query}");
    }
}

/// F6: bad parameters are named.
#[tokio::test]
async fn bad_parameters_are_named() {
    let detection = Detection::start().await;
    for (query, pointer) in [
        ("limit=0", "?limit"),
        ("limit=201", "?limit"),
        ("limit=many", "?limit"),
        ("cursor=abc", "?cursor"),
        ("start_date=soon", "?start_date"),
        ("end_date=2026-02-30", "?end_date"),
        ("start_date=2026-02-02&end_date=2026-01-01", "?start_date"),
        ("tz=Nowhere", "?tz"),
        ("page=2", "?page"),
    ] {
        let received = detection.get(AccountId::new(), &format!("{LIST}?{query}")).await;
        assert_eq!(received.refusal(), (422, "validation-failed".into()), "{query}");
        assert_eq!(received.json()["errors"][0]["pointer"], pointer, "{query}");
    }
}
