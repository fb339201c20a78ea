//! Which addresses may be connected to: those of the public internet.
//!
//! A name that may be called can still lead anywhere: its owner, or whoever answers for it, decides. So what it was
//! resolved to is judged here, and exactly that address is to be connected to afterwards.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// What an address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Of the public internet.
    Public,
    /// Of this machine or of a network around it: only for hosts that the operator names.
    Private(&'static str),
    /// Never connected to, whoever asks.
    Never(&'static str),
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Public => "public",
            Self::Private(what) | Self::Never(what) => what,
        })
    }
}

/// Where clouds tell a machine who it is and hand it keys. Link-local ones are refused with their whole network.
const METADATA: &[IpAddr] = &[
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
    IpAddr::V6(Ipv6Addr::new(0xFD00, 0xEC2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V6(Ipv6Addr::new(0xFD00, 0xEC2, 0, 0, 0, 0, 0, 0x23)),
    IpAddr::V6(Ipv6Addr::new(0xFD20, 0xCE, 0, 0, 0, 0, 0, 0x254)),
];

/// Judges an address.
#[must_use]
pub fn standing(address: IpAddr) -> Standing {
    if METADATA.contains(&address) {
        return Standing::Never("a cloud's metadata");
    }
    match address {
        IpAddr::V4(address) => version4(address),
        IpAddr::V6(address) => version6(address),
    }
}

/// By the registry of special addresses (RFC 6890 and its successors).
fn version4(address: Ipv4Addr) -> Standing {
    match address.octets() {
        [169, 254, ..] => Standing::Never("link-local, where clouds keep their metadata"),
        [0, ..] => Standing::Never("unspecified"),
        [224..=239, ..] => Standing::Never("multicast"),
        [240..=255, ..] => Standing::Never("reserved or broadcast"),
        [192, 0, 0 | 2, _] | [198, 51, 100, _] | [203, 0, 113, _] | [192, 88, 99, _] => {
            Standing::Never("reserved for protocols and examples")
        }
        [127, ..] => Standing::Private("loopback"),
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Standing::Private("private"),
        [100, 64..=127, ..] => Standing::Private("shared by a provider's customers"),
        [198, 18 | 19, ..] => Standing::Private("for measurements between networks"),
        _ => Standing::Public,
    }
}

/// Only what is given out as global unicast is public. Forms that carry an address of version 4 are as good as that one,
/// and where it could be a tunnel through somebody's relay they are refused.
fn version6(address: Ipv6Addr) -> Standing {
    let [.., one, two, three, four] = address.octets();
    let last = Ipv4Addr::new(one, two, three, four);
    let [head @ .., _, _] = address.segments();
    match head.into() {
        (0, 0, 0, 0, 0, 0xFFFF) | (0x64, 0xFF9B, 0, 0, 0, 0) => standing(IpAddr::V4(last)),
        (0, 0, 0, 0, 0, 0) if address.is_loopback() => Standing::Private("loopback"),
        (0, 0, 0, 0, 0, 0) => Standing::Never("unspecified, or of version 4 in an old form"),
        (0x64, 0xFF9B, 1, ..) => Standing::Never("a local translation to version 4"),
        (0xFC00..=0xFDFF, ..) => Standing::Private("private"),
        (0xFE80..=0xFEBF, ..) => Standing::Never("link-local, where clouds keep their metadata"),
        (0xFEC0..=0xFEFF, ..) => Standing::Private("private (site-local)"),
        (0xFF00..=0xFFFF, ..) => Standing::Never("multicast"),
        (0x2002, ..) => Standing::Never("6to4, a tunnel to version 4"),
        (0x2001, 0..=0x1FF, ..) => Standing::Never("Teredo or another protocol's own"),
        (0x2001, 0xDB8, ..) | (0x3FFF, 0..=0xFFF, ..) => Standing::Never("reserved for examples"),
        // The interface identifier of ISATAP, a tunnel as well.
        (_, _, _, _, 0 | 0x200, 0x5EFE) => Standing::Never("ISATAP, a tunnel to version 4"),
        (0x2000..=0x3FFF, ..) => Standing::Public,
        _ => Standing::Never("not given out"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(text: &str) -> Standing {
        standing(text.parse().unwrap())
    }

    #[test]
    fn the_public_internet_may_be_reached() {
        for text in [
            "1.1.1.1",
            "151.101.0.223",
            "172.15.0.1",
            "172.32.0.1",
            "100.63.0.1",
            "100.128.0.1",
            "2606:4700::1",
            "2a04:4e42::223",
            "64:ff9b::101:101",
        ] {
            assert_eq!(of(text), Standing::Public, "{text}");
        }
    }

    #[test]
    fn metadata_and_what_is_nobodys_is_never_reached() {
        for text in [
            "169.254.169.254",
            "169.254.170.2",
            "168.63.129.16",
            "100.100.100.200",
            "192.0.0.192",
            "fd00:ec2::254",
            "fd20:ce::254",
            "fe80::1",
            "0.0.0.0",
            "0.1.2.3",
            "224.0.0.1",
            "239.255.255.250",
            "255.255.255.255",
            "240.0.0.1",
            "::",
            "::7f00:2",
            "ff02::1",
            "2002:7f00:1::",
            "2002:a9fe:a9fe::1",
            "2001::1",
            "2001:db8::1",
            "64:ff9b:1::1",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "100::1",
            "4000::1",
            "2600::5efe:7f00:1",
            "192.0.2.1",
        ] {
            assert!(matches!(of(text), Standing::Never(_)), "{text}: {}", of(text));
        }
    }

    #[test]
    fn what_is_around_the_machine_is_private_in_every_form() {
        for text in [
            "127.0.0.1",
            "127.255.255.255",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "100.64.0.1",
            "198.18.0.1",
            "::1",
            "fd12::1",
            "fc00::1",
            "fec0::1",
            "::ffff:127.0.0.1",
            "::ffff:10.1.2.3",
            "64:ff9b::a00:1",
        ] {
            assert!(matches!(of(text), Standing::Private(_)), "{text}: {}", of(text));
        }
    }

    proptest! {
        #[test]
        fn a_form_that_carries_version_4_is_never_better_than_it(bits: u32) {
            let plain = Ipv4Addr::from(bits);
            let (o, standing4) = (plain.octets(), standing(IpAddr::V4(plain)));
            prop_assert_eq!(standing(IpAddr::V6(plain.to_ipv6_mapped())), standing4);
            let (g, h) = (u16::from_be_bytes([o[0], o[1]]), u16::from_be_bytes([o[2], o[3]]));
            prop_assert_eq!(standing(IpAddr::V6(Ipv6Addr::new(0x64, 0xFF9B, 0, 0, 0, 0, g, h))), standing4);
            prop_assert_ne!(standing(IpAddr::V6(Ipv6Addr::new(0x2002, g, h, 0, 0, 0, 0, 1))), Standing::Public);
            prop_assert_ne!(standing(IpAddr::V6(plain.to_ipv6_compatible())), Standing::Public);
        }

        #[test]
        fn public_is_what_the_standard_library_knows_as_neither_private_nor_special(bits: u32) {
            let address = Ipv4Addr::from(bits);
            if standing(IpAddr::V4(address)) == Standing::Public {
                prop_assert!(!(address.is_private() || address.is_loopback() || address.is_link_local() || address.is_multicast()
                    || address.is_broadcast() || address.is_documentation() || address.is_unspecified()));
            }
        }
    }
}
