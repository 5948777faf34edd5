use prosopa_harness::{Answer, Caller, Product, patiently};
use reqwest::Method;
use serde_json::{Value, json};

/// Every operation that asks for no credentials, or for a secret of its own. A new one must be put here on purpose.
const PUBLIC: [&str; 17] = [
    "auth_begin_browser_session",
    "auth_complete_oidc_sign_in",
    "auth_complete_password_reset",
    "auth_delete_registration",
    "auth_follow_registration",
    "auth_list_oidc_providers",
    "auth_log_in",
    "auth_log_out",
    "auth_refresh_session",
    "auth_register",
    "auth_report_leaked_api_keys",
    "auth_request_password_reset",
    "auth_revoke_token",
    "auth_show_jwks",
    "auth_show_registration",
    "auth_sign_up_client",
    "auth_start_oidc_sign_in",
];

/// One operation of the published document.
struct Published {
    id: String,
    method: Method,
    path: String,
    /// Whether it is for administrators only.
    is_administrative: bool,
    /// The scope it needs; none if it is public.
    scope: Option<String>,
}

async fn operations(product: &Product) -> Vec<Published> {
    let document = product.stranger().get("/api/openapi.json").await.json();
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let is_public = operation["security"] == json!([]);
            let description = operation["description"].as_str().unwrap();
            let scope = description.split("scope `").nth(1).and_then(|rest| rest.split('`').next());
            assert_eq!(is_public, scope.is_none(), "{path}");
            operations.push(Published {
                id: operation["operationId"].as_str().unwrap().to_owned(),
                method: method.to_uppercase().parse().unwrap(),
                path: path
                    .replace("{id}", "det_01h455vb4pex5vsknk084sn02q")
                    .replace("{name}", "default")
                    .replace("{fingerprint}", &"0".repeat(64))
                    .replace("{provider}", "google"),
                is_administrative: description.contains("Only for administrators."),
                scope: scope.map(str::to_owned),
            });
        }
    }
    operations
}

async fn call(caller: &Caller, operation: &Published) -> Answer {
    caller.send(caller.request(operation.method.clone(), &operation.path)).await
}

/// F2: the operations that ask for no credentials are the ones listed here, and no others.
#[tokio::test]
async fn public_operations_are_public_on_purpose() {
    let product = Product::start().await;
    let mut public: Vec<String> = operations(&product)
        .await
        .into_iter()
        .filter(|operation| operation.scope.is_none())
        .map(|operation| operation.id)
        .collect();
    public.sort();
    assert_eq!(public, PUBLIC);
}

/// F2, F3: every other operation refuses who brings nothing, and a key that lacks its scope.
#[tokio::test]
async fn every_other_operation_is_guarded() {
    let product = Product::start().await;
    let user = product.user().await;
    let stranger = product.stranger();
    let mut keys = Vec::new();
    for scope in ["account:read", "faces:read"] {
        let body = json!({ "name": scope, "scopes": [scope] });
        let key = user.post("/api/v1/auth/api-keys", &body).await.text("/key");
        keys.push((scope, user.with_token(&key)));
    }
    let mut guarded = 0;
    for operation in operations(&product).await {
        let Some(needed) = &operation.scope else { continue };
        assert_eq!(
            call(&stranger, &operation).await.refusal(),
            (401, "unauthenticated".into()),
            "{}",
            operation.id
        );
        let (_, lacking) = keys.iter().find(|(scope, _)| scope != needed).unwrap();
        let refused = patiently(async || call(lacking, &operation).await).await;
        assert_eq!(refused.refusal(), (403, "forbidden".into()), "{}", operation.id);
        let detail: Value = refused.json()["detail"].clone();
        assert!(detail.as_str().unwrap().contains(needed), "{}: {detail}", operation.id);
        guarded += 1;
    }
    assert!(guarded >= 13, "{guarded}");
}

/// R7: what is for administrators refuses everybody else, whatever scopes they have.
#[tokio::test]
async fn administrative_operations_refuse_users() {
    let product = Product::start().await;
    let user = product.user().await;
    let mut administrative = 0;
    for operation in operations(&product).await.iter().filter(|operation| operation.is_administrative) {
        let refused = patiently(async || call(&user, operation).await).await;
        assert_eq!(refused.refusal(), (403, "forbidden".into()), "{}", operation.id);
        administrative += 1;
    }
    assert!(administrative >= 8, "{administrative}");
}
