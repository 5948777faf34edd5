//! What is told of a request: how it was asked, never what may be secret or tell who somebody is.

use std::net::{Ipv4Addr, Ipv6Addr};

use axum::extract::Request;
use http::{HeaderMap, HeaderName, header};

use prosopa_contract::events::{UsageHeader, UsageRecord};
use prosopa_model::{Credential, Principal, RequestId, Timestamp};
use prosopa_runtime::Network;

use super::privacy::is_private;
use crate::routes::Route;

/// Headers whose values are kept. Of all others, those with secrets among them, only the names are.
static KEPT: [HeaderName; 22] = [
    header::ACCEPT,
    header::ACCEPT_ENCODING,
    header::ACCEPT_LANGUAGE,
    header::ALLOW,
    header::CACHE_CONTROL,
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::CONTENT_RANGE,
    header::CONTENT_TYPE,
    header::HOST,
    header::LOCATION,
    header::ORIGIN,
    header::RANGE,
    header::RETRY_AFTER,
    header::USER_AGENT,
    header::VARY,
    HeaderName::from_static("idempotent-replayed"),
    HeaderName::from_static("prefer"),
    HeaderName::from_static("preference-applied"),
    HeaderName::from_static("ratelimit"),
    HeaderName::from_static("ratelimit-policy"),
    HeaderName::from_static("x-request-id"),
];

/// Bytes kept of a path, and of a header's value.
const TEXT_LEN_MAX: usize = 256;

/// Bytes kept of a query, and of the names of headers.
const LIST_LEN_MAX: usize = 512;

/// The part of a record that is known when a request is admitted.
pub(crate) fn intent_of(
    request: &Request,
    route: &Route,
    principal: &Principal,
    network: Network,
    request_id: Option<RequestId>,
    now: Timestamp,
) -> UsageRecord {
    let (credential_kind, credential_id) = match principal.credential {
        Credential::Session(id) => ("session", id.to_string()),
        Credential::ApiKey(id) => ("api_key", id.to_string()),
        Credential::Client(id) => ("client", id.to_string()),
    };
    let (request_headers, other_request_headers) = kept_headers(request.headers());
    UsageRecord {
        request_id: request_id.map(|id| id.to_string()).unwrap_or_default(),
        account_id: principal.account_id.to_string(),
        user_id: principal.user_id.to_string(),
        credential_kind: credential_kind.to_owned(),
        credential_id,
        operation: route.name.clone(),
        method: request.method().as_str().to_owned(),
        path: cut(request.uri().path(), TEXT_LEN_MAX),
        started_at_us: now.micros(),
        request_headers,
        path_template: route.path.to_owned(),
        query: kept_query(request.uri().query().unwrap_or(""), &route.query_names),
        http_version: format!("{:?}", request.version()),
        client_network: widened(network),
        other_request_headers,
        ..UsageRecord::default()
    }
}

/// The headers that say how something was asked or answered, and the names of the others.
pub(crate) fn kept_headers(headers: &HeaderMap) -> (Vec<UsageHeader>, String) {
    let (mut kept, mut others) = (Vec::new(), String::new());
    for name in headers.keys() {
        let value = KEPT.contains(name).then(|| headers.get(name)?.to_str().ok()).flatten();
        match value {
            Some(value) => {
                let value = cut(value, TEXT_LEN_MAX);
                kept.push(UsageHeader { name: name.as_str().to_owned(), value });
            }
            None if others.len() + name.as_str().len() < LIST_LEN_MAX => {
                let separator = if others.is_empty() { "" } else { " " };
                others.push_str(separator);
                others.push_str(name.as_str());
            }
            None => {}
        }
    }
    (kept, others)
}

/// The parameters that an operation has; of what it has not, not even the name is known to be harmless.
fn kept_query(query: &str, known: &[String]) -> String {
    let mut kept = String::new();
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if !known.iter().any(|known| known == name) {
            continue;
        }
        let value = if is_private(name) { "…" } else { value };
        let separator = if kept.is_empty() { "" } else { "&" };
        for part in [separator, name, "=", value] {
            kept.push_str(part);
        }
    }
    cut(&kept, LIST_LEN_MAX)
}

/// The network around a client's own: so many clients are in it that it tells of none.
fn widened(network: Network) -> String {
    match network {
        Network::V4(bits) => format!("{}/24", Ipv4Addr::from_bits(bits & !0xff)),
        Network::V6(bits) => format!("{}/48", Ipv6Addr::from_bits(u128::from(bits & !0xffff) << 64)),
    }
}

fn cut(text: &str, len_max: usize) -> String {
    let mut end = text.len().min(len_max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    /// S12: of a query what the operation has is kept, without what may tell who somebody is.
    #[test]
    fn only_harmless_parameters_are_kept() {
        let known = ["limit", "q", "start_date", "token"].map(String::from);
        for (query, kept) in [
            ("", ""),
            ("limit=5&start_date=2026-01-01", "limit=5&start_date=2026-01-01"),
            ("q=ada%40example.org&limit=5", "q=…&limit=5"),
            ("token=abc", "token=…"),
            ("psp_live_abc&limit=5", "limit=5"),
            ("secret=abc&LIMIT=5&limit", "limit="),
        ] {
            assert_eq!(kept_query(query, &known), kept, "{query}");
        }
        assert!(kept_query(&format!("limit={}", "ä".repeat(900)), &known).len() <= LIST_LEN_MAX);
    }

    #[test]
    fn a_network_tells_of_no_single_client() {
        for (address, network) in [
            ("192.0.2.77", "192.0.2.0/24"),
            ("::ffff:192.0.2.77", "192.0.2.0/24"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
        ] {
            assert_eq!(widened(Network::from(address.parse::<IpAddr>().unwrap())), network);
        }
    }

    #[test]
    fn many_headers_take_bounded_room() {
        let mut headers = HeaderMap::new();
        for index in 0..1_000 {
            headers.insert(HeaderName::try_from(format!("x-{index}")).unwrap(), "secret".parse().unwrap());
        }
        headers.insert(header::USER_AGENT, "u".repeat(9_000).parse().unwrap());
        let (kept, others) = kept_headers(&headers);
        assert_eq!((kept.len(), kept[0].value.len()), (1, TEXT_LEN_MAX));
        assert!((400..=LIST_LEN_MAX).contains(&others.len()) && !others.contains("secret"));
    }
}
