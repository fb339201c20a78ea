//! Whether a program can run where there is nothing but itself.

/// Says whether a 64-bit ELF program asks for no interpreter, which is what a dynamic linker is.
pub(super) fn is_static(program: &[u8]) -> bool {
    const INTERPRETER: u32 = 3;
    const LITTLE_64: [u8; 6] = [0x7f, b'E', b'L', b'F', 2, 1];
    let number = |at: usize, size: usize| -> Option<usize> {
        let bytes = program.get(at..at.checked_add(size)?)?;
        let number = bytes.iter().rev().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
        usize::try_from(number).ok()
    };
    if !program.starts_with(&LITTLE_64) {
        return false;
    }
    let (Some(table), Some(size), Some(count)) = (number(0x20, 8), number(0x36, 2), number(0x38, 2)) else {
        return false;
    };
    let kind = |index: usize| number(table.checked_add(index.checked_mul(size)?)?, 4);
    (0..count).all(|index| kind(index).is_some_and(|kind| kind != INTERPRETER as usize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_needs_the_systems_libraries_is_told_from_one_that_does_not() {
        let shell = std::fs::read("/bin/sh").unwrap();
        assert!(!is_static(&shell));
        match std::fs::read("/bin/busybox") {
            Ok(busybox) => assert!(is_static(&busybox)),
            Err(error) => println!("skipped: /bin/busybox: {error}"),
        }
        assert!(!is_static(b"#!/bin/sh\n"));
        assert!(!is_static(&shell[..40]));
    }
}
