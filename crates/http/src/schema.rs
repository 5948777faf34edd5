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
