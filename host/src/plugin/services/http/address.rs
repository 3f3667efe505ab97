//! Which addresses only the user may open to plugins.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What kind of address it is, in words that follow "an address"; `None` for one of the
/// public internet, which every plugin may reach.
///
/// Not here: 198.18.0.0/15, though reserved for measurements. Local tunnels answer every name
/// with an address from it, so that refusing it would cut their users off the internet.
pub(super) fn closed_kind(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => closed_kind_v4(address),
        IpAddr::V6(address) => closed_kind_v6(address),
    }
}

/// By the registry of special addresses (RFC 6890 and its updates).
fn closed_kind_v4(address: Ipv4Addr) -> Option<&'static str> {
    let [a, b, ..] = address.octets();
    Some(match (a, b) {
        // All of 0.0.0.0/8 is "this network"; the first of them connects to this machine.
        (0, _) => "of no machine in particular",
        (127, _) => "of this machine itself",
        (10, _) | (172, 16..=31) | (192, 168) => "of a private network",
        (100, 64..=127) => "of a provider's inner network",
        (169, 254) => "of the local link",
        (224..=239, _) => "of many machines at once",
        (240..=255, _) => "that is reserved",
        _ => return None,
    })
}

fn closed_kind_v6(address: Ipv6Addr) -> Option<&'static str> {
    if address.is_unspecified() {
        return Some("of no machine in particular");
    }
    if address.is_loopback() {
        return Some("of this machine itself");
    }
    if let Some(inner) = carried_v4(address) {
        return closed_kind_v4(inner);
    }
    Some(match address.segments()[0] {
        0xfc00..=0xfdff => "of a private network",
        // Also the site-local ones of before RFC 3879, which some networks still route.
        0xfec0..=0xfeff => "of a private network",
        0xfe80..=0xfebf => "of the local link",
        0xff00..=0xffff => "of many machines at once",
        _ => return None,
    })
}

/// The IPv4 address that a machine or gateway takes out of this one and connects to.
fn carried_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let joined = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        Some(Ipv4Addr::new(a, b, c, d))
    };
    match [a, b, c, d, e, f] {
        // Mapped, translated (RFC 2765) and compatible.
        [0, 0, 0, 0, 0, 0xffff | 0] | [0, 0, 0, 0, 0xffff, 0] => joined(g, h),
        // NAT64 (RFC 6052), and its prefix for local use (RFC 8215).
        [0x64, 0xff9b, 0, 0, 0, 0] | [0x64, 0xff9b, 1, ..] => joined(g, h),
        // 6to4 (RFC 3056).
        [0x2002, high, low, ..] => joined(high, low),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_public_internet_is_open() {
        for (address, closed) in [
            ("8.8.8.8", false),
            ("100.63.255.255", false),
            ("100.128.0.0", false),
            ("172.15.255.255", false),
            ("172.32.0.0", false),
            ("192.167.1.1", false),
            ("198.18.0.1", false),
            ("223.255.255.255", false),
            ("2606:4700::1111", false),
            ("2002:808:808::1", false),
            ("64:ff9b::808:808", false),
            ("::ffff:8.8.8.8", false),
            ("0.0.0.0", true),
            ("0.1.2.3", true),
            ("10.0.0.1", true),
            ("100.64.0.0", true),
            ("100.127.255.255", true),
            ("127.0.0.1", true),
            ("127.255.255.254", true),
            ("169.254.169.254", true),
            ("172.16.0.0", true),
            ("172.31.255.255", true),
            ("192.168.178.1", true),
            ("224.0.0.251", true),
            ("240.0.0.1", true),
            ("255.255.255.255", true),
            ("::", true),
            ("::1", true),
            ("::ffff:127.0.0.1", true),
            ("::ffff:192.168.1.1", true),
            ("::ffff:0:10.0.0.1", true),
            ("::127.0.0.1", true),
            ("64:ff9b::10.0.0.1", true),
            ("64:ff9b:1::10.0.0.1", true),
            ("2002:a00:1::1", true),
            ("2002:7f00:1::", true),
            ("fc00::1", true),
            ("fdff::1", true),
            ("fe80::1", true),
            ("febf::1", true),
            ("fec0::1", true),
            ("ff02::fb", true),
        ] {
            let kind = closed_kind(address.parse().unwrap());
            assert_eq!(kind.is_some(), closed, "{address}: {kind:?}");
        }
    }
}
