//! What is tried, and what each of them promises.

mod connections;
mod files;

use axum::extract::{FromRequestParts as _, OptionalFromRequestParts as _};
use futures::executor::block_on;
use http::{HeaderMap, request::Parts};

use prosopa_http::{
    IdempotencyKey, ListQuery, NumberedPageQuery, PREFER, Preferences, Query, content_type,
    cookies::{self, SESSION_COOKIE, Transport},
    signatures::{
        CONTENT_DIGEST, ContentDigest, LIFE_SECONDS_MAX, SIGNATURE, SIGNATURE_INPUT, SignatureError,
        SignedRequest, VerifyingKey, authority_of,
    },
};
use prosopa_model::{AccountId, Cursor, Timestamp};

use crate::head::head_of;

/// One reader.
pub(crate) struct Target {
    /// For `FUZZ_TARGET`.
    pub(crate) name: &'static str,
    /// What to begin with.
    pub(crate) samples: &'static [&'static [u8]],
    /// Words that its language has.
    pub(crate) words: &'static [&'static [u8]],
    /// Reads an input, panics where a promise is broken, and says in a few words what came of it.
    pub(crate) read: fn(&[u8]) -> String,
}

/// All of them.
pub(crate) const TARGETS: &[Target] = &[
    Target {
        name: "signature",
        samples: &[SIGNED, SIGNED_TWICE],
        words: &[
            b"\"@method\"", b"\"@authority\"", b"\"@path\"", b"\"@query\"", b"\"@query-param\";name=\"a\"", b"\"@target-uri\"",
            b"\"@request-target\"", b"\"@scheme\"", b"\"@status\"", b"\"content-digest\"", b";sf", b";bs", b";key=\"a\"", b";req",
            b";tr", b"created=", b"expires=", b"nonce=\"", b"keyid=\"", b"alg=\"", b"tag=\"prosopa\"", b"sig1=(", b")", b":AAAA:",
            b"\nsignature-input: ", b"\nsignature: ", b"\ncontent-digest: sha-256=:", b"?1", b"1800000000",
        ],
        read: read_signature,
    },
    Target {
        name: "content-digest",
        samples: &[SIGNED],
        words: &[b"\ncontent-digest: ", b"sha-256=:", b"sha-512=:", b"=:", b":", b", ", b"X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE="],
        read: read_content_digest,
    },
    Target {
        name: "cookies",
        samples: &[
            b"GET /\nhost: localhost:8080\ncookie: a=b; prosopa_session=psc_1; c=d",
            b"GET /\nhost: example.org\ncookie: __Host-prosopa_session=psc_1\ncookie: x=y",
        ],
        words: &[b"\ncookie: ", b"__Host-prosopa_session=", b"prosopa_session=", b"; ", b";", b"=", b"\"", b"\nhost: localhost"],
        read: read_cookies,
    },
    Target {
        name: "prefer",
        samples: &[b"GET /\nprefer: respond-async, wait=10", b"GET /\nprefer: wait=\"5\"; a=b\nprefer: respond-async"],
        words: &[b"\nprefer: ", b"respond-async", b"wait=", b"wait=\"", b"; ", b", ", b"\\\"", b"99999999999"],
        read: read_prefer,
    },
    Target {
        name: "idempotency-key",
        samples: &[b"POST /\nidempotency-key: 8e03978e-40d5", b"POST /\nidempotency-key: \"8e03978e\""],
        words: &[b"\nidempotency-key: ", b"\"", b" "],
        read: read_idempotency_key,
    },
    Target {
        name: "queries",
        samples: &[
            b"GET /a?start_date=2026-01-01&end_date=2026-02-01T00:00:00Z&tz=Europe/Berlin&limit=3&cursor=0006478d5bf9c0000199f6b1f3e17b0080c5d3a7b6a1c9d2",
            b"GET /a?page=2&per_page=10&limit=200",
        ],
        words: &[
            b"start_date=", b"end_date=", b"tz=", b"limit=", b"cursor=", b"page=", b"per_page=", b"&", b"%2B", b"T24:00:00Z",
            b"-9999-12-31", b"9999-12-31T23:59:59.999999999Z", b"+23:59", b"UTC", b"Asia/Kathmandu", b"4294967295",
        ],
        read: read_queries,
    },
    Target {
        name: "hosts",
        samples: &[b"GET http://api.example.org:80/a?b\nhost: api.example.org", b"GET /\nhost: [::1]:8080\norigin: https://app.example.org"],
        words: &[b"\nhost: ", b"\norigin: ", b"https://", b"http://", b"localhost", b".localhost", b"127.0.0.1", b"[::1]", b"@", b":443", b":65536"],
        read: read_hosts,
    },
    Target {
        name: "ids",
        samples: &[b"acc_01h455vb4pex5vsknk084sn02q", b"0006478d5bf9c0000199f6b1f3e17b0080c5d3a7b6a1c9d2", b"2026-01-02T03:04:05.000006Z"],
        words: &[b"acc_", b"usr_", b"7zzzzzzzzzzzzzzzzzzzzzzzzz", b"8", b"_", b"T", b"Z", b"+00:00"],
        read: read_ids,
    },
    connections::HEADS,
    connections::FORWARDED,
    files::FILES,
];

/// When the samples were signed, seconds since the epoch.
const NOW_SECONDS: i64 = 1_800_000_000;

/// Not the key of any sample: nothing may ever be verified with it.
const OTHER_SECRET: [u8; 32] = [7; 32];

const SIGNED: &[u8] = b"POST /api/v1/faces?limit=3&q=a%20b
host: api.example.com
content-length: 18
content-digest: sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:
signature-input: sig1=(\"@method\" \"@authority\" \"@path\" \"@query\" \"content-digest\");created=1800000000;expires=1800000060;nonce=\"c2l4dGVlbiBieXRlcyBvaw\";keyid=\"client-1\";alg=\"hmac-sha256\";tag=\"prosopa\"
signature: sig1=:TGVuZ3RoIG9mIHRoaXMgaXMgdGhpcnR5LXR3bywgb2sh:";

const SIGNED_TWICE: &[u8] = b"GET /?a=1
host: api.example.com
x-note: a, b
signature-input: a=(\"@method\" \"x-note\";bs \"@query-param\";name=\"a\");keyid=\"k\", b=();keyid=\"k\";tag=\"prosopa\"
signature: a=:AAAA:, b=:AAAA:";

fn with_head(bytes: &[u8], read: impl FnOnce(Parts) -> String) -> String {
    head_of(bytes).map_or_else(|| "no head".to_owned(), read)
}

fn read_signature(bytes: &[u8]) -> String {
    with_head(bytes, |parts| {
        let request = match SignedRequest::parse(&parts) {
            Ok(Some(request)) => request,
            Ok(None) => return "unsigned".to_owned(),
            Err(error) => return error.to_string(),
        };
        assert!(parts.headers.contains_key(SIGNATURE) && parts.headers.contains_key(SIGNATURE_INPUT));
        assert!((1..=128).contains(&request.key_id().len()) && request.key_id().is_ascii());
        // What is signed over ends with the parameters themselves (RFC 9421 section 2.5).
        assert!(
            request
                .signature_base()
                .lines()
                .last()
                .is_some_and(|line| line.starts_with("\"@signature-params\": ("))
        );
        assert!(request.verify(&VerifyingKey::hmac_sha256(&OTHER_SECRET).unwrap()).is_err());
        match request.check_policy(Timestamp::from_micros(NOW_SECONDS * 1_000_000)) {
            Ok(terms) => {
                assert!((16..=64).contains(&terms.nonce.len()));
                let latest = NOW_SECONDS + 2 * LIFE_SECONDS_MAX;
                assert!((NOW_SECONDS..latest).contains(&terms.remember_until.seconds()));
                let base = request.signature_base();
                assert!(
                    ["\"@method\": ", "\"@authority\": ", "\"@path\": ", "\"@query\": "]
                        .iter()
                        .all(|name| base.contains(name))
                );
                format!("sound, {} lines", base.lines().count())
            }
            Err(error) => format!("policy: {error}"),
        }
    })
}

fn read_content_digest(bytes: &[u8]) -> String {
    with_head(bytes, |mut parts| {
        let value = ContentDigest::of(bytes).header_value();
        // Whatever else the head says, a digest that is written is read.
        parts.headers.insert(CONTENT_DIGEST, value);
        read_signature_with(&parts)
    })
}

/// The digest goes through the signed request, which is its only reader.
fn read_signature_with(parts: &Parts) -> String {
    match SignedRequest::parse(parts) {
        Ok(Some(request)) => match request.check_policy(Timestamp::from_micros(NOW_SECONDS * 1_000_000)) {
            Ok(terms) if request.signature_base().contains("\"content-digest\": ") => {
                assert_eq!(terms.body_digest.header_value(), parts.headers[CONTENT_DIGEST]);
                "covered".to_owned()
            }
            Ok(terms) => {
                assert_eq!(terms.body_digest, ContentDigest::of(b""));
                "not covered".to_owned()
            }
            Err(error) => error.to_string(),
        },
        Ok(None) => "unsigned".to_owned(),
        Err(error) => {
            assert_ne!(error, SignatureError::Malformed("content-digest"));
            error.to_string()
        }
    }
}

fn read_cookies(bytes: &[u8]) -> String {
    with_head(bytes, |parts| {
        let transport = Transport::of(&parts.uri, &parts.headers);
        let mut said = format!("{transport:?}");
        for transport in [Transport::Secure, Transport::Loopback] {
            let found = SESSION_COOKIE.find(transport, &parts.headers);
            let mut headers: HeaderMap = parts.headers.clone();
            let taken = SESSION_COOKIE.take(transport, &mut headers);
            for left in [Transport::Secure, Transport::Loopback] {
                assert!(matches!(SESSION_COOKIE.find(left, &headers), Ok(None)), "somebody behind sees it");
            }
            assert!(
                headers.get_all("cookie").iter().count() <= parts.headers.get_all("cookie").iter().count()
            );
            // Whoever looks and whoever takes see the same, but that a bare name counts where both names may come.
            if transport == Transport::Secure {
                assert_eq!(
                    found.as_ref().map(Option::is_some).ok(),
                    taken.as_ref().map(Option::is_some).ok()
                );
            }
            said.push_str(match taken {
                Ok(Some(_)) => " found",
                Ok(None) => " none",
                Err(_) => " twice",
            });
        }
        format!("{said}, {} lines", parts.headers.get_all("cookie").iter().count().min(4))
    })
}

fn read_prefer(bytes: &[u8]) -> String {
    with_head(bytes, |parts| {
        let preferences = Preferences::read(&parts.headers);
        let again = preferences.applied().map_or_else(Preferences::default, |(_, value)| {
            Preferences::read(&HeaderMap::from_iter([(PREFER, value)]))
        });
        assert_eq!(again, preferences, "what was applied is what was read");
        let waits = preferences.wait.map(|wait| wait.as_secs().min(1));
        format!("{} {waits:?}", preferences.respond_async)
    })
}

fn read_idempotency_key(bytes: &[u8]) -> String {
    with_head(bytes, |mut parts| {
        let count = parts.headers.get_all("idempotency-key").iter().count();
        match block_on(IdempotencyKey::from_request_parts(&mut parts, &())) {
            Ok(Some(key)) => {
                assert_eq!(count, 1);
                assert!(
                    (1..=255).contains(&key.as_bytes().len())
                        && key.as_bytes().iter().all(u8::is_ascii_graphic)
                );
                format!("a key, {}", key.as_bytes().len() / 32)
            }
            Ok(None) => {
                assert_eq!(count, 0);
                "none".to_owned()
            }
            Err(problem) => format!("{} of {}", problem.code().as_str(), count.min(2)),
        }
    })
}

fn read_queries(bytes: &[u8]) -> String {
    with_head(bytes, |mut parts| {
        let _ = content_type(&parts.headers);
        let list = match block_on(Query::<ListQuery>::from_request_parts(&mut parts, &())) {
            Ok(Query(query)) => match query.check() {
                Ok(list) => {
                    assert!((1..=200).contains(&list.page.limit));
                    format!("list, {}", list.page.after.is_some())
                }
                Err(problem) => format!("{problem:?}").chars().take(120).collect(),
            },
            Err(problem) => problem.code().as_str().to_owned(),
        };
        let numbered = match block_on(Query::<NumberedPageQuery>::from_request_parts(&mut parts, &())) {
            Ok(Query(query)) => query.check().map_or_else(
                |problem| problem.code().as_str().to_owned(),
                |page| {
                    assert!(page.offset() + u64::from(page.per_page) <= 1_000_000);
                    "numbered".to_owned()
                },
            ),
            Err(problem) => problem.code().as_str().to_owned(),
        };
        format!("{list}; {numbered}")
    })
}

fn read_hosts(bytes: &[u8]) -> String {
    with_head(bytes, |parts| {
        let authority = authority_of(&parts.uri, &parts.headers);
        let transport = Transport::of(&parts.uri, &parts.headers);
        if let Some(authority) = &authority {
            assert!(!authority.contains('@') && !authority.is_empty());
            assert_eq!(authority, &authority.to_ascii_lowercase());
            assert_eq!(transport == Transport::Loopback, cookies::is_loopback(authority));
        } else {
            assert_eq!(transport, Transport::Secure, "who names nobody is nobody's neighbour");
        }
        let origin = parts.headers.get("origin").and_then(|origin| origin.to_str().ok());
        let is_origin = origin.is_some_and(cookies::is_origin);
        if let Some(origin) = origin.filter(|_| is_origin) {
            assert!(origin.starts_with("https://") || origin.starts_with("http://"));
            assert!(
                !origin.contains('@')
                    && !origin.trim_start_matches("https://").trim_start_matches("http://").contains('/')
            );
        }
        let port = authority.as_deref().map(|authority| authority.contains(':'));
        format!("{port:?} {transport:?} {is_origin}")
    })
}

fn read_ids(bytes: &[u8]) -> String {
    let Ok(text) = std::str::from_utf8(bytes) else { return "no text".to_owned() };
    let id = text.parse::<AccountId>();
    if let Ok(id) = &id {
        assert_eq!(id.to_string(), text, "an id has one form");
    }
    let cursor = text.parse::<Cursor>();
    if let Ok(cursor) = &cursor {
        assert_eq!(cursor.to_string(), text.to_ascii_lowercase());
    }
    let time = text.parse::<Timestamp>();
    if let Ok(time) = &time {
        assert_eq!(
            time.to_string().parse::<Timestamp>().ok().as_ref(),
            Some(time),
            "what is written is read"
        );
    }
    let id = id.map_or_else(|error| error.to_string(), |_| "id".to_owned());
    format!("{id} {} {} {}", cursor.is_ok(), time.is_ok(), text.len().min(64) / 8)
}
