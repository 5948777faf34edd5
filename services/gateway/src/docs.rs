//! The pages that explain the API, without the internet: `OpenAPI` document, Swagger UI, a page for each error code.

use std::{fmt::Write, sync::Arc};

use axum::{
    Router,
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use pulldown_cmark::{Parser, html};

use prosopa_http::{AssemblyError, Endpoints, Operation, Section, assemble};
use prosopa_problem::{Code, Problem};
use prosopa_runtime::Upstream;

const TITLE: &str = "Prosopa";
const START_PATH: &str = "/";
const OPENAPI_PATH: &str = "/api/openapi.json";

/// Swagger UI: its own scripts and styles (some set on elements), its icons as `data:` pictures, and calls of this API.
const UI_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// What the pages are made from.
struct Docs {
    openapi: Bytes,
    ui: Arc<utoipa_swagger_ui::Config<'static>>,
}

/// The pages over the operations of all services, and `own` ones.
pub(crate) fn router(upstreams: &[Upstream], own: Section<'_>) -> Result<Router, AssemblyError> {
    let sections: Vec<Section<'_>> = upstreams
        .iter()
        .map(|upstream| Section {
            service: upstream.service,
            description: upstream.description,
            operations: &upstream.operations,
        })
        .chain([own])
        .collect();
    let document = assemble(TITLE, env!("CARGO_PKG_VERSION"), &sections)?;
    let ui = utoipa_swagger_ui::Config::from(OPENAPI_PATH)
        .validator_url("none")
        .display_operation_id(true)
        .display_request_duration(true);
    let docs = Docs { openapi: Bytes::from(document.to_string()), ui: Arc::new(ui) };
    Ok(endpoints().into_router(Arc::new(docs)))
}

/// Where the pages are; they are no part of the API they describe. The root is the web application's, where there is one.
pub(crate) fn operations(has_site: bool) -> Vec<Operation> {
    let mut operations = endpoints().into_operations();
    operations.retain(|operation| !(has_site && operation.path == START_PATH));
    operations
}

fn endpoints() -> Endpoints<Arc<Docs>> {
    Endpoints::new()
        .add(Operation::get("get_start", START_PATH), get_start)
        .add(Operation::get("get_openapi", OPENAPI_PATH), get_openapi)
        .add(Operation::get("get_docs", "/api/docs"), get_docs)
        .add(Operation::get("get_docs_file", "/api/docs/{file}"), get_docs_file)
        .add(Operation::get("get_error_page", "/api/docs/errors/{code}"), get_error_page)
}

async fn get_start() -> Redirect {
    Redirect::temporary("/api/docs")
}

async fn get_openapi(State(docs): State<Arc<Docs>>) -> impl IntoResponse {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-cache")];
    (headers, docs.openapi.clone())
}

async fn get_docs() -> Redirect {
    // The page names its files relative to a folder.
    Redirect::temporary("/api/docs/index.html")
}

async fn get_docs_file(State(docs): State<Arc<Docs>>, Path(file): Path<String>) -> Response {
    match utoipa_swagger_ui::serve(&file, Arc::clone(&docs.ui)) {
        Ok(Some(file)) => {
            let headers =
                [(header::CONTENT_TYPE, file.content_type.as_str()), (header::CACHE_CONTROL, "no-cache")];
            (headers, [(header::CONTENT_SECURITY_POLICY, UI_POLICY)], file.bytes.into_owned()).into_response()
        }
        Ok(None) => Problem::new(Code::NotFound).into_response(),
        Err(error) => Problem::internal(format!("documentation page: {error}")).into_response(),
    }
}

async fn get_error_page(Path(code): Path<String>) -> Response {
    let Some(code) = Code::find(&code) else { return Problem::new(Code::NotFound).into_response() };
    let mut page = String::with_capacity(2_048);
    // Writing to a String cannot fail.
    let _ = write!(
        page,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{} - {TITLE}</title>\n</head>\n<body>\n<main>\n",
        code.as_str()
    );
    html::push_html(&mut page, Parser::new(code.page()));
    page.push_str("</main>\n</body>\n</html>\n");
    let headers = [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")];
    (StatusCode::OK, headers, page).into_response()
}
