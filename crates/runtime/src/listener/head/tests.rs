use proptest::prelude::*;

use super::*;

const LIMITS: HeadLimits = HeadLimits { head_bytes_max: 1_024, uri_bytes_max: 256, fields_max: 80 };

/// Passes the bytes in pieces as the wrapper does; what came through, and the fault.
fn pass(bytes: &[u8], piece: usize) -> (Vec<u8>, Option<Fault>) {
    let mut scanner = Scanner::new(LIMITS);
    let (mut held, mut passed) = (Vec::new(), Vec::new());
    for piece in bytes.chunks(piece) {
        held.extend_from_slice(piece);
        let (taken, fault) = scanner.take(&held);
        passed.extend(held.drain(..taken));
        if fault.is_some() {
            return (passed, fault);
        }
    }
    (passed, None)
}

fn fault(text: &str) -> Option<Fault> {
    pass(text.as_bytes(), text.len()).1
}

#[test]
fn messages_that_all_readers_read_alike_pass() {
    let messages = [
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        "\r\nGET / HTTP/1.0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabcde",
        "POST / HTTP/1.1\r\nHost: x\r\ncontent-length:\t0 \r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\n\r\n3;a=b\r\nabc\r\n0A\r\n0123456789\r\n0\r\nT: v\r\n\r\n",
    ];
    for first in messages {
        for second in messages {
            let both = format!("{first}{second}");
            for piece in [1, 2, 7, both.len()] {
                assert_eq!(pass(both.as_bytes(), piece), (both.clone().into_bytes(), None), "{both}");
            }
        }
    }
}

#[test]
fn another_protocol_passes_as_it_is() {
    for start in [
        &b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..],
        b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: WebSocket\r\nConnection: upgrade\r\n\r\n",
    ] {
        let bytes = [start, b"\n\0 anything\r\n"].concat();
        for piece in [1, 5, bytes.len()] {
            assert_eq!(pass(&bytes, piece), (bytes.clone(), None));
        }
    }
}

#[test]
fn messages_with_two_lengths_are_refused() {
    for fields in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Content-Length: 5\r\nContent-Length: 5",
        "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: 5, 5",
        "Content-Length: +5",
        "Content-Length: -1",
        "Content-Length: 0x5",
        "Content-Length:",
        "Content-Length: 99999999999999999999",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: gzip",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: \x0bchunked",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding:",
        "Upgrade: websocket\r\nContent-Length: 5",
        "A: b\nTransfer-Encoding: chunked",
    ] {
        let text = format!("POST / HTTP/1.1\r\nHost: x\r\n{fields}\r\n\r\n");
        assert!(matches!(fault(&text), Some(Fault::Malformed(_))), "{fields}");
    }
    let text = "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n";
    assert!(matches!(fault(text), Some(Fault::Malformed(_))));
}

#[test]
fn broken_chunks_are_refused() {
    for body in [
        "0x5\r\n",
        "+5\r\n",
        "-5\r\n",
        " 5\r\n",
        "5 \r\n",
        "\r\n",
        ";a\r\n",
        "5\nabcde",
        "5\rabcde",
        "5\r\nabcdef\r\n",
        "5\r\nabcde\n",
        "5;\n",
        "5;\0\r\n",
        "fffffffffffffffff\r\n",
        "00000000000000\r\n",
        "0\r\n\n",
        "0\r\n X: y\r\n\r\n",
        "0\r\nX: y\n",
    ] {
        let text = format!("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{body}");
        assert!(matches!(fault(&text), Some(Fault::Malformed(_))), "{body:?}");
    }
}

#[test]
fn heads_have_limits() {
    let head = |target: usize, value: usize| {
        format!("GET /{} HTTP/1.1\r\nHost: x\r\nA: {}\r\n\r\n", "a".repeat(target), "b".repeat(value))
    };
    assert_eq!(fault(&head(255, 500)), None);
    assert_eq!(fault(&head(256, 1)), Some(Fault::UriTooLong));
    assert_eq!(fault(&head(2_000, 1)), Some(Fault::UriTooLong));
    assert_eq!(fault(&head(1, 1_024)), Some(Fault::HeadTooLarge));
    // Without an end, too.
    assert_eq!(fault(&"a".repeat(2_000)), Some(Fault::UriTooLong));
    assert_eq!(fault(&head(1, 1_024)[..1_030]), Some(Fault::HeadTooLarge));
    let fields = |count| format!("GET / HTTP/1.1\r\n{}\r\n", "A:b\r\n".repeat(count));
    assert_eq!(fault(&fields(80)), None);
    assert_eq!(fault(&fields(81)), Some(Fault::HeadTooLarge));
}

#[test]
fn only_messages_of_http_1_are_read() {
    for line in ["GET /", "GET", "GET / HTTP/0.9", "GET / HTTP/2.0", "GET / http/1.1", "GET / HTTP/1.1 ", "x"]
    {
        assert!(matches!(fault(&format!("{line}\r\n\r\n")), Some(Fault::Malformed(_))), "{line}");
    }
    assert!(matches!(fault("\r\n\r\n\r\nGET / HTTP/1.1\r\n\r\n"), Some(Fault::Malformed(_))));
}

#[test]
fn what_is_before_a_fault_is_passed_however_it_is_cut() {
    let good = "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nC";
    let text = format!("{good}ontent-Length: 3\r\n");
    for piece in [1, 7, text.len()] {
        let (passed, fault) = pass(text.as_bytes(), piece);
        assert_eq!(String::from_utf8(passed).unwrap(), good);
        assert!(matches!(fault, Some(Fault::Malformed(_))));
    }
}

proptest! {
    /// How the network cuts a stream changes nothing.
    #[test]
    fn pieces_do_not_matter(
        parts in prop::collection::vec(prop::sample::select(vec![
            "GET / HTTP/1.1\r\n", "Host: x\r\n", "\r\n", "\n", "Content-Length: 3\r\n", "abc", "3\r\nabc\r\n",
            "Transfer-Encoding: chunked\r\n", "0\r\n\r\n", "\0", "Upgrade: websocket\r\n",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        ]), 0..24),
        piece in 1_usize..40,
    ) {
        let bytes = parts.concat().into_bytes();
        prop_assert_eq!(pass(&bytes, piece), pass(&bytes, bytes.len().max(1)));
    }

    /// Whatever comes, nothing is invented and nothing panics.
    #[test]
    fn what_passes_is_what_came(bytes in prop::collection::vec(any::<u8>(), 0..400), piece in 1_usize..50) {
        let (passed, _) = pass(&bytes, piece);
        prop_assert!(bytes.starts_with(&passed));
    }
}
