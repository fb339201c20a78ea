//! Brings the loopback interface up: in a new machine not even `127.0.0.1` answers.

use std::{io, os::fd::AsRawFd};

use nix::{
    errno::Errno,
    sys::socket::{
        AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recv, send, socket,
    },
};

// From linux/netlink.h, linux/rtnetlink.h and net/if.h.
const RTM_NEWLINK: u16 = 16;
const NLM_F_REQUEST: u16 = 1;
const NLM_F_ACK: u16 = 4;
const NLMSG_ERROR: u16 = 2;
const IFF_UP: u32 = 1;
const LOOPBACK: i32 = 1;

/// Asks the kernel over rtnetlink: one message, one answer.
pub fn loopback() -> io::Result<()> {
    let netlink =
        socket(AddressFamily::Netlink, SockType::Raw, SockFlag::SOCK_CLOEXEC, SockProtocol::NetlinkRoute)?;
    bind(netlink.as_raw_fd(), &NetlinkAddr::new(0, 0))?;
    send(netlink.as_raw_fd(), &request(), MsgFlags::empty())?;
    let mut answer = [0; 256];
    let length = recv(netlink.as_raw_fd(), &mut answer, MsgFlags::empty())?;
    match error_in(answer.get(..length).unwrap_or_default()) {
        Some(0) => Ok(()),
        Some(error) => Err(Errno::from_raw(error.saturating_neg()).into()),
        None => Err(io::Error::other("the kernel gave another answer than was asked for")),
    }
}

/// `struct nlmsghdr` and `struct ifinfomsg`.
fn request() -> [u8; 32] {
    let mut message = [0; 32];
    message[..4].copy_from_slice(&32_u32.to_ne_bytes());
    message[4..6].copy_from_slice(&RTM_NEWLINK.to_ne_bytes());
    message[6..8].copy_from_slice(&(NLM_F_REQUEST | NLM_F_ACK).to_ne_bytes());
    message[20..24].copy_from_slice(&LOOPBACK.to_ne_bytes());
    message[24..28].copy_from_slice(&IFF_UP.to_ne_bytes());
    message[28..32].copy_from_slice(&IFF_UP.to_ne_bytes());
    message
}

/// The error number in an acknowledgement; 0 is none.
fn error_in(answer: &[u8]) -> Option<i32> {
    let kind = u16::from_ne_bytes(answer.get(4..6)?.try_into().ok()?);
    (kind == NLMSG_ERROR).then(|| Some(i32::from_ne_bytes(answer.get(16..20)?.try_into().ok()?)))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loopback_that_is_up_stays_up_and_who_may_not_is_told() {
        let outcome = loopback();
        if nix::unistd::Uid::effective().is_root() {
            outcome.unwrap();
        }
        assert_eq!(error_in(&[0; 8]), None);
        assert_eq!(error_in(&[]), None);
    }
}
