//! The schema of one type together with those it refers to.

use serde_json::{Map, Value, json};
use utoipa::{PartialSchema, ToSchema, openapi::RefOr};

/// What references to named schemas begin with.
const REFERENCE: &str = "#/components/schemas/";

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
                json!({ "$ref": format!("{REFERENCE}{name}") })
            }
        };
        let named: Map<_, _> = collected.into_iter().map(|(name, schema)| (name, json!(schema))).collect();
        let whole = named.iter().map(|(name, schema)| (name.clone(), with_closed_parts(schema, &named)));
        Self { root, named: whole.collect() }
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
        let root = json!({ "$ref": format!("{REFERENCE}{name}") });
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
        let root = json!({ "$ref": format!("{REFERENCE}{name}") });
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

/// A type with a flattened part is written as `allOf` of the part and the rest. Where the part takes no other members, no
/// value would fit both, so the members of all parts are listed in one object instead.
fn with_closed_parts(schema: &Value, named: &Map<String, Value>) -> Value {
    let Some(parts) = schema["allOf"].as_array() else { return schema.clone() };
    let resolved = parts.iter().map(|part| {
        let name = part["$ref"].as_str().and_then(|reference| reference.strip_prefix(REFERENCE));
        name.map_or(Some(part), |name| named.get(name))
    });
    let Some(resolved) = resolved.collect::<Option<Vec<_>>>() else { return schema.clone() };
    if !resolved.iter().any(|part| part["additionalProperties"] == false) {
        return schema.clone();
    }
    let properties = resolved.iter().filter_map(|part| part["properties"].as_object()).flatten();
    let properties: Map<_, _> = properties.map(|(name, member)| (name.clone(), member.clone())).collect();
    let required = resolved.iter().filter_map(|part| part["required"].as_array()).flatten();
    let required: Vec<_> = required.cloned().collect();
    let mut whole = json!({ "type": "object", "properties": properties, "required": required });
    if let Some(description) = schema.get("description") {
        whole["description"] = description.clone();
    }
    whole
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

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Serialize, Deserialize, ToSchema)]
    #[serde(deny_unknown_fields)]
    struct Wish {
        colour: String,
    }

    #[derive(Serialize, ToSchema)]
    struct Thing {
        id: u32,
        #[serde(flatten)]
        wish: Wish,
    }

    /// F13: an answer that repeats a request fits its own schema.
    #[test]
    fn a_closed_part_leaves_room_for_the_rest() {
        let schemas = Schemas::of::<Thing>();
        let thing = &schemas.named()["Thing"];
        let names: Vec<_> = thing["properties"].as_object().unwrap().keys().collect();
        assert_eq!(names, ["colour", "id"], "{thing}");
        assert!(thing.get("additionalProperties").is_none() && thing.get("allOf").is_none(), "{thing}");
        let mut required: Vec<_> =
            thing["required"].as_array().unwrap().iter().map(Value::to_string).collect();
        required.sort();
        assert_eq!(required, ["\"colour\"", "\"id\""]);
        assert_eq!(schemas.named()["Wish"]["additionalProperties"], false);
    }
}
