use std::{
    cmp::Reverse,
    collections::{BTreeMap, VecDeque},
};

use crate::amount::Amount;

/// Puts what waits in the order in which it fills hosts of this size best: host by host, the largest first, and then
/// always the largest of those that take more of what there is more left of, memory or CPU. So neither is left over
/// where the other is used up. Where all waits lean to the same side, that is the largest first throughout.
///
/// Things of one amount stay in the order that they are in.
pub(crate) fn blend<T>(waiting: Vec<T>, amount: impl Fn(&T) -> Amount, host: Amount) -> Vec<T> {
    let mut blended = Vec::with_capacity(waiting.len());
    let mut queues: BTreeMap<Reverse<Amount>, VecDeque<T>> = BTreeMap::new();
    for thing in waiting {
        queues.entry(Reverse(amount(&thing))).or_default().push_back(thing);
    }
    let mut free = host;
    while let Some((largest, _)) = queues.first_key_value() {
        let left = free.lean(host).signum();
        let fitting = || queues.keys().filter(|Reverse(need)| need.fits_in(free));
        let balancing = fitting().find(|Reverse(need)| need.lean(host).signum() * left > 0);
        let next = if free == host { Some(largest) } else { balancing.or_else(|| fitting().next()) };
        let Some(next) = next.copied() else {
            free = host;
            continue;
        };
        // What is larger than this host has its turn too: there may be a larger one.
        free = if next.0.fits_in(free) { free.minus(next.0) } else { host };
        if let Some(queue) = queues.get_mut(&next) {
            blended.extend(queue.pop_front());
            if queue.is_empty() {
                queues.remove(&next);
            }
        }
    }
    blended
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: Amount = Amount { mb: 8_000, millis: 8_000 };
    const FEW_CORES: Amount = Amount { mb: 1_000, millis: 100 };
    const MANY_CORES: Amount = Amount { mb: 2_000, millis: 3_000 };

    fn of(counts: &[(Amount, usize)]) -> Vec<Amount> {
        counts.iter().flat_map(|(amount, count)| vec![*amount; *count]).collect()
    }

    #[test]
    fn what_needs_memory_and_what_needs_cpu_take_turns() {
        let blended = blend(of(&[(FEW_CORES, 4), (MANY_CORES, 2)]), |amount| *amount, HOST);

        assert_eq!(blended, of(&[(MANY_CORES, 1), (FEW_CORES, 2), (MANY_CORES, 1), (FEW_CORES, 2)]));
    }

    #[test]
    fn of_one_kind_the_largest_are_first() {
        let double = FEW_CORES.times(2);

        assert_eq!(
            blend(of(&[(FEW_CORES, 3), (double, 3)]), |amount| *amount, HOST),
            of(&[(double, 3), (FEW_CORES, 3)])
        );
    }

    #[test]
    fn what_is_larger_than_a_host_is_not_forgotten() {
        let waiting = of(&[(HOST.times(2), 2), (FEW_CORES, 1)]);

        assert_eq!(blend(waiting.clone(), |amount| *amount, HOST), waiting);
        assert_eq!(blend(waiting.clone(), |amount| *amount, Amount::default()), waiting);
    }

    #[test]
    fn equals_stay_in_their_order() {
        let waiting = (0..10).collect();

        assert_eq!(blend(waiting, |_| FEW_CORES, HOST), (0..10).collect::<Vec<_>>());
    }
}
