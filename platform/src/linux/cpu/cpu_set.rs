//! Sets of CPUs, as sysfs lists them: `0-3,8,10-11` (Documentation/admin-guide/cputopology.rst).

/// More than any kernel is built for (`NR_CPUS`: 8192 on x86, 4096 on arm64, 8192 on POWER).
const CPUS_LIMIT: u64 = 1 << 16;

/// A bit for each CPU.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CpuSet(Vec<u64>);

impl CpuSet {
    /// The CPUs of a list; `None` if it is malformed.
    pub(crate) fn parse(list: &str) -> Option<Self> {
        let mut set = Self::default();
        for range in list.trim().split(',') {
            let (from, to) = range.split_once('-').unwrap_or((range, range));
            let (from, to): (u64, u64) = (from.trim().parse().ok()?, to.trim().parse().ok()?);
            if from > to || to >= CPUS_LIMIT {
                return None;
            }
            for cpu in from..=to {
                set.insert(cpu)?;
            }
        }
        Some(set)
    }

    fn insert(&mut self, cpu: u64) -> Option<()> {
        let (word, bit) = (usize::try_from(cpu / 64).ok()?, cpu % 64);
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        *self.0.get_mut(word)? |= 1 << bit;
        Some(())
    }

    pub(crate) fn count(&self) -> u64 {
        self.0.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// The CPUs in order.
    pub(crate) fn cpus(&self) -> impl Iterator<Item = u64> {
        let words = self.0.iter().zip(0_u64..);
        words.flat_map(|(word, at)| (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| at * 64 + bit))
    }

    pub(crate) fn first(&self) -> Option<u64> {
        self.cpus().next()
    }

    /// The CPUs of this set that are not in the other one.
    pub(crate) fn without(&self, other: &Self) -> Self {
        let others = other.0.iter().copied().chain(std::iter::repeat(0));
        Self(self.0.iter().zip(others).map(|(own, other)| own & !other).collect())
    }

    /// Whether no CPU between the first and the last is missing.
    pub(crate) fn is_one_range(&self) -> bool {
        let mut cpus = self.cpus();
        let Some(first) = cpus.next() else { return false };
        cpus.last().is_none_or(|last| last - first + 1 == self.count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists() {
        for (list, cpus) in [
            ("0-3,8,10-11\n", vec![0, 1, 2, 3, 8, 10, 11]),
            ("0", vec![0]),
            ("63-65", vec![63, 64, 65]),
            ("1,1-2", vec![1, 2]),
        ] {
            let set = CpuSet::parse(list).unwrap();
            assert_eq!(set.cpus().collect::<Vec<_>>(), cpus, "{list}");
            assert_eq!(set.count(), cpus.len() as u64, "{list}");
        }
        for wrong in ["", "3-1", "a", "0-18446744073709551615", "0-65536", "1,,2"] {
            assert_eq!(CpuSet::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn sets() {
        let all = CpuSet::parse("0-7").unwrap();
        let odd = CpuSet::parse("1,3,5,7,200").unwrap();
        assert_eq!(all.without(&odd).cpus().collect::<Vec<_>>(), [0, 2, 4, 6]);
        assert_eq!(odd.without(&all).first(), Some(200));
        assert!(all.without(&all).is_empty());
        assert!(all.is_one_range() && !odd.is_one_range() && CpuSet::parse("5").unwrap().is_one_range());
    }
}
