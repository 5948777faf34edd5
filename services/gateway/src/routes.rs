//! The operation tables of all services as one matcher of method and path.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use http::{HeaderValue, Method};
use utoipa::openapi::path::ParameterIn;

use prosopa_http::{Access, Operation};
use prosopa_model::Units;
use prosopa_telemetry::Histogram;

use crate::{
    error::{Error, Refusal},
    metrics::Metrics,
    upstream::Upstream,
};

/// One operation as the edge needs it.
pub(crate) struct Route {
    /// `service_operation`: its name in metrics and logs.
    pub(crate) name: String,
    /// Who may call it.
    pub(crate) access: Access,
    /// Whether pages of other sites may not have it called.
    pub(crate) is_same_origin: bool,
    /// What it counts as, apart from the bytes of its body.
    pub(crate) units: Units,
    /// Longest time from head to head.
    pub(crate) deadline: Duration,
    /// Largest body, bytes.
    pub(crate) body_bytes_max: usize,
    /// Who answers.
    pub(crate) upstream: Upstream,
    /// Its latency.
    pub(crate) seconds: Histogram,
    /// The path as it was declared.
    pub(crate) path: &'static str,
    /// Parameters of its query.
    pub(crate) query_names: Vec<String>,
    /// Whether no log may have its bodies.
    pub(crate) has_secret_content: bool,
    method: Method,
}

/// Every operation.
pub(crate) struct Routes {
    paths: matchit::Router<Resource>,
}

/// What exists at one path.
struct Resource {
    routes: Vec<Route>,
    allow: HeaderValue,
}

/// Collects operations; a place that is taken twice and a meter without an account are errors.
#[derive(Default)]
pub(crate) struct RoutesBuilder {
    by_path: BTreeMap<&'static str, Vec<Route>>,
}

impl RoutesBuilder {
    /// Adds a service's table.
    pub(crate) fn add(
        &mut self,
        service: &str,
        operations: &[Operation],
        upstream: &Upstream,
        metrics: &Metrics,
    ) -> Result<(), Error> {
        for operation in operations {
            if !operation.units.is_nothing() && operation.access.scope().is_none() {
                return Err(Error::MeteredPublic { path: operation.path });
            }
            let routes = self.by_path.entry(operation.path).or_default();
            if routes.iter().any(|route| route.method == operation.method) {
                let method = operation.method.clone();
                return Err(Error::DeclaredTwice { method, path: operation.path });
            }
            let name = format!("{service}_{}", operation.id);
            routes.push(Route {
                access: operation.access,
                is_same_origin: operation.is_same_origin,
                units: operation.units,
                deadline: operation.deadline,
                body_bytes_max: operation.body_bytes_max,
                upstream: upstream.clone(),
                seconds: metrics.seconds.with_label_values(&[&name]),
                path: operation.path,
                query_names: query_names(operation),
                has_secret_content: operation.has_secret_content,
                method: operation.method.clone(),
                name,
            });
        }
        Ok(())
    }

    /// The names of all that is metered.
    pub(crate) fn metered(&self) -> BTreeSet<String> {
        let routes = self.by_path.values().flatten();
        routes.filter(|route| !route.units.is_nothing()).map(|route| route.name.clone()).collect()
    }

    /// The matcher.
    pub(crate) fn build(self) -> Result<Routes, Error> {
        let mut paths = matchit::Router::new();
        for (path, routes) in self.by_path {
            let allow = allow(&routes);
            paths.insert(path, Resource { routes, allow }).map_err(|source| Error::Path { path, source })?;
        }
        Ok(Routes { paths })
    }
}

impl Routes {
    /// Whether there is an operation at a path, by whatever method.
    pub(crate) fn has(&self, path: &str) -> bool {
        is_plain(path) && self.paths.at(path).is_ok()
    }

    /// The operation at a path, as it was sent. HEAD finds what GET finds.
    pub(crate) fn find(&self, method: &Method, path: &str) -> Result<&Route, Refusal> {
        if !is_plain(path) {
            return Err(Refusal::NotFound);
        }
        let resource = self.paths.at(path).map_err(|_| Refusal::NotFound)?.value;
        let method = if *method == Method::HEAD { &Method::GET } else { method };
        let route = resource.routes.iter().find(|route| route.method == *method);
        route.ok_or_else(|| Refusal::MethodNotAllowed { allow: resource.allow.clone() })
    }
}

/// No address of this API needs an escape, a dot segment or an empty one. Whatever has one names nothing here, so
/// that no two readers can disagree about what it names.
fn is_plain(path: &str) -> bool {
    let is_plain_byte = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'%' | b'\\' | b';');
    path.starts_with('/')
        && path.bytes().all(is_plain_byte)
        && path[1..].split('/').enumerate().all(|(index, segment)| match segment {
            // Only the root itself is an empty segment.
            "" => index == 0 && path == "/",
            "." | ".." => false,
            _ => true,
        })
}

fn query_names(operation: &Operation) -> Vec<String> {
    let parameters = operation.parameters.iter();
    let of_query = parameters.filter(|parameter| parameter.parameter_in == ParameterIn::Query);
    of_query.map(|parameter| parameter.name.clone()).collect()
}

fn allow(routes: &[Route]) -> HeaderValue {
    let mut methods: Vec<&str> = routes.iter().map(|route| route.method.as_str()).collect();
    if methods.contains(&"GET") {
        methods.push("HEAD");
    }
    methods.sort_unstable();
    // Names of methods are tokens, which a header can always hold.
    HeaderValue::try_from(methods.join(", ")).unwrap_or(HeaderValue::from_static(""))
}
