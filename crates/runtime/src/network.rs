//! Where somebody calls from, as far as it tells one customer from another.

use std::net::{IpAddr, Ipv4Addr};

use crate::PeerAddress;

/// A client's network: one address of IPv4, or the upper 64 bits of an IPv6 address, which are one customer's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Network {
    /// All 32 bits.
    V4(u32),
    /// The upper 64 bits.
    V6(u64),
}

impl Network {
    /// That of a connection. Callers whose connection is not known are in one network together.
    pub fn of(peer: Option<PeerAddress>) -> Self {
        peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip()).into()
    }

    /// 4 or 8 bytes. They say where a person is: what is kept of them is to be hashed under a secret key.
    pub fn bytes(&self) -> Vec<u8> {
        match self {
            Self::V4(address) => address.to_be_bytes().to_vec(),
            Self::V6(prefix) => prefix.to_be_bytes().to_vec(),
        }
    }
}

impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address.to_bits()),
            IpAddr::V6(address) => Self::V6((address.to_bits() >> 64) as u64),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(address: &str) -> Network {
        Network::from(address.parse::<IpAddr>().unwrap())
    }

    #[test]
    fn one_customers_addresses_are_one_network() {
        assert_eq!(network("2001:db8:1:2:3::4"), network("2001:db8:1:2::9"));
        assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
        assert_eq!(Network::of(None), network("0.0.0.0"));
    }

    #[test]
    fn other_customers_addresses_are_other_networks() {
        assert_ne!(network("2001:db8:1:2::4"), network("2001:db8:1:3::4"));
        assert_ne!(network("192.0.2.1").bytes(), network("192.0.2.2").bytes());
    }
}
