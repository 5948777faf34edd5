//! What a signature can cover (RFC 9421 section 2): names and parameters, without a request's values.

use http::HeaderName;
use sfv::BareItem;

use super::{
    error::SignatureError,
    field::{Item, serialize_item},
};

/// Longest name of a component, and of a query parameter in it; names that are longer are nobody's.
const NAME_LEN_MAX: usize = 128;

/// A covered component.
#[derive(Debug, Clone)]
pub(super) struct Component {
    pub(super) kind: Kind,
    /// The name with its parameters as the signature base has it.
    pub(super) identifier: String,
}

/// Where the value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Method,
    Authority,
    Scheme,
    TargetUri,
    RequestTarget,
    Path,
    Query,
    /// The query parameter of this percent-encoded name.
    QueryParam(String),
    /// A field as it is.
    Field(HeaderName),
    /// A field's lines, each as bytes: `;bs`.
    FieldBytes(HeaderName),
    /// A member of a field that is a dictionary: `;key`.
    FieldMember(HeaderName, String),
}

impl Component {
    /// Reads an item of the inner list of `Signature-Input`.
    ///
    /// `;sf` is refused, since it needs the type of every field; `;req`, since nothing but requests is verified;
    /// `;tr`, since trailers come behind the body.
    pub(super) fn parse(item: &Item) -> Result<Self, SignatureError> {
        let BareItem::String(name) = &item.value else {
            return Err(SignatureError::Malformed("signature-input"));
        };
        let name = name.as_str();
        let kind = kind_of(name, item)
            .ok_or_else(|| SignatureError::UnsupportedComponent(name.chars().take(NAME_LEN_MAX).collect()))?;
        Ok(Self { kind, identifier: serialize_item(&item.value, &item.parameters) })
    }

    /// The name, for errors.
    pub(super) fn name(&self) -> String {
        self.kind.name().to_owned()
    }
}

impl Kind {
    fn name(&self) -> &str {
        match self {
            Self::Method => "@method",
            Self::Authority => "@authority",
            Self::Scheme => "@scheme",
            Self::TargetUri => "@target-uri",
            Self::RequestTarget => "@request-target",
            Self::Path => "@path",
            Self::Query => "@query",
            Self::QueryParam(_) => "@query-param",
            Self::Field(name) | Self::FieldBytes(name) | Self::FieldMember(name, _) => name.as_str(),
        }
    }
}

fn kind_of(name: &str, item: &Item) -> Option<Kind> {
    if name.len() > NAME_LEN_MAX {
        return None;
    }
    let parameter = match item.parameters.as_slice() {
        [] => None,
        [(key, value)] => Some((key.as_str(), value)),
        // No two parameters go together here, and none may come twice.
        [_, _, ..] => return None,
    };
    if name.starts_with('@') {
        return derived(name, parameter);
    }
    // Names are given in lower case (RFC 9421 section 2.1).
    let field = HeaderName::from_lowercase(name.as_bytes()).ok()?;
    match parameter {
        None => Some(Kind::Field(field)),
        Some(("bs", BareItem::Boolean(true))) => Some(Kind::FieldBytes(field)),
        Some(("key", BareItem::String(key))) => Some(Kind::FieldMember(field, key.as_str().to_owned())),
        Some(_) => None,
    }
}

fn derived(name: &str, parameter: Option<(&str, &BareItem)>) -> Option<Kind> {
    match (name, parameter) {
        ("@method", None) => Some(Kind::Method),
        ("@authority", None) => Some(Kind::Authority),
        ("@scheme", None) => Some(Kind::Scheme),
        ("@target-uri", None) => Some(Kind::TargetUri),
        ("@request-target", None) => Some(Kind::RequestTarget),
        ("@path", None) => Some(Kind::Path),
        ("@query", None) => Some(Kind::Query),
        ("@query-param", Some(("name", BareItem::String(name)))) => {
            let name = name.as_str();
            (name.len() <= NAME_LEN_MAX).then(|| Kind::QueryParam(name.to_owned()))
        }
        // Among them @status, which only answers have, and @signature-params, which is always covered.
        _ => None,
    }
}
