//! The operations about documents.

use reqwest::Method;

use super::sources::{Given, Members};
use super::transport::Call;
use super::types::{Document, DocumentSummary, Page};
use super::{Client, Error, Period};

impl Client {
    /// Reads a document from a picture of its front, and one of its back if it has one.
    pub(crate) async fn read_document(&self, front: &Given, back: Option<&Given>) -> Result<Document, Error> {
        let mut members = Members::default();
        members.given.push(("front", front));
        members.given.extend(back.map(|back| ("back", back)));
        let call = members.add_to(Call::new(Method::POST, &["documents"]))?;
        self.authorized(call).await?.document()
    }

    /// A page of documents, newest first, with at most so many items.
    pub(crate) async fn documents(
        &self,
        period: &Period,
        limit: usize,
        cursor: Option<&str>,
    ) -> Result<Page<DocumentSummary>, Error> {
        let call = Call::new(Method::GET, &["documents"]).page(period, limit, cursor);
        self.authorized(call).await?.document()
    }

    /// One document.
    pub(crate) async fn document(&self, id: &str) -> Result<Document, Error> {
        self.authorized(Call::new(Method::GET, &["documents", id])).await?.document()
    }

    /// Deletes what was read from a document.
    pub(crate) async fn delete_document(&self, id: &str) -> Result<(), Error> {
        self.authorized(Call::new(Method::DELETE, &["documents", id])).await.map(drop)
    }
}
