//! The operation that compares faces: kept pictures are named in JSON; pictures that are sent lie in a form.

use reqwest::Method;
use serde_json::json;

use super::form::{Value, form};
use super::transport::{Body, Call};
use super::types::{Match, Picture};
use super::{Client, Error};

/// A picture to be compared.
#[derive(Clone)]
pub(crate) enum Compared {
    /// One that is kept on the server.
    Kept(String),
    /// One that is sent, and kept then.
    Sent(Picture),
}

/// How faces are compared.
#[derive(Debug, Clone, Default)]
pub(crate) struct MatchOptions {
    /// The false match rate that is accepted.
    pub(crate) max_fmr: Option<f64>,
    /// Whether pictures with several faces are refused.
    pub(crate) is_single: bool,
}

impl Client {
    /// Compares the face of one picture with those of others.
    pub(crate) async fn compare(
        &self,
        image_a: &Compared,
        images_b: &[Compared],
        options: &MatchOptions,
    ) -> Result<Match, Error> {
        let call = Call::new(Method::POST, &["faces", "matches"]);
        let kept: Option<Vec<&str>> = images_b.iter().map(Compared::kept).collect();
        let call = match (image_a.kept(), kept) {
            (Some(image_a), Some(images_b)) => call.json(&request(image_a, &images_b, options))?,
            _ => call.body(form_of(image_a, images_b, options)),
        };
        self.authorized(call).await?.document()
    }
}

impl Compared {
    fn value(&self) -> Value<'_> {
        match self {
            Self::Kept(id) => Value::Text(id.clone()),
            Self::Sent(picture) => Value::Picture(picture),
        }
    }

    fn kept(&self) -> Option<&str> {
        match self {
            Self::Kept(id) => Some(id),
            Self::Sent(_) => None,
        }
    }
}

fn request(image_a: &str, images_b: &[&str], options: &MatchOptions) -> serde_json::Value {
    let image_b = match images_b {
        [only] => json!(only),
        several => json!(several),
    };
    let mut request =
        json!({ "image_a": image_a, "image_b": image_b, "require_single_face": options.is_single });
    if let Some(max_fmr) = options.max_fmr {
        request["max_fmr"] = max_fmr.into();
    }
    request
}

fn form_of(image_a: &Compared, images_b: &[Compared], options: &MatchOptions) -> Body {
    let others = images_b.iter().map(|other| ("image_b", other));
    let pictures = std::iter::once(("image_a", image_a)).chain(others);
    let mut fields: Vec<_> = pictures.map(|(name, picture)| (name, picture.value())).collect();
    if let Some(max_fmr) = options.max_fmr {
        fields.push(("max_fmr", Value::Text(max_fmr.to_string())));
    }
    fields.push(("require_single_face", Value::Text(options.is_single.to_string())));
    form(&fields)
}
