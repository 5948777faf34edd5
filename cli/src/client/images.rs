//! The operations about pictures.

use bytes::Bytes;
use reqwest::Method;

use super::form::{Value, form};
use super::transport::Call;
use super::types::{Page, Picture, StoredImage};
use super::{Client, Error, Period};

/// What is said of a picture that is sent to be kept: the form's fields beside it.
#[derive(Debug, Default, Clone)]
pub(crate) struct UploadOptions {
    /// Names and texts.
    pub(crate) fields: Vec<(&'static str, String)>,
}

/// What narrows a list of pictures.
#[derive(Debug, Default)]
pub(crate) struct ImageFilter {
    /// What they are of.
    pub(crate) kind: Option<&'static str>,
    /// The person.
    pub(crate) subject: Option<String>,
    /// When they were sent.
    pub(crate) period: Period,
}

impl Client {
    /// Sends a picture to be kept.
    pub(crate) async fn upload_image(
        &self,
        picture: Picture,
        options: &UploadOptions,
    ) -> Result<StoredImage, Error> {
        let fields = options.fields.iter().map(|(name, text)| (*name, Value::Text(text.clone())));
        let fields: Vec<_> = fields.chain([("image", Value::Picture(&picture))]).collect();
        let call = Call::new(Method::POST, &["images"]).body(form(&fields));
        self.authorized(call).await?.document()
    }

    /// A page of pictures, newest first, with at most so many items.
    pub(crate) async fn images(
        &self,
        filter: &ImageFilter,
        limit: usize,
        cursor: Option<&str>,
    ) -> Result<Page<StoredImage>, Error> {
        let call = Call::new(Method::GET, &["images"])
            .query("type", filter.kind)
            .query("subject_id", filter.subject.as_deref())
            .page(&filter.period, limit, cursor);
        self.authorized(call).await?.document()
    }

    /// What is known of a picture.
    pub(crate) async fn image(&self, id: &str) -> Result<StoredImage, Error> {
        self.authorized(Call::new(Method::GET, &["images", id])).await?.document()
    }

    /// A picture's bytes.
    pub(crate) async fn image_content(&self, id: &str) -> Result<Bytes, Error> {
        Ok(self.authorized(Call::new(Method::GET, &["images", id, "content"])).await?.into_bytes())
    }

    /// Deletes a picture with all that was found in it.
    pub(crate) async fn delete_image(&self, id: &str) -> Result<(), Error> {
        self.authorized(Call::new(Method::DELETE, &["images", id])).await.map(drop)
    }
}
