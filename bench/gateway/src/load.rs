//! Who asks: connections that are kept, each with one request at a time.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use futures::future::join_all;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    keys::{KEY_PREFIX, KEYS},
    service::LARGE,
};

/// Connections at the same time.
pub(crate) const CONNECTIONS: usize = 64;

/// What is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A small answer to a request without a body.
    Small,
    /// 64 KiB back.
    LargeAnswer,
    /// 64 KiB there.
    LargeRequest,
}

impl Shape {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Small, Self::LargeAnswer, Self::LargeRequest];

    /// For the table.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::LargeAnswer => "64 KiB answered",
            Self::LargeRequest => "64 KiB sent",
        }
    }

    /// The whole request, on the wire.
    pub(crate) fn request(self, prefix: &str, connection: usize) -> Vec<u8> {
        let (method, path) = match self {
            Self::Small => ("GET", "small"),
            Self::LargeAnswer => ("GET", "large"),
            Self::LargeRequest => ("POST", "small"),
        };
        let key = format!("{KEY_PREFIX}{:02}", connection % KEYS);
        let mut text = format!(
            "{method} {prefix}/{path} HTTP/1.1\r\nhost: bench.example\r\nuser-agent: bench/1.0\r\naccept: application/json\r\nx-api-key: {key}\r\n"
        );
        if self == Self::LargeRequest {
            text.push_str(&format!("content-type: application/octet-stream\r\ncontent-length: {LARGE}\r\n"));
        }
        text.push_str("\r\n");
        let mut bytes = text.into_bytes();
        if self == Self::LargeRequest {
            bytes.resize(bytes.len() + LARGE, b'x');
        }
        bytes
    }
}

/// What came of it.
pub(crate) struct Outcome {
    /// Requests that were answered.
    pub(crate) count: usize,
    /// How long that took.
    pub(crate) seconds: f64,
    /// From the request's first byte to the answer's last, in order.
    latencies: Vec<Duration>,
}

impl Outcome {
    /// Requests a second.
    pub(crate) fn rate(&self) -> f64 {
        self.count as f64 / self.seconds
    }

    /// The latency that so many percent stay below, microseconds.
    pub(crate) fn percentile_us(&self, percent: usize) -> f64 {
        let index = (self.latencies.len() * percent / 100).min(self.latencies.len() - 1);
        self.latencies[index].as_secs_f64() * 1e6
    }
}

/// Asks for a while; as fast as answers come, or at most so often a second in all.
pub(crate) async fn ask(
    address: SocketAddr,
    prefix: &str,
    shape: Shape,
    length: Duration,
    rate: Option<f64>,
) -> Outcome {
    let begun = Instant::now();
    let connections = (0..CONNECTIONS).map(|number| {
        let request = shape.request(prefix, number);
        let pause = rate.map(|rate| Duration::from_secs_f64(CONNECTIONS as f64 / rate));
        tokio::spawn(connection(address, request, begun, length, pause, number))
    });
    let mut latencies: Vec<Duration> =
        join_all(connections).await.into_iter().flat_map(Result::unwrap).collect();
    let seconds = begun.elapsed().as_secs_f64();
    latencies.sort_unstable();
    Outcome { count: latencies.len(), seconds, latencies }
}

async fn connection(
    address: SocketAddr,
    request: Vec<u8>,
    begun: Instant,
    length: Duration,
    pause: Option<Duration>,
    number: usize,
) -> Vec<Duration> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let (mut latencies, mut buffer) = (Vec::new(), vec![0; 128 * 1024]);
    // Their turns are spread evenly over the pause.
    let mut due = begun + pause.unwrap_or_default().mul_f64(number as f64 / CONNECTIONS as f64);
    while begun.elapsed() < length {
        if let Some(pause) = pause {
            tokio::time::sleep_until(due.into()).await;
            due += pause;
        }
        let sent = Instant::now();
        stream.write_all(&request).await.unwrap();
        read_answer(&mut stream, &mut buffer).await;
        latencies.push(sent.elapsed());
    }
    latencies
}

/// Reads one answer, which must be a success and say its length.
async fn read_answer(stream: &mut TcpStream, buffer: &mut [u8]) {
    let mut filled = 0;
    let (head_len, body_len) = loop {
        let count = stream.read(&mut buffer[filled..]).await.unwrap();
        assert!(count > 0, "the connection ended: {}", String::from_utf8_lossy(&buffer[..filled]));
        filled += count;
        if let Some(end) = buffer[..filled].windows(4).position(|window| window == b"\r\n\r\n") {
            let head = std::str::from_utf8(&buffer[..end]).unwrap();
            assert!(head.starts_with("HTTP/1.1 200"), "{head}");
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().unwrap())
            });
            break (end + 4, length.unwrap());
        }
    };
    let mut left = (head_len + body_len).checked_sub(filled).unwrap();
    while left > 0 {
        let count = stream.read(buffer).await.unwrap();
        assert!(count > 0, "the answer was cut");
        left = left.checked_sub(count).unwrap();
    }
}
