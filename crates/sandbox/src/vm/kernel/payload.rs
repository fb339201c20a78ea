//! The uncompressed kernel inside the file that distributions ship.
//!
//! A `vmlinuz` is a small program that unpacks the kernel it carries. A microVM's monitor starts the kernel itself, so we
//! unpack it. Where it lies and how long it is the file says (the boot protocol, 2.08 and later: `payload_offset`,
//! `payload_length`); how it is packed its first bytes say.

use std::{
    fs::File,
    io::{self, Write},
    path::Path,
    process::{Command, Stdio},
};

const ELF: &[u8] = b"\x7fELF";
const LZ4_LEGACY: [u8; 4] = [0x02, 0x21, 0x4c, 0x18];

/// A block of the legacy LZ4 format holds at most this, unpacked.
const LZ4_BLOCK: usize = 8 << 20;

/// No kernel is larger, and a file that says so is not one.
const LARGEST: usize = 512 << 20;

/// How each form is known by its first bytes, and the program that unpacks it.
const FORMS: [(&[u8], &str); 3] =
    [(b"\x1f\x8b\x08", "gzip"), (b"\xfd7zXZ\x00", "xz"), (b"\x28\xb5\x2f\xfd", "zstd")];

/// The kernel as an ELF file, out of `image`: a `vmlinux` or a `vmlinuz`. `scratch` is a folder for temporary files.
pub(super) fn vmlinux(image: Vec<u8>, scratch: &Path) -> io::Result<Vec<u8>> {
    if image.starts_with(ELF) {
        return Ok(image);
    }
    let payload = payload(&image)?;
    let kernel = if payload.starts_with(&LZ4_LEGACY) {
        // Behind everything but gzip the kernel's build appends the unpacked size.
        lz4_legacy(without_size(payload)?)?
    } else {
        let form = FORMS.iter().find(|(magic, _)| payload.starts_with(magic));
        let (_, program) =
            form.ok_or_else(|| unfit("its kernel is packed in a way that is not known here"))?;
        let packed = if *program == "gzip" { payload } else { without_size(payload)? };
        unpack(packed, program, scratch)?
    };
    if kernel.starts_with(ELF) { Ok(kernel) } else { Err(unfit("what it carries is not a kernel")) }
}

fn unfit(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

fn word(image: &[u8], at: usize) -> io::Result<usize> {
    let bytes = image.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
    let bytes = bytes.ok_or_else(|| unfit("it is cut off"))?;
    usize::try_from(u32::from_le_bytes(bytes)).map_err(|_| unfit("a size in it is too large"))
}

/// The packed kernel, as the header of the boot protocol describes it.
fn payload(image: &[u8]) -> io::Result<&[u8]> {
    if image.get(0x202..0x206) != Some(b"HdrS") {
        return Err(unfit("it is neither an ELF file nor a Linux kernel for x86"));
    }
    let version = word(image, 0x206)? & 0xffff;
    if version < 0x208 {
        return Err(unfit("it is a kernel from before 2008"));
    }
    let sectors = match image[0x1f1] {
        0 => 4,
        sectors => usize::from(sectors),
    };
    let start = (sectors + 1) * 512 + word(image, 0x248)?;
    let length = word(image, 0x24c)?;
    let end = start.checked_add(length).ok_or_else(|| unfit("a size in it is too large"))?;
    image.get(start..end).ok_or_else(|| unfit("it is cut off"))
}

fn without_size(payload: &[u8]) -> io::Result<&[u8]> {
    let end = payload.len().checked_sub(4).ok_or_else(|| unfit("it is cut off"))?;
    Ok(&payload[..end])
}

fn lz4_legacy(packed: &[u8]) -> io::Result<Vec<u8>> {
    let mut rest = &packed[LZ4_LEGACY.len()..];
    let mut kernel = Vec::new();
    let mut block = vec![0; LZ4_BLOCK];
    while rest.len() >= 4 {
        let size = word(rest, 0)?;
        rest = &rest[4..];
        if size == u32::from_le_bytes(LZ4_LEGACY) as usize {
            continue;
        }
        let packed = rest.get(..size).ok_or_else(|| unfit("it is cut off"))?;
        let count = lz4_flex::block::decompress_into(packed, &mut block)
            .map_err(|error| unfit(&format!("it is damaged: {error}")))?;
        kernel.extend_from_slice(&block[..count]);
        if kernel.len() > LARGEST {
            return Err(unfit("it is too large to be a kernel"));
        }
        rest = &rest[size..];
    }
    Ok(kernel)
}

/// Has `program` unpack bytes.
pub(super) fn unpack(packed: &[u8], program: &str, scratch: &Path) -> io::Result<Vec<u8>> {
    let mut file = tempfile::NamedTempFile::new_in(scratch)?;
    file.write_all(packed)?;
    let output = Command::new(program)
        .arg("-dc")
        .stdin(Stdio::from(File::open(file.path())?))
        .stderr(Stdio::piped())
        .output()
        .map_err(|error| io::Error::new(error.kind(), format!("the program `{program}`: {error}")))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(unfit(&format!("`{program}` could not unpack it: {}", said.trim())));
    }
    if output.stdout.len() > LARGEST {
        return Err(unfit("it is too large to be a kernel"));
    }
    Ok(output.stdout)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file with the header of the boot protocol around a payload.
    fn image(payload: &[u8]) -> Vec<u8> {
        let mut image = vec![0; 1024];
        image[0x1f1] = 1;
        image[0x202..0x206].copy_from_slice(b"HdrS");
        image[0x206..0x208].copy_from_slice(&0x20f_u16.to_le_bytes());
        image[0x248..0x24c].copy_from_slice(&16_u32.to_le_bytes());
        image[0x24c..0x250].copy_from_slice(&u32::try_from(payload.len()).unwrap().to_le_bytes());
        image.extend([0; 16]);
        image.extend(payload);
        image.extend(b"what follows is none of it");
        image
    }

    fn kernel() -> Vec<u8> {
        [ELF.to_vec(), (0..=255).cycle().take(100_000).collect()].concat()
    }

    fn unpacked(image: Vec<u8>) -> io::Result<Vec<u8>> {
        let scratch = tempfile::tempdir().unwrap();
        vmlinux(image, scratch.path())
    }

    #[test]
    fn a_kernel_in_the_legacy_form_of_lz4_is_unpacked_block_by_block() {
        let kernel = kernel();
        let mut packed = LZ4_LEGACY.to_vec();
        for part in kernel.chunks(60_000) {
            let block = lz4_flex::block::compress(part);
            packed.extend(u32::try_from(block.len()).unwrap().to_le_bytes());
            packed.extend(block);
        }
        packed.extend(u32::try_from(kernel.len()).unwrap().to_le_bytes());
        assert_eq!(unpacked(image(&packed)).unwrap(), kernel);
    }

    #[test]
    fn the_other_forms_are_unpacked_by_the_systems_programs() {
        for (_, program) in FORMS {
            let mut file = tempfile::NamedTempFile::new().unwrap();
            file.write_all(&kernel()).unwrap();
            let Ok(output) = Command::new(program).arg("-c").arg(file.path()).output() else {
                println!("skipped: {program} is not installed");
                continue;
            };
            let mut packed = output.stdout;
            if program != "gzip" {
                packed.extend(u32::try_from(kernel().len()).unwrap().to_le_bytes());
            }
            assert_eq!(unpacked(image(&packed)).unwrap(), kernel(), "{program}");
        }
    }

    #[test]
    fn an_uncompressed_kernel_is_taken_as_it_is_and_anything_else_is_refused() {
        assert_eq!(unpacked(kernel()).unwrap(), kernel());
        let mut cut = image(&LZ4_LEGACY);
        cut.truncate(1030);
        let mut damaged = LZ4_LEGACY.to_vec();
        damaged.extend([200, 0, 0, 0, 1, 2, 3, 0, 0, 0, 0]);
        for (bad, why) in [
            (b"#!/bin/sh\n".to_vec(), "neither"),
            (Vec::new(), "neither"),
            (cut, "cut off"),
            (image(&damaged), "cut off"),
            (image(b"BZh91AY&SY"), "not known here"),
            (image(b"\x28\xb5\x2f\xfd and no more"), "zstd"),
        ] {
            let error = unpacked(bad).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
