//! Whether the host has room for one more machine.

use super::super::{host::Means, machine::Shape};

/// Kept free for everything else on the host.
const RESERVE_MIB: u64 = 512;

/// Memory is taken when it is touched, and most commands touch little of what they may. So a machine counts with this
/// part of its memory, as it may yet take it.
const TAKEN_ONE_IN: u64 = 4;

/// The monitor, and what of a template is touched by starting.
const EACH_MIB: u64 = 64;

/// Machines that share a processor. Most of them wait most of the time: for a model, for a disk.
const A_PROCESSOR: u64 = 64;

/// How much of the host's memory a machine is counted with.
pub(super) fn weight(shape: Shape) -> u64 {
    shape.memory_mib / TAKEN_ONE_IN + EACH_MIB
}

/// Whether one more may be started beside those that there are. `at_first` is what the host had before the first one;
/// `now` is what it has.
pub(super) fn admits(
    at_first: Means,
    now: Means,
    there: impl IntoIterator<Item = Shape>,
    one: Shape,
) -> bool {
    let (mut count, mut promised) = (0, weight(one));
    for shape in there {
        count += u64::from(shape.vcpus);
        promised += weight(shape);
    }
    // The first one is always let in: a host that is too small for it says so itself.
    count == 0
        || (promised + RESERVE_MIB <= at_first.memory_mib
            && weight(one) + RESERVE_MIB <= now.memory_mib
            && count + u64::from(one.vcpus) <= at_first.processors * A_PROCESSOR)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shape(memory_mib: u64, vcpus: u32) -> Shape {
        Shape { memory_mib, vcpus }
    }

    fn means(memory_mib: u64, processors: u64) -> Means {
        Means { memory_mib, processors }
    }

    #[test]
    fn a_host_takes_as_many_as_it_has_memory_for() {
        let (host, one) = (means(8_192, 4), shape(1_024, 1));
        // 320 each of 7,680.
        assert!(admits(host, host, vec![one; 23], one));
        assert!(!admits(host, host, vec![one; 24], one));
    }

    #[test]
    fn when_others_took_the_memory_none_is_let_in_but_the_first() {
        let one = shape(1_024, 1);
        assert!(!admits(means(8_192, 4), means(600, 4), [one], one));
        assert!(admits(means(8_192, 4), means(600, 4), [], one));
    }

    #[test]
    fn processors_bound_it_too() {
        let (host, one) = (means(1 << 20, 1), shape(256, 8));
        assert!(admits(host, host, vec![one; 7], one));
        assert!(!admits(host, host, vec![one; 8], one));
    }

    proptest! {
        #[test]
        fn what_is_let_in_fits_and_fewer_there_never_refuse_what_more_there_let_in(
            sizes in prop::collection::vec(64_u64..4_096, 1..40), memory in 1_000_u64..100_000,
        ) {
            let host = means(memory, 64);
            let all: Vec<_> = sizes.iter().map(|size| shape(*size, 1)).collect();
            let one = shape(512, 1);
            if admits(host, host, all.iter().copied(), one) {
                let promised: u64 = all.iter().map(|shape| weight(*shape)).sum();
                prop_assert!(promised + weight(one) <= memory);
                prop_assert!(admits(host, host, all[1..].iter().copied(), one));
            }
        }
    }
}
