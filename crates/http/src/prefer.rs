//! The header `Prefer` (RFC 7240): whether a caller wants to wait for an answer or to come back for it.

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::FromRequestParts,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts};
use serde::Serialize;

use prosopa_problem::Problem;

/// What the caller prefers.
pub const PREFER: HeaderName = HeaderName::from_static("prefer");

/// Which preferences were honoured.
pub const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// The preferences that are understood here; all others are ignored, as are values that cannot be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Preferences {
    /// Answer at once with 202 and the address where the result will be.
    pub respond_async: bool,
    /// How long the caller is ready to wait for the result itself.
    pub wait: Option<Duration>,
}

impl Preferences {
    /// Reads every `Prefer` header. Of a preference that is named more than once, the first counts (RFC 7240 section 2).
    pub fn read(headers: &HeaderMap) -> Self {
        let mut preferences = Self::default();
        let mut has_wait = false;
        for value in headers.get_all(PREFER).iter().filter_map(|value| value.to_str().ok()) {
            for element in split_unquoted(value, ',') {
                // Parameters of a preference are behind a semicolon; those read here have none.
                let preference = split_unquoted(element, ';').next().unwrap_or_default();
                let (name, value) = preference.split_once('=').unwrap_or((preference, ""));
                let (name, value) = (name.trim(), unquoted(value.trim()));
                if name.eq_ignore_ascii_case("respond-async") {
                    // An empty value is no value (section 2); one that means something else is not understood.
                    preferences.respond_async |= value.is_empty();
                } else if name.eq_ignore_ascii_case("wait") && !has_wait {
                    has_wait = true;
                    preferences.wait = parse_seconds(&value);
                }
            }
        }
        preferences
    }

    /// How long to wait before a 202 is answered: what the caller is ready to wait, at most `longest`.
    ///
    /// Without `wait` it is nothing for `respond-async` and `longest` for everybody else (section 4.3: both together
    /// mean to answer in time where that is possible).
    pub fn wait_at_most(&self, longest: Duration) -> Duration {
        let unless_said = if self.respond_async { Duration::ZERO } else { longest };
        self.wait.unwrap_or(unless_said).min(longest)
    }

    /// The header that says what was honoured; none if nothing was asked for.
    pub fn applied(&self) -> Option<(HeaderName, HeaderValue)> {
        let respond_async = self.respond_async.then(|| "respond-async".to_owned());
        let wait = self.wait.map(|wait| format!("wait={}", wait.as_secs()));
        let named: Vec<String> = respond_async.into_iter().chain(wait).collect();
        let value = HeaderValue::try_from(named.join(", ")).ok().filter(|value| !value.is_empty())?;
        Some((PREFERENCE_APPLIED, value))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Preferences {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self::read(&parts.headers))
    }
}

/// The answer 201: it was made, and lies at `location`.
pub fn created<T: Serialize>(location: &str, body: T) -> Result<Response, Problem> {
    let location = HeaderValue::try_from(location).map_err(Problem::internal)?;
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], axum::Json(body)).into_response())
}

/// The answer 202: the work goes on, and `location` is where to ask for it.
pub fn accepted<T: Serialize>(
    location: &str,
    preferences: Preferences,
    body: T,
) -> Result<Response, Problem> {
    let location = HeaderValue::try_from(location).map_err(Problem::internal)?;
    let mut response =
        (StatusCode::ACCEPTED, [(header::LOCATION, location)], axum::Json(body)).into_response();
    response.headers_mut().extend(preferences.applied());
    Ok(response)
}

/// Whole seconds; so many that they cannot be counted are as many as can.
fn parse_seconds(text: &str) -> Option<Duration> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| Duration::from_secs(text.parse::<u32>().unwrap_or(u32::MAX).into()))
}

/// The pieces between separators that stand in no quoted string (RFC 9110 section 5.6.4).
fn split_unquoted(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    text.split(move |character| {
        if is_escaped {
            is_escaped = false;
        } else if is_quoted && character == '\\' {
            is_escaped = true;
        } else if character == '"' {
            is_quoted = !is_quoted;
        } else {
            return !is_quoted && character == separator;
        }
        false
    })
}

/// A token as it is, a quoted string without its quotes and escapes.
fn unquoted(text: &str) -> String {
    let inside = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let Some(inside) = inside else { return text.to_owned() };
    let mut plain = String::with_capacity(inside.len());
    let mut characters = inside.chars();
    while let Some(character) = characters.next() {
        plain.extend(if character == '\\' { characters.next() } else { Some(character) });
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[&str]) -> (bool, Option<u64>) {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(PREFER, HeaderValue::from_str(value).unwrap());
        }
        let preferences = Preferences::read(&headers);
        (preferences.respond_async, preferences.wait.map(|wait| wait.as_secs()))
    }

    /// K6, RFC 7240 section 2: several headers and elements, in any case, with parameters and quotes.
    #[test]
    fn preferences_are_read_in_every_form() {
        assert_eq!(read(&[]), (false, None));
        assert_eq!(read(&["respond-async"]), (true, None));
        assert_eq!(read(&["Respond-Async, WAIT = 10"]), (true, Some(10)));
        assert_eq!(read(&["wait=\"10\"", "respond-async;x=\"a;b\""]), (true, Some(10)));
        assert_eq!(read(&["respond-async=\"\""]), (true, None));
        assert_eq!(read(&["return=minimal, , foo=\"a, respond-async\", wait=3; y"]), (false, Some(3)));
        assert_eq!(read(&[r#"foo="\", wait=1", wait="\7""#]), (false, Some(7)));
    }

    /// RFC 7240 section 2: the first of several counts, and what is not understood is ignored.
    #[test]
    fn the_first_counts_and_the_rest_is_ignored() {
        assert_eq!(read(&["wait=5, wait=9", "wait=1"]), (false, Some(5)));
        for value in ["wait=", "wait=soon", "wait=-1", "wait=1.5", "wait=+1", "respond-async=no", "\"wait=2"]
        {
            assert_eq!(read(&[value]), (false, None), "{value}");
        }
        assert_eq!(read(&["wait=99999999999999999999"]), (false, Some(u32::MAX.into())));
    }

    /// K6: both preferences together wait first.
    #[test]
    fn waiting_is_bounded() {
        let longest = Duration::from_secs(30);
        let wait = |respond_async, wait: Option<u64>| {
            let preferences = Preferences { respond_async, wait: wait.map(Duration::from_secs) };
            preferences.wait_at_most(longest).as_secs()
        };
        assert_eq!([wait(false, None), wait(true, None)], [30, 0]);
        assert_eq!([wait(false, Some(2)), wait(true, Some(2)), wait(true, Some(600))], [2, 2, 30]);
    }

    #[test]
    fn a_202_says_where_and_what_was_honoured() {
        let preferences = Preferences { respond_async: true, wait: Some(Duration::from_secs(2)) };
        let response = accepted("/api/v1/x/jobs/1", preferences, "body").unwrap();
        assert_eq!(response.status(), StatusCode::ACCEPTED);
        assert_eq!(response.headers()[header::LOCATION], "/api/v1/x/jobs/1");
        assert_eq!(response.headers()[PREFERENCE_APPLIED], "respond-async, wait=2");
        let plain = accepted("/x", Preferences::default(), "body").unwrap();
        assert!(!plain.headers().contains_key(PREFERENCE_APPLIED));
    }
}
