//! The operations about verifications: whether a document is its holder's.

use reqwest::Method;

use super::sources::{Given, Members};
use super::transport::Call;
use super::types::{Page, Verification, VerificationSummary};
use super::{Client, Error, Period};

/// What a verification is of.
pub(crate) struct VerificationRequest {
    /// A document that was read, or a picture of its front.
    pub(crate) document: Given,
    /// A picture of its back.
    pub(crate) document_back: Option<Given>,
    /// A picture of who says to be its holder.
    pub(crate) selfie: Given,
    /// The false match rate that is accepted.
    pub(crate) max_fmr: Option<f64>,
}

impl Client {
    /// Checks a document against a selfie.
    pub(crate) async fn verify(&self, request: &VerificationRequest) -> Result<Verification, Error> {
        let mut members = Members::default();
        members.given.push(("document", &request.document));
        members.given.extend(request.document_back.as_ref().map(|back| ("document_back", back)));
        members.given.push(("selfie", &request.selfie));
        members.settings.extend(request.max_fmr.map(|rate| ("max_fmr", rate.into())));
        let call = members.add_to(Call::new(Method::POST, &["verifications"]))?;
        self.authorized(call).await?.document()
    }

    /// A page of verifications, newest first, with at most so many items.
    pub(crate) async fn verifications(
        &self,
        period: &Period,
        limit: usize,
        cursor: Option<&str>,
    ) -> Result<Page<VerificationSummary>, Error> {
        let call = Call::new(Method::GET, &["verifications"]).page(period, limit, cursor);
        self.authorized(call).await?.document()
    }

    /// One verification.
    pub(crate) async fn verification(&self, id: &str) -> Result<Verification, Error> {
        self.authorized(Call::new(Method::GET, &["verifications", id])).await?.document()
    }

    /// Deletes a verification.
    pub(crate) async fn delete_verification(&self, id: &str) -> Result<(), Error> {
        self.authorized(Call::new(Method::DELETE, &["verifications", id])).await.map(drop)
    }
}
