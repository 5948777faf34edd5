//! Floods of frames of HTTP/2 (RFC 9113), written by hand.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use prosopa_runtime::ListenerOptions;

use super::{PATIENCE, Target};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const ACK: u8 = 1;

/// `GET / http://x` by the static table and one literal (RFC 7541).
const GET: &[u8] = &[0x82, 0x84, 0x86, 0x41, 0x01, b'x'];

/// A frame (RFC 9113, section 4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = u32::try_from(payload.len()).unwrap().to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend_from_slice(payload);
    frame
}

/// A field that the table does not have, not to be added to it.
fn literal(name: &str, value: &str) -> Vec<u8> {
    let length = |text: &str| {
        assert!(text.len() < 127);
        u8::try_from(text.len()).unwrap()
    };
    [&[0x00, length(name)], name.as_bytes(), &[length(value)], value.as_bytes()].concat()
}

struct Http2(TcpStream);

impl Http2 {
    async fn open(target: &Target) -> Self {
        let mut stream = target.connect().await;
        stream.write_all(PREFACE).await.unwrap();
        stream.write_all(&frame(SETTINGS, 0, 0, &[])).await.unwrap();
        Self(stream)
    }

    /// Writes; whether the connection was still open.
    async fn send(&mut self, bytes: &[u8]) -> bool {
        let written = tokio::time::timeout(PATIENCE, self.0.write_all(bytes)).await;
        written.expect("the server reads or closes").is_ok()
    }

    /// The next frame: kind, flags, stream, payload. None at the end of the connection.
    async fn next(&mut self) -> Option<(u8, u8, u32, Vec<u8>)> {
        let read = async {
            let mut head = [0; 9];
            self.0.read_exact(&mut head).await.ok()?;
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
            let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
            let mut payload = vec![0; usize::try_from(length).unwrap()];
            self.0.read_exact(&mut payload).await.ok()?;
            Some((head[3], head[4], stream, payload))
        };
        tokio::time::timeout(PATIENCE, read).await.expect("a frame or the end in time")
    }

    /// Why the server ends the connection; none if it does so without a word.
    async fn end(&mut self) -> Option<u32> {
        let mut reason = None;
        while let Some((kind, _, _, payload)) = self.next().await {
            if kind == GOAWAY {
                reason = Some(u32::from_be_bytes(payload[4..8].try_into().unwrap()));
            }
        }
        reason
    }

    /// The head of the answer on a stream, or the reset of it.
    async fn answer(&mut self, wanted: u32) -> (u8, Vec<u8>) {
        while let Some((kind, _, stream, payload)) = self.next().await {
            if stream == wanted && matches!(kind, HEADERS | RST_STREAM) {
                return (kind, payload);
            }
        }
        panic!("the connection ended");
    }
}

/// `:status: 200` by the static table.
const OK: u8 = 0x88;

async fn target() -> Target {
    Target::start(ListenerOptions::default()).await
}

async fn is_well(target: &Target) {
    let mut client = Http2::open(target).await;
    client.send(&frame(HEADERS, END_STREAM | END_HEADERS, 1, GET)).await;
    let (kind, payload) = client.answer(1).await;
    assert_eq!((kind, payload[0]), (HEADERS, OK));
}

/// F9: requests that are taken back at once end the connection (CVE-2023-44487), all at once or one by one.
#[tokio::test]
async fn a_rapid_reset_ends_the_connection() {
    let target = target().await;
    let reset = |stream| {
        let open = frame(HEADERS, END_HEADERS, stream, GET);
        [open, frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes())].concat()
    };
    let mut client = Http2::open(&target).await;
    let flood: Vec<u8> = (0..500).flat_map(|number| reset(2 * number + 1)).collect();
    client.send(&flood).await;
    client.end().await;

    // Each request reaches the route, which waits for its body, before it is taken back.
    let mut client = Http2::open(&target).await;
    let mut count = 0;
    for number in 0..2_000 {
        let stream = 2 * number + 1;
        if !client.send(&frame(HEADERS, END_HEADERS, stream, GET)).await || !client.has_pong().await {
            break;
        }
        client.send(&frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes())).await;
        count = number;
    }
    assert!((200..400).contains(&count), "{count}");
    assert!(target.metrics().contains(r#"reason="taken_back"} 1"#));
    is_well(&target).await;
}

impl Http2 {
    /// Whether everything before this was read: the server answers a ping.
    async fn has_pong(&mut self) -> bool {
        self.send(&frame(PING, 0, 0, b"01234567")).await;
        while let Some((kind, flags, ..)) = self.next().await {
            if kind == PING && flags == ACK {
                return true;
            }
        }
        false
    }
}

/// F9: a head that never ends ends the connection before it takes memory (CVE-2024-27316).
#[tokio::test]
async fn a_flood_of_continuations_ends_the_connection() {
    let target = target().await;
    for piece in [literal("x-flood", &"f".repeat(100)).repeat(50), Vec::new()] {
        let mut client = Http2::open(&target).await;
        client.send(&frame(HEADERS, END_STREAM, 1, GET)).await;
        let mut frames = 0;
        while frames < 10_000 && client.send(&frame(CONTINUATION, 0, 1, &piece)).await {
            frames += 1;
        }
        assert!(frames < 10_000);
    }
    assert_eq!(target.seen(), [""; 0]);
    is_well(&target).await;
}

/// F9: fields have the size that they have over HTTP/1.
#[tokio::test]
async fn a_large_head_is_refused() {
    let target = target().await;
    let mut client = Http2::open(&target).await;
    let fields = literal("x-large", &"f".repeat(110)).repeat(120);
    client.send(&frame(HEADERS, END_STREAM, 1, GET)).await;
    client.send(&frame(CONTINUATION, 0, 1, &fields)).await;
    client.send(&frame(CONTINUATION, 0, 1, &fields)).await;
    client.send(&frame(CONTINUATION, END_HEADERS, 1, &fields)).await;
    let (kind, payload) = client.answer(1).await;
    // `:status` by the static table, 431 in Huffman's code.
    assert_eq!((kind, &payload[..5]), (HEADERS, &[0x48, 0x83, 0x69, 0x90, 0xff][..]));
    assert_eq!(target.seen(), [""; 0]);
}

/// F9: pings and settings are answered one at a time, so that who does not read the answers is not read either.
#[tokio::test]
async fn floods_of_pings_and_settings_take_no_memory() {
    let target = target().await;
    for flood in [frame(PING, 0, 0, b"01234567"), frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 1, 0])] {
        let mut client = Http2::open(&target).await;
        let block = flood.repeat(4_096);
        let mut sent = 0;
        while sent < 1 << 30 {
            match tokio::time::timeout(Duration::from_millis(300), client.0.write_all(&block)).await {
                Ok(Ok(())) => sent += block.len(),
                // The server reads no more, or has had enough.
                _ => break,
            }
        }
        // Buffers of both ends of the loopback connection, no more.
        assert!(sent < 1 << 28, "{sent}");
        is_well(&target).await;
    }
}

/// F9: nobody sends more than the window before somebody has read it.
#[tokio::test]
async fn a_body_beyond_the_window_ends_the_connection() {
    let target = target().await;
    let mut client = Http2::open(&target).await;
    let post = [&[0x83, 0x84, 0x86, 0x41, 0x01, b'x'][..]].concat();
    client.send(&frame(HEADERS, END_HEADERS, 1, &post)).await;
    // Never acknowledged as read: the stream is reset by the client's own next frames.
    let data = frame(DATA, 0, 1, &[0; 16_384]);
    let mut frames = 0;
    while frames < 100_000 && client.send(&data).await {
        frames += 1;
    }
    // It takes a mebibyte at most, then what was sent without leave is the client's fault.
    assert!(frames < 100_000);
    assert_eq!(target.seen(), [""; 0]);
}

/// F9: what HTTP/2 does not have is not translated into something else.
#[tokio::test]
async fn fields_of_http_1_and_two_hosts_are_refused() {
    let target = target().await;
    for (name, value) in [
        ("transfer-encoding", "chunked"),
        ("connection", "close"),
        ("upgrade", "websocket"),
        ("host", "y"),
        ("content-length", "5"),
    ] {
        let mut client = Http2::open(&target).await;
        let head = [GET, &literal(name, value)].concat();
        client.send(&frame(HEADERS, END_STREAM | END_HEADERS, 1, &head)).await;
        let (kind, payload) = client.answer(1).await;
        assert!(kind == RST_STREAM || payload[0] != OK, "{name}");
    }
    assert_eq!(target.seen(), [""; 0]);
}
