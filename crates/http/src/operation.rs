//! What one route is and needs, declared once.

use std::time::Duration;

use http::{Method, StatusCode};
use utoipa::{
    IntoParams, PartialSchema, ToSchema,
    openapi::{
        ObjectBuilder, Required, Type,
        path::{Parameter, ParameterIn},
    },
};

use prosopa_model::{Meter, Scope, Units};
use prosopa_problem::Code;

use crate::{idempotency::KEY_PATTERN, schema::Schemas};

/// Largest body of operations that take JSON, bytes.
const JSON_BYTES_MAX: usize = 64 * 1024;

/// Longest time an operation may take unless it says otherwise.
const DEADLINE: Duration = Duration::from_secs(15);

/// Who may call an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody; credentials are not looked at.
    Public,
    /// Anybody with the secret of the very resource, which the service checks: it comes as a bearer token.
    OwnSecret,
    /// Callers whose credential has the scope.
    Scope(Scope),
    /// Administrators whose credential has the scope `admin`.
    Administrator,
}

impl Access {
    /// The scope that the credential must have; none where no account calls.
    pub const fn scope(self) -> Option<Scope> {
        match self {
            Self::Public | Self::OwnSecret => None,
            Self::Scope(scope) => Some(scope),
            Self::Administrator => Some(Scope::Admin),
        }
    }
}

/// One media type of a request body.
#[derive(Debug, Clone)]
pub struct RequestContent {
    /// For example `application/json`.
    pub media_type: &'static str,
    /// Schema of the content; absent for plain bytes.
    pub schema: Option<Schemas>,
}

/// The answer of success.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// What it means.
    pub description: &'static str,
    /// Media types, each with a schema unless it is plain bytes.
    pub content: Vec<(&'static str, Option<Schemas>)>,
}

/// One route: how it is addressed, who may call it, what it costs, what it takes and gives.
#[derive(Clone)]
pub struct Operation {
    /// Name of the handler, `verb_resource`; unique within a service.
    pub id: &'static str,
    /// HTTP method.
    pub method: Method,
    /// Path template such as `/api/v1/images/{id}/content`.
    pub path: &'static str,
    /// One line for the documentation.
    pub summary: &'static str,
    /// Who may call it.
    pub access: Access,
    /// What it counts as, apart from the bytes of its body; nothing where it is rate-limited only.
    pub units: Units,
    /// Longest time from the request's head to the answer's head.
    pub deadline: Duration,
    /// Largest body, bytes.
    pub body_bytes_max: usize,
    /// Whether pages of other sites may not make a browser call it, though it needs no credentials: it leaves a credential
    /// in the browser.
    pub is_same_origin: bool,
    /// Whether a repetition changes nothing, so that it may be retried.
    pub is_idempotent: bool,
    /// Whether bodies may hold secrets or tell who somebody is, so that no log ever has them.
    pub has_secret_content: bool,
    /// Path and query parameters.
    pub parameters: Vec<Parameter>,
    /// Accepted bodies; empty where there is none.
    pub request: Vec<RequestContent>,
    /// The answer of success.
    pub answer: Answer,
    /// The answer 202 to who prefers not to wait; its `Location` is where to ask for the result.
    pub accepted: Option<Answer>,
    /// The answer 200 where what was to be made is there already.
    pub existing: Option<Answer>,
    /// Whether the answer of success names the address of what was created.
    pub has_location: bool,
    /// Problems it may answer with beside those that every operation has.
    pub problems: Vec<Code>,
}

impl Operation {
    /// A reading operation.
    pub fn get(id: &'static str, path: &'static str) -> Self {
        Self::new(id, Method::GET, path, true)
    }

    /// A creating operation.
    pub fn post(id: &'static str, path: &'static str) -> Self {
        Self::new(id, Method::POST, path, false)
    }

    /// An operation that makes or replaces what its path names.
    pub fn put(id: &'static str, path: &'static str) -> Self {
        Self::new(id, Method::PUT, path, true)
    }

    /// An operation that gives what its path names other values, the same however often it is repeated.
    pub fn patch(id: &'static str, path: &'static str) -> Self {
        Self::new(id, Method::PATCH, path, true)
    }

    /// A deleting operation.
    pub fn delete(id: &'static str, path: &'static str) -> Self {
        Self::new(id, Method::DELETE, path, true)
    }

    fn new(id: &'static str, method: Method, path: &'static str, is_idempotent: bool) -> Self {
        Self {
            id,
            method,
            path,
            summary: "",
            access: Access::Public,
            units: Units::NONE,
            deadline: DEADLINE,
            body_bytes_max: 0,
            is_same_origin: false,
            is_idempotent,
            has_secret_content: false,
            parameters: Vec::new(),
            request: Vec::new(),
            answer: Answer { status: StatusCode::NO_CONTENT, description: "Done", content: Vec::new() },
            accepted: None,
            existing: None,
            has_location: false,
            problems: Vec::new(),
        }
    }

    /// One line for the documentation.
    #[must_use]
    pub const fn summary(mut self, summary: &'static str) -> Self {
        self.summary = summary;
        self
    }

    /// Demands a credential with this scope.
    #[must_use]
    pub const fn scope(mut self, scope: Scope) -> Self {
        self.access = Access::Scope(scope);
        self
    }

    /// Demands an administrator whose credential has the scope `admin`.
    #[must_use]
    pub const fn administrator(mut self) -> Self {
        self.access = Access::Administrator;
        self
    }

    /// Demands the secret of the very resource, as a bearer token.
    #[must_use]
    pub const fn own_secret(mut self) -> Self {
        self.access = Access::OwnSecret;
        self
    }

    /// Refuses calls that the page of another site makes a browser send.
    #[must_use]
    pub const fn same_origin(mut self) -> Self {
        self.is_same_origin = true;
        self
    }

    /// Keeps its bodies, both ways, out of every log.
    #[must_use]
    pub const fn secret_content(mut self) -> Self {
        self.has_secret_content = true;
        self
    }

    /// Counts each call as `weight` metered requests.
    #[must_use]
    pub const fn metered(mut self, weight: u32) -> Self {
        self.units = self.units.with(Meter::Requests, weight as u64);
        self
    }

    /// Counts each call as so much of another meter.
    #[must_use]
    pub const fn counting(mut self, meter: Meter, amount: u32) -> Self {
        self.units = self.units.with(meter, amount as u64);
        self
    }

    /// Longest time from the request's head to the answer's head.
    #[must_use]
    pub const fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Largest body, bytes.
    #[must_use]
    pub const fn body_bytes_max(mut self, bytes: usize) -> Self {
        self.body_bytes_max = bytes;
        self
    }

    /// Declares the parameter `{id}` of the path.
    #[must_use]
    pub fn path_id(self, description: &str) -> Self {
        self.path_text("id", description)
    }

    /// Declares another parameter of the path.
    #[must_use]
    pub fn path_text(mut self, name: &str, description: &str) -> Self {
        let mut parameter = Parameter::new(name);
        parameter.parameter_in = ParameterIn::Path;
        parameter.description = Some(description.to_owned());
        parameter.schema = Some(String::schema());
        self.parameters.push(parameter);
        self
    }

    /// Declares the query parameters of `T`.
    #[must_use]
    pub fn query<T: IntoParams>(mut self) -> Self {
        self.parameters.extend(T::into_params(|| Some(ParameterIn::Query)));
        self
    }

    /// Takes a JSON body.
    #[must_use]
    pub fn json_request<T: ToSchema>(mut self) -> Self {
        self.body_bytes_max = self.body_bytes_max.max(JSON_BYTES_MAX);
        let schema = Some(Schemas::of::<T>());
        self.request.push(RequestContent { media_type: "application/json", schema });
        self
    }

    /// Takes a multipart form described by `T`.
    #[must_use]
    pub fn form_request<T: ToSchema>(mut self) -> Self {
        let schema = Some(Schemas::of::<T>());
        self.request.push(RequestContent { media_type: "multipart/form-data", schema });
        self
    }

    /// Takes plain bytes of one of these media types.
    #[must_use]
    pub fn bytes_request(mut self, media_types: &[&'static str]) -> Self {
        self.request.extend(media_types.iter().map(|media_type| RequestContent { media_type, schema: None }));
        self
    }

    /// Answers with JSON.
    #[must_use]
    pub fn json_answer<T: ToSchema>(self, status: StatusCode, description: &'static str) -> Self {
        self.schema_answer(status, description, Schemas::of::<T>())
    }

    /// Answers with a [`Page`](crate::Page) of `T`.
    #[must_use]
    pub fn page_answer<T: ToSchema>(self, description: &'static str) -> Self {
        self.schema_answer(StatusCode::OK, description, Schemas::page_of::<T>())
    }

    /// Answers with a [`NumberedPage`](crate::NumberedPage) of `T`.
    #[must_use]
    pub fn numbered_page_answer<T: ToSchema>(self, description: &'static str) -> Self {
        self.schema_answer(StatusCode::OK, description, Schemas::numbered_page_of::<T>())
    }

    fn schema_answer(mut self, status: StatusCode, description: &'static str, schemas: Schemas) -> Self {
        self.answer = Answer { status, description, content: vec![("application/json", Some(schemas))] };
        self
    }

    /// Answers with 202, a `Location` and JSON to who sends `Prefer: respond-async`, or whose `Prefer: wait` is over
    /// (RFC 7240).
    #[must_use]
    pub fn accepted_answer<T: ToSchema>(mut self, description: &'static str) -> Self {
        let content = vec![("application/json", Some(Schemas::of::<T>()))];
        self.accepted = Some(Answer { status: StatusCode::ACCEPTED, description, content });
        let mut prefer = Parameter::new("Prefer");
        prefer.parameter_in = ParameterIn::Header;
        prefer.description =
            Some("`respond-async` to be answered 202 at once, `wait=SECONDS` to wait that long.".to_owned());
        prefer.required = Required::False;
        prefer.schema = Some(String::schema());
        self.parameters.push(prefer);
        self
    }

    /// Answers with 200 and JSON where what was to be made is there already.
    #[must_use]
    pub fn existing_answer<T: ToSchema>(mut self, description: &'static str) -> Self {
        let content = vec![("application/json", Some(Schemas::of::<T>()))];
        self.existing = Some(Answer { status: StatusCode::OK, description, content });
        self
    }

    /// Takes an `Idempotency-Key`: sent again, the request is answered with what it made the first time.
    #[must_use]
    pub fn keyed(mut self) -> Self {
        let mut key = Parameter::new("Idempotency-Key");
        key.parameter_in = ParameterIn::Header;
        let description = "Names this request for 24 hours: sent again with the same key and content, it is done once, and \
                           answered with what it made, with `Idempotent-Replayed: true`, without charge; with 404 where that is deleted.";
        key.description = Some(description.to_owned());
        key.required = Required::False;
        let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some(KEY_PATTERN));
        key.schema = Some(text.into());
        self.parameters.push(key);
        self.problems.extend([Code::IdempotencyKeyInUse, Code::IdempotencyKeyReused, Code::NotFound]);
        self
    }

    /// Answers with plain bytes of one of these media types.
    #[must_use]
    pub fn bytes_answer(mut self, media_types: &[&'static str], description: &'static str) -> Self {
        let content = media_types.iter().map(|media_type| (*media_type, None)).collect();
        self.answer = Answer { status: StatusCode::OK, description, content };
        self
    }

    /// Takes the connection over (101, RFC 6455); `messages` says what goes over it.
    #[must_use]
    pub fn upgrades(mut self, messages: &'static str) -> Self {
        self.answer =
            Answer { status: StatusCode::SWITCHING_PROTOCOLS, description: messages, content: Vec::new() };
        self
    }

    /// Declares that the answer of success, a 201, carries `Location`.
    #[must_use]
    pub const fn location(mut self) -> Self {
        self.has_location = true;
        self
    }

    /// Problems it may answer with beside those that every operation has.
    #[must_use]
    pub fn problems(mut self, codes: &[Code]) -> Self {
        self.problems.extend_from_slice(codes);
        self
    }

    /// Every problem it may answer with.
    pub fn all_problems(&self) -> Vec<Code> {
        let mut codes = vec![
            Code::MalformedRequest,
            Code::RateLimited,
            Code::Internal,
            Code::BadGateway,
            Code::Unavailable,
            Code::DeadlineExceeded,
            Code::StorageFull,
        ];
        if self.access.scope().is_some() {
            codes.extend([Code::Unauthenticated, Code::TokenExpired, Code::Forbidden]);
        }
        if self.is_same_origin || (self.access.scope().is_some() && !self.method.is_safe()) {
            codes.push(Code::CsrfRefused);
        }
        if !self.units.is_nothing() {
            codes.push(Code::QuotaExceeded);
        }
        if self.request.is_empty() {
            codes.push(Code::BodyTooLarge);
        } else {
            codes.extend([Code::BodyTooLarge, Code::UnsupportedMediaType, Code::ValidationFailed]);
        }
        if self.parameters.iter().any(|parameter| parameter.parameter_in == ParameterIn::Path) {
            codes.push(Code::NotFound);
        }
        if self.parameters.iter().any(|parameter| parameter.parameter_in == ParameterIn::Query) {
            codes.push(Code::ValidationFailed);
        }
        codes.extend_from_slice(&self.problems);
        codes.sort_unstable();
        codes.dedup();
        codes
    }
}
