/// A linear congruential generator (Knuth's MMIX constants): repeatable dice without a dependency. Not for secrets.
#[derive(Debug)]
pub(super) struct Lcg(u64);

impl Lcg {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number under `limit`; 0 for a limit of 0.
    pub(super) fn below(&mut self, limit: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // The upper half: the lower bits of such a generator repeat soon.
        let high = u32::try_from(self.0 >> 32).unwrap_or(u32::MAX);
        u32::try_from((u64::from(high) * u64::from(limit)) >> 32).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_seeds_give_equal_numbers_and_all_of_them_come_up() {
        let roll = |seed| {
            let mut dice = Lcg::new(seed);
            (0..200).map(|_| dice.below(6)).collect::<Vec<_>>()
        };
        assert_eq!(roll(7), roll(7));
        assert_ne!(roll(7), roll(8));
        assert!((0..6).all(|side| roll(7).contains(&side)));
        assert!(roll(7).iter().all(|side| *side < 6));
    }
}
