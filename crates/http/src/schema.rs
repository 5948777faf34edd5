//! The schema of one type together with those it refers to.

use serde_json::{Map, Value, json};
use utoipa::{PartialSchema, ToSchema, openapi::RefOr};

/// The schema of a type and of every named type inside it, as JSON.
#[derive(Debug, Clone)]
pub struct Schemas {
    root: Value,
    named: Map<String, Value>,
}

impl Schemas {
    /// Collects the schemas of `T`.
    pub(crate) fn of<T: ToSchema>() -> Self {
        let mut collected = Vec::new();
        T::schemas(&mut collected);
        let root = match T::schema() {
            RefOr::Ref(reference) => json!(reference),
            inline => {
                let name = T::name().into_owned();
                collected.push((name.clone(), inline));
                json!({ "$ref": format!("#/components/schemas/{name}") })
            }
        };
        let named = collected.into_iter().map(|(name, schema)| (name, json!(schema))).collect();
        Self { root, named }
    }

    /// The schema of a [`Page`](crate::Page) of `T`, named after `T`.
    pub(crate) fn page_of<T: ToSchema>() -> Self {
        let Self { root: row, mut named } = Self::of::<T>();
        let name = format!("{}Page", T::name());
        let page = json!({
            "type": "object",
            "description": "One page of a list, newest first.",
            "required": ["items", "next_cursor"],
            "properties": {
                "items": { "type": "array", "items": row, "description": "The rows, newest first." },
                "next_cursor": {
                    "type": ["string", "null"],
                    "description": "Where the next page begins; null on the last page.",
                },
            },
        });
        let root = json!({ "$ref": format!("#/components/schemas/{name}") });
        named.insert(name, page);
        Self { root, named }
    }

    /// The schema of a [`NumberedPage`](crate::NumberedPage) of `T`, named after `T`.
    pub(crate) fn numbered_page_of<T: ToSchema>() -> Self {
        let Self { root: row, mut named } = Self::of::<T>();
        let name = format!("{}NumberedPage", T::name());
        let number = |minimum: u32, description: &str| json!({ "type": "integer", "format": "int64", "minimum": minimum, "description": description });
        let page = json!({
            "type": "object",
            "description": "One numbered page of a list.",
            "required": ["items", "page", "per_page", "total"],
            "properties": {
                "items": { "type": "array", "items": row, "description": "The rows, in the order asked for." },
                "page": number(1, "Which page it is; the first is 1."),
                "per_page": number(1, "Rows a full page has."),
                "total": number(0, "Rows of all pages together."),
            },
        });
        let root = json!({ "$ref": format!("#/components/schemas/{name}") });
        named.insert(name, page);
        Self { root, named }
    }

    /// The reference to put where the type is used.
    pub(crate) const fn root(&self) -> &Value {
        &self.root
    }

    /// The definitions, by name.
    pub(crate) const fn named(&self) -> &Map<String, Value> {
        &self.named
    }
}

/// Schema of plain bytes.
pub(crate) fn bytes() -> Value {
    // OpenAPI 3.1: unencoded binary content has no type of JSON schema.
    json!({})
}

/// Schema of a parameter whose type has no schema of its own.
pub(crate) fn text() -> Value {
    json!(String::schema())
}
