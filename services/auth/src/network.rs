//! Where somebody without an account calls from, as far as it tells one from another.

use std::net::{IpAddr, Ipv4Addr};

use prosopa_runtime::PeerAddress;

/// The network of a connection: all of an IPv4 address, the upper 64 bits of an IPv6 address, which are one customer's.
pub(crate) struct Network(IpAddr);

impl Network {
    /// That of the connection. Callers whose connection is not known are in one network together.
    pub(crate) fn of(peer: Option<PeerAddress>) -> Self {
        Self(peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip().to_canonical()))
    }

    /// 4 or 8 bytes, to be hashed under a secret key: they say where a person is.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        match self.0 {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => address.octets()[..8].to_vec(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;

    fn bytes(address: &str) -> Vec<u8> {
        Network::of(Some(PeerAddress(SocketAddr::new(address.parse().unwrap(), 1)))).bytes()
    }

    #[test]
    fn one_customers_addresses_are_one_network() {
        assert_eq!(bytes("2001:db8:1:2:3::4"), bytes("2001:db8:1:2::9"));
        assert_eq!(bytes("::ffff:192.0.2.1"), bytes("192.0.2.1"));
        assert_eq!(Network::of(None).bytes(), bytes("0.0.0.0"));
    }

    #[test]
    fn other_customers_addresses_are_other_networks() {
        assert_ne!(bytes("2001:db8:1:2::4"), bytes("2001:db8:1:3::4"));
        assert_ne!(bytes("192.0.2.1"), bytes("192.0.2.2"));
    }
}
