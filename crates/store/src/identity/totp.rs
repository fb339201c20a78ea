//! Codes by time: RFC 6238 as every app does it, six digits of HMAC-SHA-1 for each half minute.

use data_encoding::BASE32_NOPAD;
use ring::{
    hmac::{HMAC_SHA1_FOR_LEGACY_USE_ONLY, Key, sign},
    rand::{SecureRandom, SystemRandom},
};
use swarm_domain::secret::Secret;
use zeroize::Zeroizing;

use crate::{Result, StoreError};

/// How long a code counts, in seconds.
pub(super) const STEP_SECONDS: i64 = 30;
/// How many steps a clock may be early or late.
const LEEWAY: i64 = 1;
/// What the hash has (RFC 4226, 4: 160 bits are recommended).
const BYTES: usize = 20;

/// A fresh secret, as apps take it: base32.
pub(super) fn fresh() -> Result<Secret> {
    let mut bytes = Zeroizing::new([0_u8; BYTES]);
    let filled = SystemRandom::new().fill(&mut *bytes);
    filled.map_err(|_| StoreError::corrupt("the system's randomness", "it gives none"))?;
    Ok(Secret::new(BASE32_NOPAD.encode(&*bytes)))
}

/// The step after `last` whose code this is, at about this time. Of several the first one; none where it is none of them.
pub(super) fn step_of(secret: &Secret, code: &str, last: i64, now: i64) -> Option<i64> {
    let bytes = Zeroizing::new(BASE32_NOPAD.decode(secret.expose().as_bytes()).ok()?);
    let key = Key::new(HMAC_SHA1_FOR_LEGACY_USE_ONLY, &bytes);
    let step = now.div_euclid(STEP_SECONDS);
    // All of them are compared, whichever it is.
    let mut found = None;
    for step in (step - LEEWAY..=step + LEEWAY).rev() {
        let right = same(code.as_bytes(), of(&key, step).as_bytes());
        if right && step > last {
            found = Some(step);
        }
    }
    found
}

/// The code of a step (RFC 4226, 5.3).
fn of(key: &Key, step: i64) -> String {
    let hash = sign(key, &step.to_be_bytes());
    let hash = hash.as_ref();
    let from = usize::from(hash[hash.len() - 1] & 0x0f);
    let word = u32::from_be_bytes([hash[from] & 0x7f, hash[from + 1], hash[from + 2], hash[from + 3]]);
    format!("{:06}", word % 1_000_000)
}

/// Whether both are the same, in a time that does not tell where they differ.
fn same(one: &[u8], other: &[u8]) -> bool {
    let differ = one.iter().zip(other).fold(0, |all, (a, b)| all | (a ^ b));
    one.len() == other.len() && differ == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret of RFC 6238, appendix B, and its codes, the last six of the eight digits there.
    #[test]
    fn the_codes_are_those_of_the_rfc() {
        let secret = Secret::new(BASE32_NOPAD.encode(b"12345678901234567890"));
        for (at, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(step_of(&secret, code, 0, at), Some(at / 30), "{at}");
        }
    }

    #[test]
    fn a_code_counts_a_step_early_or_late_and_none_that_was_taken_before() {
        let secret = Secret::new(BASE32_NOPAD.encode(b"12345678901234567890"));
        let at = |now, last| step_of(&secret, "050471", last, now);
        let step = 1_111_111_111 / 30;
        for (now, counts) in
            [(step * 30 - 31, false), (step * 30 - 30, true), (step * 30 + 59, true), (step * 30 + 60, false)]
        {
            assert_eq!(at(now, 0).is_some(), counts, "{now}");
        }
        assert_eq!(at(step * 30, step - 1), Some(step));
        assert_eq!(at(step * 30, step), None);
        assert_eq!(at(step * 30, step + 1), None);
    }

    #[test]
    fn what_is_no_code_is_never_right() {
        let secret = fresh().unwrap();
        assert_eq!(secret.expose().len(), 32);
        for bad in ["", "1", "0504711", "abcdef", "05047\u{664}", " 50471", &"1".repeat(10_000)] {
            assert_eq!(step_of(&secret, bad, 0, 1_111_111_111), None, "{bad:.10}");
        }
        assert_ne!(fresh().unwrap(), secret);
    }
}
