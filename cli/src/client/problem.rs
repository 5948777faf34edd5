//! Problem documents (RFC 9457) as the server sends them, read leniently: whatever answers, there is something to say.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use prosopa_problem::Code;

use crate::output::time_ahead;
use crate::report::printable;

/// Why the server refused.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Problem {
    /// HTTP status.
    pub(crate) status: u16,
    /// Stable name of the kind of problem.
    pub(crate) code: String,
    /// What the kind of problem is, for people.
    pub(crate) title: String,
    /// What happened this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) detail: Option<String>,
    /// Which fields, by JSON pointer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) errors: Vec<FieldProblem>,
    /// The request, for the server's log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) request_id: Option<String>,
    /// How long to wait before trying again, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) retry_after_ms: Option<u64>,
    /// Window of the quota that is used up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) window: Option<String>,
    /// What it counts.
    pub(crate) meter: Option<String>,
    /// Limit of that window.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) limit: Option<u64>,
    /// When that window ends, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) resets_at: Option<String>,
}

/// What is wrong with one field.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct FieldProblem {
    /// Where, by JSON pointer.
    pub(crate) pointer: String,
    /// What.
    pub(crate) detail: String,
}

impl Problem {
    /// Reads an answer that is not a success. One that is no problem document (a proxy's, say) becomes one.
    pub(crate) fn read(status: u16, request_id: Option<String>, body: &[u8]) -> Self {
        let mut problem: Self = serde_json::from_slice(body).unwrap_or_default();
        problem.status = status;
        if problem.code.is_empty() {
            problem.code = format!("http-{status}");
        }
        if problem.title.is_empty() {
            problem.title = format!("the server answered with status {status}");
        }
        problem.request_id = problem.request_id.or(request_id);
        problem
    }

    /// Whether the same request may succeed a little later. A used-up quota will not.
    pub(crate) fn is_passing(&self) -> bool {
        self.code == Code::RateLimited.as_str() || (self.status == 503 && !self.is_quota_exceeded())
    }

    /// Whether the quota is used up.
    pub(crate) fn is_quota_exceeded(&self) -> bool {
        self.code == Code::QuotaExceeded.as_str()
    }

    /// How long to wait: the body is exact to a millisecond where the header is rounded up to a second.
    pub(crate) fn retry_after(&self, header: Option<Duration>) -> Option<Duration> {
        self.retry_after_ms.map(Duration::from_millis).or(header)
    }

    /// Lines that belong under the message.
    pub(crate) fn notes(&self) -> Vec<String> {
        let mut notes: Vec<String> = Vec::new();
        if let (Some(window), Some(limit)) = (&self.window, self.limit) {
            let meter = printable(self.meter.as_deref().unwrap_or("requests"));
            notes.push(match window.as_str() {
                "day" | "month" => format!("{limit} {meter} a {window} are allowed"),
                name => format!("the limit {} allows {limit} {meter}", printable(name)),
            });
        }
        if let Some(resets_at) = &self.resets_at {
            notes.push(format!("it resets at {}", printable(&time_ahead(resets_at))));
        }
        notes.extend(
            self.errors
                .iter()
                .map(|error| format!("{}: {}", printable(&error.pointer), printable(&error.detail))),
        );
        notes.push(match &self.request_id {
            Some(id) => {
                format!("{} (status {}), request {}", printable(&self.code), self.status, printable(id))
            }
            None => format!("{} (status {})", printable(&self.code), self.status),
        });
        notes
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&printable(&self.title))?;
        match &self.detail {
            Some(detail) if !detail.is_empty() && *detail != self.title => {
                write!(f, ": {}", printable(detail))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// F5: an answer of something that is not Prosopa is told as what it is.
    #[test]
    fn answer_that_is_no_problem_document_still_says_something() {
        let problem = Problem::read(502, None, b"<html>bad gateway</html>");
        assert_eq!(problem.to_string(), "the server answered with status 502");
        assert_eq!(problem.notes(), ["http-502 (status 502)"]);
    }

    /// F5: a used-up quota is not tried again, a rate limit and a busy server are.
    #[test]
    fn only_passing_problems_are_tried_again() {
        let problem = |status, code: &str| Problem { status, code: code.to_owned(), ..Problem::default() };
        assert!(problem(429, "rate-limited").is_passing());
        assert!(problem(503, "overloaded").is_passing());
        assert!(problem(503, "http-503").is_passing());
        assert!(!problem(429, "quota-exceeded").is_passing());
        assert!(!problem(504, "deadline-exceeded").is_passing());
        assert!(!problem(500, "internal").is_passing());
    }
}
