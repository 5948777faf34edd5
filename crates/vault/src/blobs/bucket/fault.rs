//! What the S3 server's errors mean.
//!
//! The client gives the server's answer as text only; what is looked for in it is the protocol's own: the code of the
//! error document, and the status.

use std::{error::Error, time::Duration};

use object_store::Error as StoreError;

use crate::BlobError;

/// Codes and statuses by which servers say that there is no room.
const FULL: [&str; 5] = [
    "<Code>QuotaExceeded</Code>",
    "<Code>XMinioStorageFull</Code>",
    "<Code>XMinioAdminBucketQuotaExceeded</Code>",
    "<Code>InsufficientStorage</Code>",
    "status code: 507",
];

/// Codes that only an operator can mend, whatever their status.
const REFUSED: [&str; 7] = [
    "<Code>NoSuchBucket</Code>",
    "<Code>AccessDenied</Code>",
    "<Code>InvalidAccessKeyId</Code>",
    "<Code>SignatureDoesNotMatch</Code>",
    "<Code>AuthorizationHeaderMalformed</Code>",
    "<Code>PermanentRedirect</Code>",
    "<Code>InvalidBucketName</Code>",
];

/// Longest text of a server that goes into our own.
const TEXT_CHARS_MAX: usize = 200;

/// Whether there is no such object: a bucket that is not there answers with the same status.
pub(super) fn is_missing(error: &StoreError) -> bool {
    matches!(error, StoreError::NotFound { .. }) && !has_any(&error.to_string(), &REFUSED)
}

/// What callers are told.
pub(super) fn judge(error: &StoreError) -> BlobError {
    let text = error.to_string();
    let is_denied = matches!(error, StoreError::PermissionDenied { .. } | StoreError::Unauthenticated { .. });
    if has_any(&text, &FULL) {
        return BlobError::Full(describe(error, &text).into_string().into());
    }
    if is_denied || has_any(&text, &REFUSED) {
        return BlobError::Refused(describe(error, &text));
    }
    BlobError::Unavailable(describe(error, &text))
}

/// There was no answer within this time.
pub(super) fn late(limit: Duration) -> BlobError {
    BlobError::Unavailable(format!("no answer within {} ms", limit.as_millis()).into())
}

fn has_any(text: &str, codes: &[&str]) -> bool {
    codes.iter().any(|code| text.contains(code))
}

/// The server's code and message, else what lies deepest. Not the whole document: it may repeat the request.
fn describe(error: &StoreError, text: &str) -> Box<str> {
    let said = match (element(text, "Code"), element(text, "Message")) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        _ => deepest(error),
    };
    said.chars().take(TEXT_CHARS_MAX).collect::<String>().into()
}

fn element<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    rest.split_once("</").map(|(content, _)| content)
}

fn deepest(error: &StoreError) -> String {
    let mut deepest: &dyn Error = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}
