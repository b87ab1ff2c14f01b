use std::{fmt, str::FromStr};

/// How much of a disk must be free: `2GB`, `500MB` or `5%`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FreeDisk {
    Bytes(u64),
    /// Of the whole disk.
    Percent(u8),
}

/// A text that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not how much of a disk is free: write 2GB, 500MB or 5%")]
pub struct FreeDiskError(pub String);

const UNITS: [(&str, u32); 3] = [("TB", 40), ("GB", 30), ("MB", 20)];

impl FreeDisk {
    /// Bytes, of a disk of so many.
    #[must_use]
    pub fn of(self, disk: u64) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Percent(percent) => (disk / 100).saturating_mul(u64::from(percent)),
        }
    }

    /// Whether so many bytes are enough.
    #[must_use]
    pub fn is_met(self, free: u64, disk: u64) -> bool {
        free >= self.of(disk)
    }
}

impl FromStr for FreeDisk {
    type Err = FreeDiskError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || FreeDiskError(text.to_owned());
        if let Some(percent) = text.strip_suffix('%') {
            return percent.trim().parse().ok().filter(|percent| *percent <= 100).map(Self::Percent).ok_or_else(wrong);
        }
        let units = UNITS.iter().find_map(|(unit, shift)| Some((text.strip_suffix(unit)?, *shift)));
        let (number, shift) = units.ok_or_else(wrong)?;
        let number: u64 = number.trim().parse().map_err(|_| wrong())?;
        number.checked_mul(1 << shift).map(Self::Bytes).ok_or_else(wrong)
    }
}

impl fmt::Display for FreeDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Percent(percent) => write!(f, "{percent}%"),
            Self::Bytes(bytes) => {
                let whole = UNITS.iter().find(|(_, shift)| *bytes > 0 && bytes.trailing_zeros() >= *shift);
                let (unit, shift) = whole.unwrap_or(&("MB", 20));
                write!(f, "{}{unit}", bytes >> shift)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_bytes_or_a_share() {
        for (text, expected) in [
            ("2GB", FreeDisk::Bytes(2 << 30)),
            ("500MB", FreeDisk::Bytes(500 << 20)),
            ("1TB", FreeDisk::Bytes(1 << 40)),
            ("0MB", FreeDisk::Bytes(0)),
            ("5%", FreeDisk::Percent(5)),
        ] {
            assert_eq!(text.parse(), Ok(expected));
            assert_eq!(expected.to_string(), text);
        }
        for wrong in ["", "2", "GB", "-1GB", "2.5GB", "101%", "%", "99999999999TB", "2KB"] {
            assert_eq!(wrong.parse::<FreeDisk>(), Err(FreeDiskError(wrong.to_owned())));
        }
    }

    #[test]
    fn a_disk_has_enough_or_has_not() {
        let (disk, limit) = (100 << 30, FreeDisk::Percent(5));
        assert!(limit.is_met(5 << 30, disk) && !limit.is_met((5 << 30) - 1, disk));
        assert!(FreeDisk::Bytes(10).is_met(10, disk) && !FreeDisk::Bytes(10).is_met(9, disk));
        assert!(FreeDisk::Bytes(0).is_met(0, 0) && FreeDisk::Percent(100).is_met(disk, disk));
    }
}
