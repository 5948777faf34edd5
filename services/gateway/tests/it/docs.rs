use http::StatusCode;
use prosopa_gateway::GatewayService;
use prosopa_problem::Code;
use prosopa_runtime::Service;

use crate::harness::{Call, Gateway, fast};

/// F13: one document with every operation of every service behind the gateway.
#[tokio::test]
async fn the_document_has_every_operation() {
    let gateway = Gateway::start(fast()).await;
    let answer = gateway.send(Call::get("/api/openapi.json")).await;
    assert_eq!(answer.header("content-type"), "application/json");
    let document = answer.json();
    assert_eq!(document["openapi"], "3.1.0");
    let upstream = &gateway.platform.peers.upstreams[0];
    for operation in &upstream.operations {
        let method = operation.method.as_str().to_lowercase();
        let found = &document["paths"][operation.path][&method];
        assert_eq!(found["operationId"], format!("things_{}", operation.id));
    }
    let count: usize =
        document["paths"].as_object().unwrap().values().map(|path| path.as_object().unwrap().len()).sum();
    let own = GatewayService::operations();
    assert_eq!(count, upstream.operations.len() + own.len());
    assert_eq!(document["paths"]["/api/v1/quota"]["get"]["operationId"], "gateway_show_quota");
}

/// F13: browsable without the internet.
#[tokio::test]
async fn the_pages_need_nothing_from_elsewhere() {
    let gateway = Gateway::start(fast()).await;
    for start in ["/", "/api/docs"] {
        assert_eq!(gateway.send(Call::get(start)).await.status, StatusCode::TEMPORARY_REDIRECT);
    }
    let page = gateway.send(Call::get("/api/docs/index.html")).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(page.header("content-security-policy").starts_with("default-src 'none'; script-src 'self';"));
    let html = String::from_utf8(page.body).unwrap();
    let mut files = 0;
    for link in html.split("href=\"").skip(1).chain(html.split("src=\"").skip(1)) {
        let target = link.split('"').next().unwrap();
        let file = target.strip_prefix("./").unwrap_or(target);
        assert!(!file.contains('/'), "{target} is outside of the folder");
        let answer = gateway.send(Call::get(&format!("/api/docs/{file}"))).await;
        assert_eq!(answer.status, StatusCode::OK, "{file}");
        files += 1;
    }
    assert!(files >= 4, "the page names its scripts and styles");
    assert!(
        !html.contains("<script>") && !html.contains("<style>"),
        "nothing inline, which the policy forbids"
    );
    let start = gateway.send(Call::get("/api/docs/swagger-initializer.js")).await;
    let script = String::from_utf8(start.body).unwrap();
    assert!(
        script.contains("\"/api/openapi.json\"") && script.contains("\"validatorUrl\": \"none\""),
        "{script}"
    );
    gateway.send(Call::get("/api/docs/nothing.js")).await.expect_problem(404, "not-found");
}

#[tokio::test]
async fn every_code_has_a_page_at_its_address() {
    let gateway = Gateway::start(fast()).await;
    for code in Code::ALL {
        let answer = gateway.send(Call::get(&code.page_path())).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", code.as_str());
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
        let html = String::from_utf8(answer.body).unwrap();
        assert!(html.contains(&format!("<h1>{}</h1>", code.as_str())), "{html}");
    }
    gateway.send(Call::get("/api/docs/errors/no-such-code")).await.expect_problem(404, "not-found");
}
