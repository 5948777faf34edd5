//! Which addresses anybody can reach (IANA's registries of special-purpose addresses, RFC 6890).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The address that a host of a URL is; none where it is a name.
pub(super) fn literal(host: &str) -> Option<IpAddr> {
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host.parse().ok()
}

/// Whether an address is anybody's: not of this machine, a private network, a link, a group or a purpose of its own. An IPv6
/// address that stands for one of IPv4 is what it stands for.
pub(super) fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [first, second, third, _] = ip.octets();
    let is_special = match (first, second, third) {
        // This network, 6to4 relays, and everything from the groups upwards.
        (0 | 224.., ..) | (192, 88, 99) => true,
        // Carriers' own, the IETF's own, benchmarks.
        (100, 64..=127, _) | (192, 0, 0) | (198, 18..=19, _) => true,
        _ => false,
    };
    !(is_special || ip.is_loopback() || ip.is_private() || ip.is_link_local() || ip.is_documentation())
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [first, second, third, .., seventh, eighth] = ip.segments();
    let embedded = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    if let Some(mapped) = ip.to_ipv4_mapped() {
        return is_public_v4(mapped);
    }
    match (first, second) {
        // NAT64 and 6to4.
        (0x64, 0xff9b) => embedded(seventh, eighth),
        (0x2002, _) => embedded(second, third),
        // Teredo and others of the IETF, documentation.
        (0x2001, 0..=0x1ff | 0xdb8) => false,
        // What was ever given out lies in 2000::/3.
        _ => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// K3: nothing special counts as public, nothing public as special.
    #[test]
    fn only_addresses_of_everybody_are_public() {
        for public in
            ["1.1.1.1", "93.184.216.34", "100.63.0.1", "172.32.0.1", "2606:4700::1111", "2002:0101:0101::1"]
        {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for inside in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "192.0.0.1",
            "192.0.2.1",
            "192.168.0.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::a00:1",
            "2002:7f00:1::1",
            "2001::1",
            "2001:db8::1",
            "fc00::1",
            "fe80::1",
            "ff02::1",
        ] {
            assert!(!is_public(inside.parse().unwrap()), "{inside}");
        }
    }
}
