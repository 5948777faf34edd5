//! Assembles the `OpenAPI` 3.1 document of the whole suite from the services' operation tables.
//!
//! Operation ids and schemas are prefixed by their service; two that collide are an error.

mod headers;
mod problem;

use std::collections::BTreeMap;

use http::StatusCode;
use serde_json::{Map, Value, json};

use prosopa_model::Meter;
use prosopa_problem::{Code, MEDIA_TYPE};

use crate::{
    Access, Operation,
    cookies::{SESSION_COOKIE, Transport},
    schema::{self, Schemas},
};

/// One service's share of the document.
pub struct Section<'a> {
    /// Name of the service, which becomes tag and prefix.
    pub service: &'a str,
    /// What the service is for, one line.
    pub description: &'a str,
    /// Its operations.
    pub operations: &'a [Operation],
}

/// Two operations claim the same name or place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is declared twice")]
pub struct AssemblyError(String);

/// Builds the document.
pub fn assemble(title: &str, version: &str, sections: &[Section<'_>]) -> Result<Value, AssemblyError> {
    let mut paths: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    let mut ids = Vec::new();
    let mut schemas = BTreeMap::from([("Problem".to_owned(), problem::schema())]);
    let mut tags = Vec::new();
    for section in sections {
        tags.push(json!({ "name": section.service, "description": section.description }));
        for operation in section.operations {
            let id = format!("{}_{}", section.service, operation.id);
            if ids.contains(&id) {
                return Err(AssemblyError(id));
            }
            let rendered = render(section.service, &id, operation);
            ids.push(id);
            let method = operation.method.as_str().to_lowercase();
            let path = paths.entry(operation.path.to_owned()).or_default();
            if path.insert(method, rendered).is_some() {
                return Err(AssemblyError(format!("{} {}", operation.method, operation.path)));
            }
            for (name, schema) in operation_schemas(operation).flat_map(Schemas::named) {
                let name = prefixed(section.service, name);
                let schema = with_prefixed_refs(section.service, schema);
                if schemas.get(&name).is_some_and(|known| *known != schema) {
                    return Err(AssemblyError(name));
                }
                schemas.insert(name, schema);
            }
        }
    }
    Ok(json!({
        "openapi": "3.1.0",
        "info": { "title": title, "version": version, "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" } },
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": schemas,
            "headers": headers::definitions(),
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer", "description": "Access token or API key" },
                "api_key": { "type": "apiKey", "in": "header", "name": "X-API-Key" },
                "cookie": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": SESSION_COOKIE.on(Transport::Secure),
                    "description": "Session of a browser; requests that change something also carry `X-CSRF-Token`",
                },
                // The nearest that OpenAPI has to say about it.
                "signature": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Signature",
                    "description": "Signature of an API client (RFC 9421), beside `Signature-Input` and, with content, `Content-Digest` (RFC 9530)",
                },
            },
        },
    }))
}

fn operation_schemas(operation: &Operation) -> impl Iterator<Item = &Schemas> {
    let requests = operation.request.iter().filter_map(|content| content.schema.as_ref());
    let answers = std::iter::once(&operation.answer).chain(&operation.accepted).chain(&operation.existing);
    let answers = answers.flat_map(|answer| answer.content.iter().filter_map(|(_, schema)| schema.as_ref()));
    requests.chain(answers)
}

fn render(service: &str, id: &str, operation: &Operation) -> Value {
    let mut rendered = Map::new();
    rendered.insert("operationId".into(), id.into());
    rendered.insert("tags".into(), json!([service]));
    rendered.insert("summary".into(), operation.summary.into());
    let mut notes = Vec::new();
    if !operation.units.is_nothing() {
        notes.push(format!("Counts as {} against the quota.", counted(operation)));
    }
    if operation.access == Access::OwnSecret {
        notes.push("Needs the secret that was given with it, as `Authorization: Bearer`.".to_owned());
    }
    if operation.access == Access::Administrator {
        notes.push("Only for administrators.".to_owned());
    }
    if let Some(scope) = operation.access.scope() {
        notes.push(format!("Needs the scope `{}`.", scope.as_str()));
        let schemes = json!([{ "bearer": [] }, { "api_key": [] }, { "cookie": [] }, { "signature": [] }]);
        rendered.insert("security".into(), schemes);
    } else {
        rendered.insert("security".into(), json!([]));
    }
    rendered.insert("description".into(), notes.join(" ").into());
    if !operation.parameters.is_empty() {
        rendered.insert("parameters".into(), parameters(operation));
    }
    if !operation.request.is_empty() {
        let content = operation.request.iter().map(|content| (content.media_type, content.schema.as_ref()));
        rendered
            .insert("requestBody".into(), json!({ "required": true, "content": contents(service, content) }));
    }
    rendered.insert("responses".into(), responses(service, operation));
    Value::Object(rendered)
}

/// Such as `requests: 1, images: 1`.
fn counted(operation: &Operation) -> String {
    let amounts = Meter::ALL.map(|meter| (meter, operation.units.of(meter)));
    let amounts = amounts.iter().filter(|(_, amount)| *amount > 0);
    amounts.map(|(meter, amount)| format!("{meter}: {amount}")).collect::<Vec<_>>().join(", ")
}

fn parameters(operation: &Operation) -> Value {
    let mut parameters: Vec<Value> = operation.parameters.iter().map(|parameter| json!(parameter)).collect();
    for parameter in &mut parameters {
        if let Some(parameter) = parameter.as_object_mut() {
            parameter.entry("schema").or_insert_with(schema::text);
        }
    }
    Value::Array(parameters)
}

fn contents<'a>(service: &str, content: impl Iterator<Item = (&'a str, Option<&'a Schemas>)>) -> Value {
    content
        .map(|(media_type, schemas)| {
            let schema =
                schemas.map_or_else(schema::bytes, |schemas| with_prefixed_refs(service, schemas.root()));
            (media_type.to_owned(), json!({ "schema": schema }))
        })
        .collect::<Map<String, Value>>()
        .into()
}

fn responses(service: &str, operation: &Operation) -> Value {
    let mut responses = Map::new();
    for answer in std::iter::once(&operation.answer).chain(&operation.accepted).chain(&operation.existing) {
        let has_location = operation.has_location || answer.status == StatusCode::ACCEPTED;
        let headers = headers::of_success(answer.status, has_location);
        let mut success = json!({ "description": answer.description, "headers": headers });
        if !answer.content.is_empty() {
            let content = answer.content.iter().map(|(media_type, schema)| (*media_type, schema.as_ref()));
            success["content"] = contents(service, content);
        }
        responses.insert(answer.status.as_str().to_owned(), success);
    }
    let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in operation.all_problems() {
        by_status.entry(code.status().as_u16()).or_default().push(code);
    }
    for (status, codes) in by_status {
        let lines: Vec<String> =
            codes.iter().map(|code| format!("`{}`: {}", code.as_str(), code.title())).collect();
        let reference = json!({ "schema": { "$ref": "#/components/schemas/Problem" } });
        let problem = json!({
            "description": lines.join("; "),
            "headers": headers::of_problem(status),
            "content": { (MEDIA_TYPE): reference },
        });
        responses.insert(status.to_string(), problem);
    }
    Value::Object(responses)
}

/// `ApiKey` of `auth` becomes `AuthApiKey`.
fn prefixed(service: &str, name: &str) -> String {
    let mut characters = service.chars();
    let first = characters.next().map(|character| character.to_ascii_uppercase());
    first.into_iter().chain(characters).chain(name.chars()).collect()
}

fn with_prefixed_refs(service: &str, schema: &Value) -> Value {
    match schema {
        Value::Object(members) => members
            .iter()
            .map(|(key, value)| {
                let target = value.as_str().and_then(|text| text.strip_prefix("#/components/schemas/"));
                match target {
                    Some(name) if key == "$ref" => {
                        (key.clone(), format!("#/components/schemas/{}", prefixed(service, name)).into())
                    }
                    _ => (key.clone(), with_prefixed_refs(service, value)),
                }
            })
            .collect::<Map<String, Value>>()
            .into(),
        Value::Array(items) => items.iter().map(|item| with_prefixed_refs(service, item)).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use utoipa::ToSchema;

    use super::*;

    #[derive(ToSchema)]
    #[expect(dead_code, reason = "only its schema is looked at")]
    struct Thing {
        part: Part,
    }

    #[derive(ToSchema)]
    #[expect(dead_code, reason = "only its schema is looked at")]
    struct Part {
        name: String,
    }

    fn operation() -> Operation {
        Operation::get("get_thing", "/things/{id}")
            .path_id("id")
            .json_answer::<Thing>(http::StatusCode::OK, "it")
    }

    /// F13: one document for all services.
    #[test]
    fn names_are_prefixed_by_service() {
        let operations = [operation()];
        let section = Section { service: "auth", description: "", operations: &operations };
        let document = assemble("t", "1", &[section]).unwrap();
        let get = &document["paths"]["/things/{id}"]["get"];
        assert_eq!(get["operationId"], "auth_get_thing");
        let schema = &get["responses"]["200"]["content"]["application/json"]["schema"]["$ref"];
        assert_eq!(schema, "#/components/schemas/AuthThing");
        let part = &document["components"]["schemas"]["AuthThing"]["properties"]["part"]["$ref"];
        assert_eq!(part, "#/components/schemas/AuthPart");
        assert!(document["components"]["schemas"]["AuthPart"].is_object());
    }

    /// F13: what a client may rely on besides the body.
    #[test]
    fn answers_declare_their_headers() {
        let operations = [Operation::post("create_thing", "/things")
            .scope(prosopa_model::Scope::FacesWrite)
            .json_answer::<Thing>(http::StatusCode::CREATED, "it")
            .location()];
        let section = Section { service: "auth", description: "", operations: &operations };
        let document = assemble("t", "1", &[section]).unwrap();
        let responses = &document["paths"]["/things"]["post"]["responses"];
        let declared = document["components"]["headers"].as_object().unwrap();
        for (status, special) in [
            ("201", Some("Location")),
            ("400", None),
            ("401", Some("WWW-Authenticate")),
            ("429", Some("Retry-After")),
            ("503", Some("Retry-After")),
        ] {
            let headers = responses[status]["headers"].as_object().unwrap();
            let expected = ["X-Request-Id", "RateLimit", "RateLimit-Policy"].into_iter().chain(special);
            let expected: std::collections::BTreeSet<&str> = expected.collect();
            assert_eq!(
                headers.keys().map(String::as_str).collect::<std::collections::BTreeSet<_>>(),
                expected
            );
            for (name, header) in headers {
                assert_eq!(header["$ref"], format!("#/components/headers/{name}"));
                assert!(declared[name]["description"].is_string() && declared[name]["schema"].is_object());
            }
        }
    }

    /// F5: every member that a problem may have is typed.
    #[test]
    fn the_problem_schema_lists_what_codes_add() {
        let document = assemble("t", "1", &[]).unwrap();
        let members = &document["components"]["schemas"]["Problem"]["properties"];
        for name in ["retry_after_ms", "limit", "bytes_max", "width", "height", "pixels_max"] {
            assert_eq!(members[name]["type"], "integer", "{name}");
        }
        for name in ["window", "meter"] {
            assert_eq!(members[name]["type"], "string", "{name}");
        }
        assert_eq!(members["resets_at"]["format"], "date-time");
    }

    #[test]
    fn two_operations_at_one_place_are_refused() {
        let operations = [operation()];
        let section = |service| Section { service, description: "", operations: &operations };
        let error = assemble("t", "1", &[section("auth"), section("media")]).unwrap_err();
        assert_eq!(error.to_string(), "GET /things/{id} is declared twice");
    }
}
