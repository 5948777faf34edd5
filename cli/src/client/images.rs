//! The operations about pictures.

use bytes::{Bytes, BytesMut};
use reqwest::Method;

use super::transport::{Body, Call};
use super::types::{Page, Picture, StoredImage};
use super::{Client, Error, PAGE_ITEMS};

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
    /// From this time on.
    pub(crate) start_date: Option<String>,
    /// Up to this time.
    pub(crate) end_date: Option<String>,
}

impl Client {
    /// Sends a picture to be kept.
    pub(crate) async fn upload_image(
        &self,
        picture: Picture,
        options: &UploadOptions,
    ) -> Result<StoredImage, Error> {
        let call = Call::new(Method::POST, &["images"]).body(form(&picture, &options.fields));
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
            .query("start_date", filter.start_date.as_deref())
            .query("end_date", filter.end_date.as_deref())
            .query("limit", Some(limit.min(PAGE_ITEMS)))
            .query("cursor", cursor);
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

/// A multipart form (RFC 7578), whole in memory: a signature covers it, and it may be sent again.
fn form(picture: &Picture, fields: &[(&'static str, String)]) -> Body {
    let boundary = boundary(picture, fields);
    let head = format!("--{boundary}\r\nContent-Disposition: form-data; name=");
    let mut bytes = BytesMut::with_capacity(picture.bytes.len() + 4 * 1024);
    for (name, text) in fields {
        bytes.extend_from_slice(format!("{head}\"{name}\"\r\n\r\n{text}\r\n").as_bytes());
    }
    let content_type = picture.content_type;
    let file = format!("{head}\"image\"; filename=\"picture\"\r\nContent-Type: {content_type}\r\n\r\n");
    bytes.extend_from_slice(file.as_bytes());
    bytes.extend_from_slice(&picture.bytes);
    bytes.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    Body { content_type: format!("multipart/form-data; boundary={boundary}").into(), bytes: bytes.freeze() }
}

/// A text that nothing in the form holds.
fn boundary(picture: &Picture, fields: &[(&'static str, String)]) -> String {
    let mut number = 0_u64;
    loop {
        let boundary = format!("prosopa-{number:016}");
        let is_in = |bytes: &[u8]| bytes.windows(boundary.len()).any(|window| window == boundary.as_bytes());
        if !is_in(&picture.bytes) && !fields.iter().any(|(_, text)| is_in(text.as_bytes())) {
            return boundary;
        }
        number += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// K3: a picture that holds what would end the form gets another boundary, the same whenever it is sent.
    #[test]
    fn a_boundary_is_in_nothing_that_is_sent() {
        let picture = |bytes: &'static [u8]| Picture { content_type: "image/png", bytes: bytes.into() };
        let plain = boundary(&picture(b"a picture"), &[]);
        assert_eq!(plain, "prosopa-0000000000000000");
        let fields = [("metadata", "prosopa-0000000000000001".to_owned())];
        let other = boundary(&picture(b"\r\n--prosopa-0000000000000000--"), &fields);
        assert_eq!(other, "prosopa-0000000000000002");
    }
}
