use prosopa_harness::Product;
use serde_json::Value;

/// F13: the OpenAPI document describes every operation, and what is served is what the command prints.
#[tokio::test]
async fn the_openapi_document_is_served_and_whole() {
    let product = Product::start().await;
    let document = product.stranger().get("/api/openapi.json").await;
    assert_eq!(document.status, 200);
    let document = document.json();
    assert_eq!(document["openapi"], "3.1.0");
    for path in [
        "/api/v1/auth/register",
        "/api/v1/auth/login",
        "/api/v1/auth/refresh",
        "/api/v1/auth/logout",
        "/api/v1/auth/api-keys",
        "/api/v1/auth/api-keys/{id}",
        "/api/v1/users/me",
        "/api/v1/faces/detections",
        "/api/v1/faces/detections/{id}",
        "/api/v1/images/{id}/content",
    ] {
        assert!(document["paths"][path].is_object(), "{path}");
    }
    let printed =
        tokio::process::Command::new(prosopa_harness::binary()).arg("openapi").output().await.unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&printed.stdout).unwrap(), document);
}

/// F13: every reference of the document leads somewhere.
#[tokio::test]
async fn every_reference_of_the_document_leads_somewhere() {
    let printed =
        tokio::process::Command::new(prosopa_harness::binary()).arg("openapi").output().await.unwrap();
    let document: Value = serde_json::from_slice(&printed.stdout).unwrap();
    let mut references = 0;
    visit(&document, &mut |reference| {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
        references += 1;
    });
    assert!(references > 10);
}

fn visit(value: &Value, found: &mut impl FnMut(&str)) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                match value.as_str() {
                    Some(reference) if key == "$ref" => found(reference),
                    _ => visit(value, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| visit(item, found)),
        _ => {}
    }
}

/// F13: browsable without the internet: no page names another host.
#[tokio::test]
async fn the_documentation_needs_no_other_host() {
    let product = Product::start().await;
    let stranger = product.stranger();
    let page = stranger.get("/api/docs").await;
    assert_eq!(page.status, 200);
    assert!(page.headers["content-type"].to_str().unwrap().starts_with("text/html"));
    let page = String::from_utf8(page.body).unwrap();
    assert!(!page.contains("https://") && !page.contains("http://"), "{page}");
}

/// F5: each problem's `type` is the address of a page that explains it.
#[tokio::test]
async fn a_problem_leads_to_its_page() {
    let product = Product::start().await;
    let stranger = product.stranger();
    let problem = stranger.get("/api/v1/nowhere").await;
    assert_eq!(problem.refusal(), (404, "not-found".into()));
    assert_eq!(problem.headers["content-type"], "application/problem+json");
    assert_eq!(problem.headers["x-request-id"].to_str().unwrap(), problem.text("/request_id"));
    let page = stranger.get(&problem.text("/type")).await;
    assert_eq!(page.status, 200);
    assert!(String::from_utf8(page.body).unwrap().contains("not-found"));
    let wrong_method = stranger.delete("/api/v1/auth/login").await;
    assert_eq!(wrong_method.refusal(), (405, "method-not-allowed".into()));
    assert_eq!(wrong_method.headers["allow"], "POST");
}
