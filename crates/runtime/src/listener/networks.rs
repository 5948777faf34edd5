//! How many connections each network of clients has, so that none of them takes all there are.

use std::{
    collections::{HashMap, hash_map::Entry},
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Connections by network. The table is as large as there are connections.
#[derive(Clone)]
pub(super) struct Networks {
    counts: Arc<Mutex<HashMap<IpAddr, usize>>>,
    max: usize,
}

/// The place of one connection, given back when dropped.
pub(super) struct Place {
    networks: Networks,
    network: IpAddr,
}

impl Networks {
    /// Nobody has any yet; each network may have `max`.
    pub(super) fn new(max: usize) -> Self {
        Self { counts: Arc::default(), max }
    }

    /// A place for a connection from `address`; none if its network has as many as it may.
    pub(super) fn enter(&self, address: IpAddr) -> Option<Place> {
        let network = network_of(address);
        let mut counts = self.lock();
        let count = counts.entry(network).or_default();
        if *count >= self.max {
            return None;
        }
        *count += 1;
        Some(Place { networks: self.clone(), network })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Entry::Occupied(mut entry) = self.networks.lock().entry(self.network) {
            *entry.get_mut() -= 1;
            if *entry.get() == 0 {
                entry.remove();
            }
        }
    }
}

/// All of an IPv4 address; the upper 64 bits of an IPv6 address, which are one customer's.
fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_network_has_so_many_places_and_gets_them_back() {
        let networks = Networks::new(2);
        let first = networks.enter(address("2001:db8:1:2::1"));
        let second = networks.enter(address("2001:db8:1:2::2"));
        assert!(first.is_some() && second.is_some());
        assert!(networks.enter(address("2001:db8:1:2:3::4")).is_none());
        assert!(networks.enter(address("2001:db8:1:3::1")).is_some());
        drop(first);
        assert!(networks.enter(address("2001:db8:1:2:3::4")).is_some());
        drop(second);
        assert!(networks.lock().is_empty());
    }

    #[test]
    fn a_mapped_address_is_the_one_that_it_maps() {
        let networks = Networks::new(1);
        let place = networks.enter(address("192.0.2.1"));
        assert!(networks.enter(address("::ffff:192.0.2.1")).is_none());
        assert!(networks.enter(address("192.0.2.2")).is_some());
        drop(place);
    }
}
