//! What the readers here make of bytes and fields, in words that others have too.

use std::net::{Ipv4Addr, SocketAddr};

use http::HeaderMap;
use ipnet::IpNet;

use super::{
    ClientScheme, ListenerOptions,
    forwarded::{is_trusted, take_origin},
    head::Scanner,
};

/// What is read of the bytes of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heads {
    /// Bytes that the server may read.
    pub good: usize,
    /// What is wrong with those behind them.
    pub fault: Option<String>,
    /// Whether a body has begun there and has not ended.
    pub is_in_body: bool,
}

/// Reads what a connection has brought when `pieces` of it, in bytes, have come one after the other, and then the rest.
pub fn read_heads(bytes: &[u8], pieces: &[usize]) -> Heads {
    let mut scanner = Scanner::new(ListenerOptions::default().head_limits(true));
    let (mut good, mut come) = (0, 0);
    for piece in pieces.iter().copied().chain([bytes.len()]) {
        come = bytes.len().min(come + piece);
        let (more, fault) = scanner.take(&bytes[good..come]);
        good += more;
        if let Some(fault) = fault {
            let fault = Some(format!("{fault:?}"));
            return Heads { good, fault, is_in_body: scanner.is_in_body() };
        }
    }
    Heads { good, fault: None, is_in_body: scanner.is_in_body() }
}

/// Who is taken for the client of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// Its address.
    pub client: SocketAddr,
    /// Whether it came by TLS.
    pub is_over_tls: bool,
    /// Whether it is one of the proxies that are believed.
    pub is_proxy: bool,
}

/// Reads who calls through `peer`, where 10.0.0.0/8 are the proxies that are believed. Takes out the fields that tell of it.
pub fn read_origin(headers: &mut HeaderMap, peer: SocketAddr) -> Origin {
    let proxies = [IpNet::new_assert(Ipv4Addr::new(10, 0, 0, 0).into(), 8)];
    let (client, scheme) = take_origin(headers, &proxies, peer, ClientScheme::Http);
    Origin { client, is_over_tls: scheme == ClientScheme::Https, is_proxy: is_trusted(client.ip(), &proxies) }
}
