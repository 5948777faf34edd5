//! Pictures that a request is about: kept pictures are named in JSON; pictures that are sent lie in a form with the same
//! names.

use serde_json::Map;

use super::Error;
use super::form::{Value, form};
use super::transport::Call;
use super::types::Picture;

/// What a request is about.
#[derive(Clone)]
pub(crate) enum Given {
    /// What is kept on the server: its id.
    Kept(String),
    /// A picture that is sent, and kept then.
    Sent(Picture),
}

/// A request's members: pictures, of which several may have one name, and settings.
#[derive(Default)]
pub(super) struct Members<'a> {
    /// What it is about.
    pub(super) given: Vec<(&'static str, &'a Given)>,
    /// How it is wanted.
    pub(super) settings: Vec<(&'static str, serde_json::Value)>,
}

impl Given {
    fn kept(&self) -> Option<&str> {
        match self {
            Self::Kept(id) => Some(id),
            Self::Sent(_) => None,
        }
    }

    fn value(&self) -> Value<'_> {
        match self {
            Self::Kept(id) => Value::Text(id.clone()),
            Self::Sent(picture) => Value::Picture(picture),
        }
    }
}

impl Members<'_> {
    /// The call with these members in its body.
    pub(super) fn add_to(self, call: Call) -> Result<Call, Error> {
        let ids: Option<Vec<_>> =
            self.given.iter().map(|(name, given)| given.kept().map(|id| (*name, id))).collect();
        if let Some(ids) = ids {
            let mut members = Map::new();
            for (name, id) in ids {
                add_id(&mut members, name, id);
            }
            members.extend(self.settings.into_iter().map(|(name, value)| (name.to_owned(), value)));
            return call.json(&members);
        }
        let pictures = self.given.iter().map(|(name, given)| (*name, given.value()));
        let settings = self.settings.iter().map(|(name, value)| (*name, Value::Text(value.to_string())));
        Ok(call.body(form(&pictures.chain(settings).collect::<Vec<_>>())))
    }
}

/// An id alone is a text, several of one name are a list.
fn add_id(members: &mut Map<String, serde_json::Value>, name: &str, id: &str) {
    match members.get_mut(name) {
        None => {
            members.insert(name.to_owned(), id.into());
        }
        Some(serde_json::Value::Array(ids)) => ids.push(id.into()),
        Some(first) => *first = vec![first.take(), id.into()].into(),
    }
}
