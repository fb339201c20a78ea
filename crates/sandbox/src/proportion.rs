//! The memory that a process takes, where a page that several processes share counts in parts: its proportional set.

use std::{collections::HashSet, fs};

/// Bytes of some processes together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Proportion {
    /// Of one file that they map.
    pub(crate) of_file: u64,
    /// Of everything else.
    pub(crate) rest: u64,
}

impl Proportion {
    /// Of these processes. `file` is the inode of the file whose part is told apart.
    pub(crate) fn of(processes: &HashSet<i32>, file: u64) -> Self {
        // One that has ended holds nothing.
        let tables = processes.iter().filter_map(|pid| fs::read_to_string(format!("/proc/{pid}/smaps")).ok());
        tables.fold(Self::default(), |sum, table| sum.and(Self::read(&table, file)))
    }

    /// Both together.
    pub(crate) fn and(self, other: Self) -> Self {
        Self { of_file: self.of_file + other.of_file, rest: self.rest + other.rest }
    }

    pub(crate) fn all(self) -> u64 {
        self.of_file + self.rest
    }

    /// From the kernel's table: a line for each mapping (`7f00-7f10 rw-p 0 fe:00 INODE PATH`), its figures below it.
    fn read(table: &str, file: u64) -> Self {
        let (mut proportion, mut is_file) = (Self::default(), false);
        for line in table.lines() {
            let mut words = line.split_whitespace();
            match words.next() {
                Some("Pss:") => {
                    let kib: u64 = words.next().and_then(|word| word.parse().ok()).unwrap_or(0);
                    let part = if is_file { &mut proportion.of_file } else { &mut proportion.rest };
                    *part += kib << 10;
                }
                Some(range) if !range.ends_with(':') => {
                    is_file = words.nth(3).and_then(|inode| inode.parse().ok()) == Some(file);
                }
                _ => {}
            }
        }
        proportion
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_part_of_one_file_is_told_apart_from_the_rest() {
        let table = "\
5570-5580 r-xp 00000000 fe:00 77                         /usr/bin/qemu
Rss:                  40 kB
Pss:                  10 kB
Pss_Dirty:             9 kB
VmFlags: rd ex mr mw me
7f00-7f80 rw-p 00000000 fe:00 4242                       /vm/templates/a/memory
Pss:                 300 kB
7f80-7f90 rw-p 00000000 00:00 0
Pss:                   5 kB
7f90-7fa0 rw-p 00400000 fe:00 4242                       /vm/templates/a/memory
Pss:                  20 kB
";
        let read = Proportion::read(table, 4242);
        assert_eq!(read, Proportion { of_file: 320 << 10, rest: 15 << 10 });
        assert_eq!(read.all(), 335 << 10);
        assert_eq!(Proportion::read("", 1), Proportion::default());
    }

    #[test]
    fn a_process_has_one_and_one_that_is_gone_has_none() {
        let own = i32::try_from(std::process::id()).unwrap();
        assert!(Proportion::of(&HashSet::from([own]), 0).all() > 100 << 10);
        assert_eq!(Proportion::of(&HashSet::from([i32::MAX]), 0).all(), 0);
    }
}
