//! What the kernel's command line says to this program.

use std::path::PathBuf;

/// Where a host connects that was told nothing else.
pub const VSOCK: u32 = 3129;

/// See `--help`.
#[derive(Debug, PartialEq, Eq)]
pub struct Options {
    pub port: String,
    pub tty: Option<PathBuf>,
    pub vsock: Option<u32>,
    pub root: Option<PathBuf>,
    pub root_type: Option<String>,
    pub scratch: Option<PathBuf>,
}

impl Options {
    /// Words that mean nothing here are the kernel's.
    pub fn parse(line: &str) -> Self {
        let mut options = Self {
            port: "swarm".to_owned(),
            tty: None,
            vsock: None,
            root: None,
            root_type: None,
            scratch: None,
        };
        let own = line.split_whitespace().filter_map(|word| word.strip_prefix("swarm.")?.split_once('='));
        for (name, value) in own {
            match name {
                "port" => value.clone_into(&mut options.port),
                "tty" => options.tty = Some(value.into()),
                "vsock" => options.vsock = value.parse().ok(),
                "root" => options.root = Some(value.into()),
                "rootfstype" => options.root_type = Some(value.to_owned()),
                "scratch" => options.scratch = Some(value.into()),
                _ => {}
            }
        }
        options
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_words_are_read_and_the_kernels_are_passed_over() {
        let line = "console=ttyS0 quiet swarm.root=/dev/vda swarm.rootfstype=squashfs root=/dev/sda swarm.odd swarm.x=1\n";
        let options = Options::parse(line);
        assert_eq!((options.root, options.root_type.as_deref()), (Some("/dev/vda".into()), Some("squashfs")));
        assert_eq!((options.port.as_str(), options.tty, options.vsock), ("swarm", None, None));
    }
}
