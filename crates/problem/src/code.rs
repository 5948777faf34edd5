//! The stable error codes, each with its HTTP status, title and page.

use http::StatusCode;

macro_rules! codes {
    ($($name:ident $text:literal $status:ident $title:literal;)*) => {
        /// What went wrong, in a form that programs may rely on.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code {
            $(#[doc = concat!("`", $text, "`: ", $title)] $name,)*
        }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The text form, used in `code` and in the address of the page.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// HTTP status of answers with this code.
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)* }
            }

            /// Short summary, the same for every occurrence.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }

            /// The page that explains the code, Markdown.
            pub const fn page(self) -> &'static str {
                match self { $(Self::$name => include_str!(concat!("../../../docs/errors/", $text, ".md")),)* }
            }
        }
    };
}

codes! {
    MalformedRequest "malformed-request" BAD_REQUEST "The request cannot be read";
    Unauthenticated "unauthenticated" UNAUTHORIZED "Valid credentials are needed";
    TokenExpired "token-expired" UNAUTHORIZED "The access token has expired";
    InvalidCredentials "invalid-credentials" UNAUTHORIZED "User name or password is wrong";
    Forbidden "forbidden" FORBIDDEN "The credentials do not allow this";
    CsrfRefused "csrf-refused" FORBIDDEN "The request may have been forged by another site";
    NotFound "not-found" NOT_FOUND "There is no such thing";
    MethodNotAllowed "method-not-allowed" METHOD_NOT_ALLOWED "The method does not exist here";
    UserNameTaken "user-name-taken" CONFLICT "The user name is taken";
    EmailTaken "email-taken" CONFLICT "The e-mail address is taken";
    LastAdministrator "last-administrator" CONFLICT "One administrator has to stay";
    PlanInUse "plan-in-use" CONFLICT "Somebody has the plan";
    PlanReadOnly "plan-read-only" CONFLICT "The plan is managed elsewhere";
    IdempotencyKeyInUse "idempotency-key-in-use" CONFLICT "The first request with this key is still at work";
    IdempotencyKeyReused "idempotency-key-reused" UNPROCESSABLE_ENTITY "The key came with another request before";
    RequestTimeout "request-timeout" REQUEST_TIMEOUT "The request did not arrive in time";
    UriTooLong "uri-too-long" URI_TOO_LONG "The address is too long";
    ExpectationFailed "expectation-failed" EXPECTATION_FAILED "The request expects what is not offered";
    HeadersTooLarge "headers-too-large" REQUEST_HEADER_FIELDS_TOO_LARGE "The header fields are too large";
    BodyTooLarge "body-too-large" PAYLOAD_TOO_LARGE "The body is too large";
    UnsupportedMediaType "unsupported-media-type" UNSUPPORTED_MEDIA_TYPE "The body's type is not supported";
    ValidationFailed "validation-failed" UNPROCESSABLE_ENTITY "Some values are not acceptable";
    ImageEmpty "image-empty" UNPROCESSABLE_ENTITY "The picture is empty";
    ImageUndecodable "image-undecodable" UNPROCESSABLE_ENTITY "The picture cannot be decoded";
    ImageAnimated "image-animated" UNPROCESSABLE_ENTITY "The picture is animated";
    ImageTooLarge "image-too-large" UNPROCESSABLE_ENTITY "The picture has too many pixels";
    RateLimited "rate-limited" TOO_MANY_REQUESTS "Requests come too fast";
    QuotaExceeded "quota-exceeded" TOO_MANY_REQUESTS "The quota is used up";
    Internal "internal" INTERNAL_SERVER_ERROR "Something went wrong here";
    BadGateway "bad-gateway" BAD_GATEWAY "A part of the service gave no valid answer";
    Overloaded "overloaded" SERVICE_UNAVAILABLE "The service is busy";
    Unavailable "unavailable" SERVICE_UNAVAILABLE "A part of the service cannot be reached";
    DeadlineExceeded "deadline-exceeded" GATEWAY_TIMEOUT "The answer took too long";
    StorageFull "storage-full" INSUFFICIENT_STORAGE "There is no room to store this";
    NoFace "no-face" UNPROCESSABLE_ENTITY "There is no face in the picture";
    SeveralFaces "several-faces" UNPROCESSABLE_ENTITY "There are several faces in the picture";
    NoDocument "no-document" UNPROCESSABLE_ENTITY "There is no document in the picture";
    SeveralDocuments "several-documents" UNPROCESSABLE_ENTITY "There are several documents in the picture";
    NotCalibrated "not-calibrated" NOT_IMPLEMENTED "The models do not say what distances mean";
}

impl Code {
    /// The code with this text form.
    pub fn find(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text)
    }

    /// Whether the same request may succeed later without a change.
    pub const fn is_retryable(self) -> bool {
        matches!(
            self,
            Self::RateLimited
                | Self::BadGateway
                | Self::Overloaded
                | Self::Unavailable
                | Self::StorageFull
                | Self::DeadlineExceeded
        )
    }

    /// Address of the page, relative to the server.
    pub fn page_path(self) -> String {
        format!("/api/docs/errors/{}", self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;

    #[test]
    fn every_code_has_a_page_that_begins_with_it() {
        for code in Code::ALL {
            let heading = format!("# {}\n", code.as_str());
            assert!(code.page().starts_with(&heading), "{}", code.as_str());
        }
    }

    #[test]
    fn every_page_belongs_to_a_code() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors");
        let pages: BTreeSet<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
            .filter(|stem| stem != "README")
            .collect();
        let codes: BTreeSet<String> = Code::ALL.iter().map(|code| code.as_str().to_owned()).collect();
        assert_eq!(pages, codes);
    }

    #[test]
    fn codes_are_read_back() {
        for code in Code::ALL {
            assert_eq!(Code::find(code.as_str()), Some(*code));
        }
    }
}
