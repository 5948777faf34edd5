use http::{Method, StatusCode};
use serde_json::{Value, json};

use prosopa_model::Principal;

use super::{USERS, administrator, path_of};
use crate::support::{Answer, App, PASSWORD};

async fn list(app: &App, administrator: &Principal, query: &str) -> Answer {
    app.call_as(Method::GET, &format!("{USERS}{query}"), Some(administrator.clone()), None).await
}

/// One column of a page.
fn column(answer: &Answer, name: &str) -> Vec<String> {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.json);
    let items = answer.json["items"].as_array().unwrap();
    items.iter().map(|item| item[name].as_str().unwrap().to_owned()).collect()
}

async fn register(app: &App, user_name: &str, email: &str) -> String {
    let body = json!({ "user_name": user_name, "email": email, "password": PASSWORD });
    let answer = app.post("/api/v1/auth/register", body).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.json);
    answer.text("id")
}

/// Five users beside the administrator; the clock stands still, so that some were made at the same time.
async fn five_users(app: &App, administrator: &Principal) {
    let users = [
        ("ada", "zoe@example.org"),
        ("Bob", "Bob@example.org"),
        ("émile", "e@example.org"),
        ("Zoe_1", "A@example.org"),
        ("carl", "y@example.org"),
    ];
    for (index, (user_name, email)) in users.into_iter().enumerate() {
        let id = register(app, user_name, email).await;
        if index % 2 == 0 {
            let decision = Some(json!({ "status": "deactivated" }));
            app.call_as(Method::PATCH, &path_of(&id), Some(administrator.clone()), decision).await;
        }
    }
}

/// R5: sorted by any column every user comes exactly once over all pages, those that are alike by their ids, and
/// descending is ascending read backwards.
#[tokio::test]
async fn every_order_is_total() {
    let app = App::start().await;
    let (_, administrator) = administrator(&app).await;
    five_users(&app, &administrator).await;
    for sort in ["user_name", "email", "created_at", "status", "role"] {
        let all = list(&app, &administrator, &format!("?sort={sort}")).await;
        let ids = column(&all, "id");
        let mut keys: Vec<(String, String)> =
            column(&all, sort).into_iter().map(|key| key.to_lowercase()).zip(ids.iter().cloned()).collect();
        let given = keys.clone();
        keys.sort();
        assert_eq!(given, keys, "{sort}");
        let mut backwards =
            column(&list(&app, &administrator, &format!("?sort={sort}&order=desc")).await, "id");
        backwards.reverse();
        assert_eq!(backwards, ids, "{sort}");
        let mut paged = Vec::new();
        for page in 1..=3 {
            let query = format!("?sort={sort}&order=asc&per_page=2&page={page}");
            paged.extend(column(&list(&app, &administrator, &query).await, "id"));
        }
        assert_eq!(paged, ids, "{sort}");
    }
}

/// R5: pages are numbered, and the total is told on each, also behind the last one.
#[tokio::test]
async fn pages_tell_the_total() {
    let app = App::start().await;
    let (_, administrator) = administrator(&app).await;
    five_users(&app, &administrator).await;
    let first = list(&app, &administrator, "").await;
    assert_eq!(first.json["page"], 1);
    assert_eq!(first.json["per_page"], 50);
    assert_eq!(first.json["total"], 6);
    let names = column(&first, "user_name");
    assert_eq!(names, ["ada", "administrator", "Bob", "carl", "Zoe_1", "émile"], "by name, in any case");
    for (page, count) in [(1, 4), (2, 2), (3, 0), (5_000, 0)] {
        let answer = list(&app, &administrator, &format!("?per_page=4&page={page}")).await;
        assert_eq!(column(&answer, "id").len(), count);
        assert_eq!((&answer.json["page"], &answer.json["total"]), (&json!(page), &json!(6)));
    }
    let administrators = list(&app, &administrator, "?sort=role&per_page=1").await;
    let row = &administrators.json["items"][0];
    assert_eq!(row["user_name"], "administrator");
    assert_eq!(row["requests_per_day_max"], Value::Null);
}

/// R5: what is searched for is taken literally, in any case, in names and in addresses.
#[tokio::test]
async fn a_search_takes_wildcards_literally() {
    let app = App::start().await;
    let (_, administrator) = administrator(&app).await;
    register(&app, "per-cent", "a%b@example.org").await;
    register(&app, "under_score", "c@example.org").await;
    register(&app, "plain", "a-b@example.org").await;
    register(&app, "Émile", "ada@Example.Org").await;
    register(&app, "back", "\"d\\\\e\"@example.net").await;
    let searches: [(&str, &[&str]); 14] = [
        ("%25", &["per-cent"]),
        // Wide forms are the same characters.
        ("%EF%BC%85", &["per-cent"]),
        ("a%25b", &["per-cent"]),
        ("_", &["under_score"]),
        ("r_s", &["under_score"]),
        ("%5C", &["back"]),
        ("d%5C%5Ce", &["back"]),
        ("ADA@EXAMPLE", &["Émile"]),
        ("%C3%A9M", &["Émile"]),
        ("a-b", &["plain"]),
        ("a%2Db@example.org", &["plain"]),
        ("%27%20OR%201=1%20--", &[]),
        ("a%25%25b", &[]),
        ("EXAMPLE.ORG", &["per-cent", "plain", "under_score", "Émile"]),
    ];
    for (text, expected) in searches {
        let found = list(&app, &administrator, &format!("?q={text}")).await;
        assert_eq!(column(&found, "user_name"), expected, "{text}");
        assert_eq!(found.json["total"], expected.len(), "{text}");
    }
}

#[tokio::test]
async fn unacceptable_lists_are_pointed_at() {
    let app = App::start().await;
    let (_, administrator) = administrator(&app).await;
    let long = "x".repeat(101);
    let refused = [
        ("?q=".to_owned(), "?q"),
        (format!("?q={long}"), "?q"),
        ("?q=a%00b".to_owned(), "?q"),
        ("?sort=password_hash".to_owned(), "?sort"),
        ("?order=down".to_owned(), "?order"),
        ("?page=0".to_owned(), "?page"),
        ("?page=-1".to_owned(), "?page"),
        ("?per_page=0".to_owned(), "?per_page"),
        ("?per_page=201".to_owned(), "?per_page"),
        ("?page=5001&per_page=200".to_owned(), "?page"),
        ("?page=4294967295".to_owned(), "?page"),
        ("?limit=3".to_owned(), "?limit"),
    ];
    for (query, pointer) in refused {
        assert_eq!(list(&app, &administrator, &query).await.pointer(), pointer, "{query}");
    }
    let longest = list(&app, &administrator, &format!("?q={}", &long[1..])).await;
    assert_eq!(longest.status, StatusCode::OK);
}
