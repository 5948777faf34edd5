//! The part of a request's path that is the signature's: whose it is, and that its content is the one that was signed.

use axum::{body::Body, extract::Request};
use http_body::Body as _;
use http_body_util::{BodyExt, LengthLimitError, Limited};

use prosopa_http::signatures::{ContentDigest, ContentDigestBody};
use prosopa_model::Principal;
use prosopa_runtime::Network;

use crate::{
    authentication::take_credential,
    error::Refusal,
    exchange::{Charge, Exchange},
    routes::Route,
    signatures::{SignatureRefusal, Signatures, Signed},
};

use super::Edge;

impl Edge {
    /// Who signed a request that claims to be signed. Its body then ends with an error unless it has its digest.
    pub(super) async fn authenticate_signed(
        &self,
        route: &Route,
        request: &mut Request,
        network: Network,
        exchange: &mut Exchange<'_>,
    ) -> Result<Principal, Refusal> {
        if take_credential(request.headers_mut()).is_ok_and(|found| found.is_none()) {
            let (parts, body) = std::mem::take(request).into_parts();
            let verified = self.signatures.verify(&parts).await;
            *request = Request::from_parts(parts, body);
            Signatures::remove(request.headers_mut());
            let Signed { principal, body_digest } = match verified {
                Ok(signed) => signed,
                Err(refusal) => return Err(self.refuse_signature(refusal, network, exchange).await),
            };
            return match check_content(route, request, body_digest).await {
                Ok(()) => Ok(principal),
                Err(ContentError::TooLarge) => Err(Refusal::BodyTooLarge { bytes_max: 0 }),
                Err(ContentError::False) => Err(self.refuse_content(network, exchange).await),
            };
        }
        self.limit_network(network, exchange).await?;
        Err(Refusal::Malformed("send a signature or another credential, not both"))
    }

    /// The content is not the one that was signed. The service has committed nothing, since it was told so instead of the
    /// last of it; so it costs nothing.
    pub(super) async fn refuse_content(&self, network: Network, exchange: &mut Exchange<'_>) -> Refusal {
        let refusal = SignatureRefusal::FalseContent;
        self.signatures.count(&refusal);
        if let Some(Charge { reservation, .. }) = exchange.charge.take() {
            exchange.standing.quota = Some(reservation.refund().await);
        }
        self.refuse_signature(refusal, network, exchange).await
    }

    async fn refuse_signature(
        &self,
        refusal: SignatureRefusal,
        network: Network,
        exchange: &mut Exchange<'_>,
    ) -> Refusal {
        match refusal {
            SignatureRefusal::Lost(_) => Refusal::VerifierLost(refusal.to_string()),
            _ => self.refuse_guess(network, exchange, Refusal::SignatureRefused(refusal)).await,
        }
    }
}

enum ContentError {
    /// There is one where there must be none.
    TooLarge,
    False,
}

/// Checks the content where there is none, or where the operation takes none and would not read it; what is left to the
/// service is checked while it is read.
async fn check_content(
    route: &Route,
    request: &mut Request,
    digest: ContentDigest,
) -> Result<(), ContentError> {
    let body = std::mem::take(request.body_mut());
    if body.is_end_stream() {
        let is_right = digest == ContentDigest::of(b"");
        return if is_right { Ok(()) } else { Err(ContentError::False) };
    }
    let body = ContentDigestBody::new(body, digest);
    if route.body_bytes_max > 0 {
        *request.body_mut() = Body::new(body);
        return Ok(());
    }
    let mut body = Limited::new(body, 0);
    while let Some(frame) = body.frame().await {
        frame.map_err(|error| {
            if error.is::<LengthLimitError>() { ContentError::TooLarge } else { ContentError::False }
        })?;
    }
    Ok(())
}
