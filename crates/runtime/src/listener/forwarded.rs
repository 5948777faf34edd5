//! Who calls through a proxy: believed of the proxies that the configuration names, of nobody else.
//!
//! Each proxy writes down whom it was called by, at the right end. Read from there, the first address that is no
//! proxy's is the client's: what stands to the left of it anybody may have written.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderName, header};
use ipnet::IpNet;

use super::ClientScheme;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// All that tells of who was called how. Nobody behind the listener shall read it.
const FORWARDING: [HeaderName; 6] = [
    header::FORWARDED,
    X_FORWARDED_FOR,
    X_FORWARDED_PROTO,
    HeaderName::from_static("x-forwarded-host"),
    HeaderName::from_static("x-forwarded-port"),
    HeaderName::from_static("x-real-ip"),
];

/// Hops that are looked at.
const HOPS_MAX: usize = 32;

/// One proxy's word: who called it, and how.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Hop {
    client: Option<SocketAddr>,
    scheme: Option<ClientScheme>,
}

/// Whether an address belongs to one of the networks.
pub(super) fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    let address = address.to_canonical();
    trusted.iter().any(|network| network.contains(&address))
}

/// Where a request comes from, and how it came, when its connection is one from `peer` by `scheme`. Takes out the fields
/// that tell of it.
///
/// Where `Forwarded` (RFC 7239) and `X-Forwarded-For` are both there, or what they say cannot be read, the connection's
/// own address counts.
pub(super) fn take_origin(
    headers: &mut HeaderMap,
    trusted: &[IpNet],
    peer: SocketAddr,
    scheme: ClientScheme,
) -> (SocketAddr, ClientScheme) {
    let origin = if is_trusted(peer.ip(), trusted) {
        read_hops(headers).and_then(|hops| find_client(&hops, trusted, scheme))
    } else {
        None
    };
    for name in &FORWARDING {
        headers.remove(name);
    }
    origin.unwrap_or((peer, scheme))
}

/// From the nearest hop to the first whose caller is no proxy. Of several proxies the farthest tells.
fn find_client(hops: &[Hop], trusted: &[IpNet], scheme: ClientScheme) -> Option<(SocketAddr, ClientScheme)> {
    let mut told = scheme;
    let mut client = None;
    for hop in hops.iter().rev() {
        told = hop.scheme.unwrap_or(told);
        let Some(address) = hop.client else { break };
        client = Some(address);
        if !is_trusted(address.ip(), trusted) {
            break;
        }
    }
    client.map(|client| (client, told))
}

/// None where there are none, or none that can be read.
fn read_hops(headers: &HeaderMap) -> Option<Vec<Hop>> {
    match (headers.contains_key(header::FORWARDED), headers.contains_key(X_FORWARDED_FOR)) {
        (true, false) => read_forwarded(headers),
        (false, true) => read_x_forwarded(headers),
        _ => None,
    }
}

fn read_forwarded(headers: &HeaderMap) -> Option<Vec<Hop>> {
    let mut hops = Vec::new();
    for element in elements(headers, &header::FORWARDED)? {
        let mut hop = Hop::default();
        for pair in element.split(';').map(str::trim_ascii).filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=')?;
            let value = unquote(value)?;
            if name.eq_ignore_ascii_case("for") {
                hop.client = read_node(value);
            } else if name.eq_ignore_ascii_case("proto") {
                hop.scheme = Some(read_scheme(value)?);
            }
        }
        hops.push(hop);
    }
    Some(hops)
}

/// A scheme for each address, or one for all.
fn read_x_forwarded(headers: &HeaderMap) -> Option<Vec<Hop>> {
    let clients = elements(headers, &X_FORWARDED_FOR)?;
    let schemes = elements(headers, &X_FORWARDED_PROTO)?;
    let schemes = schemes.into_iter().map(read_scheme).collect::<Option<Vec<ClientScheme>>>()?;
    let scheme_of = |index: usize| match schemes.as_slice() {
        [one] => Some(*one),
        several if several.len() == clients.len() => several.get(index).copied(),
        _ => None,
    };
    let hops = clients.iter().enumerate();
    hops.map(|(index, client)| Some(Hop { client: Some(read_node(client)?), scheme: scheme_of(index) }))
        .collect()
}

/// The elements of a list in all its fields, the last [`HOPS_MAX`] of them. None if one is no text.
fn elements<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<Vec<&'a str>> {
    let mut elements = Vec::new();
    for value in headers.get_all(name) {
        elements.extend(value.to_str().ok()?.split(',').map(str::trim_ascii));
    }
    Some(elements.split_off(elements.len().saturating_sub(HOPS_MAX)))
}

/// Addresses have nothing that would need an escape.
fn unquote(value: &str) -> Option<&str> {
    match value.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"').filter(|inner| !inner.contains(['"', '\\'])),
        None => Some(value),
    }
}

/// An address, perhaps with a port; `unknown` and made-up names are none (RFC 7239, section 6).
fn read_node(text: &str) -> Option<SocketAddr> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(SocketAddr::new(address, 0));
    }
    if let Some(inner) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return inner.parse::<IpAddr>().ok().map(|address| SocketAddr::new(address, 0));
    }
    text.parse().ok()
}

fn read_scheme(text: &str) -> Option<ClientScheme> {
    if text.eq_ignore_ascii_case("https") {
        Some(ClientScheme::Https)
    } else if text.eq_ignore_ascii_case("http") {
        Some(ClientScheme::Http)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PEER: &str = "10.0.0.1:4711";

    fn origin(peer: &str, fields: &[(&'static str, &str)]) -> (String, ClientScheme) {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, value.parse().unwrap());
        }
        let trusted = ["10.0.0.0/8".parse().unwrap(), "2001:db8:9::/48".parse().unwrap()];
        let (address, scheme) =
            take_origin(&mut headers, &trusted, peer.parse().unwrap(), ClientScheme::Http);
        assert!(headers.is_empty(), "{headers:?}");
        (address.ip().to_string(), scheme)
    }

    fn client(fields: &[(&'static str, &str)]) -> String {
        origin(PEER, fields).0
    }

    /// F9: who is no proxy says nothing about others.
    #[test]
    fn a_stranger_is_not_believed() {
        for peer in ["192.0.2.1:1", "11.0.0.1:1", "[2001:db8:8::1]:1"] {
            let fields = [("x-forwarded-for", "127.0.0.1"), ("x-forwarded-proto", "https")];
            let (address, scheme) = origin(peer, &fields);
            assert_eq!(peer.parse::<SocketAddr>().unwrap().ip().to_string(), address);
            assert_eq!(scheme, ClientScheme::Http);
            assert_ne!(origin(peer, &[("forwarded", "for=127.0.0.1;proto=https")]).0, "127.0.0.1");
        }
    }

    /// F9: the rightmost address that is no proxy's counts, whatever the client put before it.
    #[test]
    fn what_a_client_puts_before_is_not_believed() {
        assert_eq!(client(&[("x-forwarded-for", "198.51.100.7")]), "198.51.100.7");
        assert_eq!(client(&[("x-forwarded-for", "127.0.0.1, 198.51.100.7, 10.2.3.4")]), "198.51.100.7");
        assert_eq!(
            client(&[("x-forwarded-for", "127.0.0.1"), ("x-forwarded-for", "198.51.100.7")]),
            "198.51.100.7"
        );
        assert_eq!(client(&[("forwarded", "for=127.0.0.1, for=\"198.51.100.7:80\";by=_x")]), "198.51.100.7");
        assert_eq!(
            client(&[("forwarded", "for=\"[2001:db8:1::5]:80\", for=\"[2001:db8:9::1]\"")]),
            "2001:db8:1::5"
        );
        // All are proxies: the farthest.
        assert_eq!(client(&[("x-forwarded-for", "10.9.9.9, 10.8.8.8")]), "10.9.9.9");
        // A proxy that is reached over both families.
        assert_eq!(origin("[::ffff:10.0.0.1]:1", &[("x-forwarded-for", "198.51.100.7")]).0, "198.51.100.7");
    }

    #[test]
    fn what_cannot_be_read_is_not_believed() {
        let own = "10.0.0.1";
        for value in ["", "x", "198.51.100.7,", "198.51.100.7 x", "198.51.100.300", "unknown", "\u{e9}"] {
            assert_eq!(client(&[("x-forwarded-for", value)]), own, "{value}");
        }
        for value in ["for", "for=unknown", "for=_hidden", "for=\"1.2.3.4", "for=1.2.3.4;proto=gopher"] {
            assert_eq!(client(&[("forwarded", value)]), own, "{value}");
        }
        let both = [("forwarded", "for=198.51.100.7"), ("x-forwarded-for", "198.51.100.8")];
        assert_eq!(client(&both), own);
        // Beyond a hop that does not say who called it nothing is known.
        assert_eq!(client(&[("forwarded", "for=198.51.100.7, for=unknown")]), own);
    }

    #[test]
    fn the_scheme_is_told_by_the_proxy_that_the_client_called() {
        let scheme = |fields: &[(&'static str, &str)]| origin(PEER, fields).1;
        let client = ("x-forwarded-for", "198.51.100.7");
        assert_eq!(scheme(&[client, ("x-forwarded-proto", "HTTPS")]), ClientScheme::Https);
        assert_eq!(scheme(&[client]), ClientScheme::Http);
        let two = ("x-forwarded-for", "198.51.100.7, 10.2.3.4");
        assert_eq!(scheme(&[two, ("x-forwarded-proto", "https, http")]), ClientScheme::Https);
        assert_eq!(
            scheme(&[("forwarded", "for=198.51.100.7;proto=https, for=10.2.3.4;proto=http")]),
            ClientScheme::Https
        );
        let spoofed = "for=1.1.1.1;proto=https, for=198.51.100.7;proto=http";
        assert_eq!(scheme(&[("forwarded", spoofed)]), ClientScheme::Http);
    }

    proptest! {
        /// F9: whatever a client writes before what the proxy adds, the client's own address counts.
        #[test]
        fn nothing_before_the_proxys_own_word_counts(spoofed in "[ -~]{0,60}") {
            let plain = spoofed.split(',').all(|part| read_node(part.trim_ascii()).is_some());
            let expected = if plain { "198.51.100.7" } else { "10.0.0.1" };
            let value = format!("{spoofed}, 198.51.100.7");
            prop_assert_eq!(client(&[("x-forwarded-for", &value)]), expected);
        }
    }
}
