//! What the listener reads before there is a request, and who it takes for the client.

use std::net::SocketAddr;

use http::{HeaderMap, request::Parts};

use prosopa_runtime::fuzzing::{read_heads, read_origin};

use super::{Target, with_head};

pub(super) const HEADS: Target = Target {
    name: "heads",
    samples: &[
        b"\x07GET /a HTTP/1.1\r\nhost: a\r\n\r\nPOST /b HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\nabcGET /c HTTP/1.1\r\nhost: a\r\n\r\n",
        b"\x40POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nx: y\r\n\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n",
        b"\x03PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0",
    ],
    words: &[
        b"\r\n", b"\r\n\r\n", b"\n", b"\r", b" HTTP/1.1", b" HTTP/1.0", b"\r\ncontent-length: ", b"\r\ntransfer-encoding: chunked",
        b"\r\nconnection: upgrade", b"\r\nupgrade: websocket", b"\r\nexpect: 100-continue", b"0\r\n\r\n", b"ffffffffffffffff\r\n", b"\x0b",
        b"\r\nhost: b", b", chunked", b": ", b" :", b"\t",
    ],
    read: read_connection,
};

pub(super) const FORWARDED: Target = Target {
    name: "forwarded",
    samples: &[
        b"GET /\nforwarded: for=192.0.2.1;proto=https, for=\"[2001:db8::1]:4711\";by=_x, for=10.0.0.2",
        b"GET /\nx-forwarded-for: 192.0.2.1, 10.0.0.2\nx-forwarded-proto: https, http",
    ],
    words: &[
        b"\nforwarded: ",
        b"\nx-forwarded-for: ",
        b"\nx-forwarded-proto: ",
        b"\nx-real-ip: ",
        b"for=",
        b"proto=https",
        b"by=",
        b"host=",
        b", ",
        b";",
        b"\"",
        b"[2001:db8::1]",
        b"10.0.0.3",
        b"::ffff:10.0.0.4",
        b"unknown",
        b"_hidden",
        b":65536",
        b"127.0.0.1",
    ],
    read: read_forwarded,
};

/// The first byte says in which pieces the others come: a reader that minds where a packet ends can be made to disagree.
fn read_connection(bytes: &[u8]) -> String {
    let Some((size, bytes)) = bytes.split_first() else { return "nothing".to_owned() };
    let whole = read_heads(bytes, &[]);
    assert!(whole.good <= bytes.len());
    let size = usize::from(*size).max(1);
    let in_pieces = read_heads(bytes, &vec![size; bytes.len() / size]);
    assert_eq!(
        (&in_pieces.fault, in_pieces.is_in_body),
        (&whole.fault, whole.is_in_body),
        "in pieces of {size}"
    );
    // Of a body that is badly framed some may be passed on before that is seen: it ends with an error all the same.
    let may_differ = whole.fault.is_some() && whole.is_in_body && in_pieces.good > whole.good;
    assert!(
        in_pieces.good == whole.good || may_differ,
        "{} and {}, in pieces of {size}",
        in_pieces.good,
        whole.good
    );
    // What was good stays good whatever follows.
    assert_eq!(read_heads(&bytes[..whole.good], &[]).good, whole.good);
    format!("{} {:?}", whole.good.min(512) / 16, whole.fault)
}

fn read_forwarded(bytes: &[u8]) -> String {
    with_head(bytes, |Parts { headers, .. }| {
        let stranger = SocketAddr::from(([192, 0, 2, 99], 1));
        let mut of_stranger = headers.clone();
        let origin = read_origin(&mut of_stranger, stranger);
        assert_eq!((origin.client, origin.is_over_tls), (stranger, false), "a stranger is believed");
        let proxy = SocketAddr::from(([10, 0, 0, 1], 1));
        let mut left: HeaderMap = headers.clone();
        let origin = read_origin(&mut left, proxy);
        for name in ["forwarded", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-real-ip"] {
            assert!(!left.contains_key(name) && !of_stranger.contains_key(name), "{name} goes on");
        }
        let has_said = headers.contains_key("forwarded") || headers.contains_key("x-forwarded-for");
        assert!(has_said || origin.client == proxy, "nobody named the client");
        format!("{} {} {}", origin.is_proxy, origin.is_over_tls, origin.client.is_ipv6())
    })
}
