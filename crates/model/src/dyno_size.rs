use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A dyno's size: how much memory it may use, and its share of CPU (Heroku: "Dyno types").
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum DynoSize {
    Eco,
    Basic,
    #[default]
    #[serde(rename = "Standard-1X")]
    Standard1X,
    #[serde(rename = "Standard-2X")]
    Standard2X,
    #[serde(rename = "Performance-M")]
    PerformanceM,
    #[serde(rename = "Performance-L")]
    PerformanceL,
    #[serde(rename = "Performance-L-RAM")]
    PerformanceLRam,
    #[serde(rename = "Performance-XL")]
    PerformanceXL,
    #[serde(rename = "Performance-2XL")]
    Performance2XL,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("No such size as {0}. Sizes: {sizes}.", sizes = DynoSize::ALL.map(DynoSize::name).join(", "))]
pub struct UnknownDynoSize(pub String);

impl DynoSize {
    pub const ALL: [Self; 9] = [
        Self::Eco,
        Self::Basic,
        Self::Standard1X,
        Self::Standard2X,
        Self::PerformanceM,
        Self::PerformanceL,
        Self::PerformanceLRam,
        Self::PerformanceXL,
        Self::Performance2XL,
    ];

    /// Heroku's spelling, as the API shows it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Eco => "Eco",
            Self::Basic => "Basic",
            Self::Standard1X => "Standard-1X",
            Self::Standard2X => "Standard-2X",
            Self::PerformanceM => "Performance-M",
            Self::PerformanceL => "Performance-L",
            Self::PerformanceLRam => "Performance-L-RAM",
            Self::PerformanceXL => "Performance-XL",
            Self::Performance2XL => "Performance-2XL",
        }
    }

    /// Hard memory limit in MiB.
    #[must_use]
    pub const fn memory_mb(self) -> u32 {
        match self {
            Self::Eco | Self::Basic | Self::Standard1X => 512,
            Self::Standard2X => 1_024,
            Self::PerformanceM => 2_560,
            Self::PerformanceL => 14_336,
            Self::PerformanceLRam => 30_720,
            Self::PerformanceXL => 63_488,
            Self::Performance2XL => 129_024,
        }
    }

    /// Relative weight when CPU is contended; 1024 is one share.
    #[must_use]
    pub const fn cpu_shares(self) -> u32 {
        match self {
            Self::Eco | Self::Basic | Self::Standard1X => 1_024,
            Self::Standard2X => 2_048,
            Self::PerformanceM => 4_096,
            Self::PerformanceLRam => 8_192,
            Self::PerformanceL | Self::PerformanceXL => 16_384,
            Self::Performance2XL => 32_768,
        }
    }

    /// The CPU that a host sets aside for it, in thousandths of a core. Dedicated sizes get whole cores; shared ones share,
    /// twenty to a core, and may use what nobody else does.
    #[must_use]
    pub const fn cpu_millis(self) -> u32 {
        match self {
            Self::Eco | Self::Basic | Self::Standard1X => 50,
            Self::Standard2X => 100,
            Self::PerformanceM => 2_000,
            Self::PerformanceLRam => 4_000,
            Self::PerformanceL | Self::PerformanceXL => 8_000,
            Self::Performance2XL => 16_000,
        }
    }

    /// Most processes and threads (Heroku: "Process/thread limits").
    #[must_use]
    pub const fn max_processes(self) -> u32 {
        match self {
            Self::Eco | Self::Basic | Self::Standard1X => 256,
            Self::Standard2X => 512,
            Self::PerformanceM | Self::PerformanceLRam => 16_384,
            Self::PerformanceL | Self::PerformanceXL => 32_768,
            Self::Performance2XL => 65_536,
        }
    }

    /// Heroku sets these apart from shared ones: on hardware of their own.
    #[must_use]
    pub const fn is_dedicated(self) -> bool {
        !matches!(self, Self::Eco | Self::Basic | Self::Standard1X | Self::Standard2X)
    }
}

impl FromStr for DynoSize {
    type Err = UnknownDynoSize;

    /// Takes any case, and the short forms `1X`, `2X`, `PM`, `PL` that old scripts use.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let folded = text.to_ascii_lowercase();
        let short = match folded.as_str() {
            "1x" => Some(Self::Standard1X),
            "2x" => Some(Self::Standard2X),
            "pm" | "p-m" => Some(Self::PerformanceM),
            "pl" | "p-l" | "px" => Some(Self::PerformanceL),
            _ => None,
        };
        short
            .or_else(|| Self::ALL.into_iter().find(|size| size.name().to_ascii_lowercase() == folded))
            .ok_or_else(|| UnknownDynoSize(text.to_owned()))
    }
}

impl TryFrom<String> for DynoSize {
    type Error = UnknownDynoSize;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl fmt::Display for DynoSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_parses_back_in_any_case() {
        for size in DynoSize::ALL {
            assert_eq!(size.name().to_uppercase().parse(), Ok(size));
            assert_eq!(size.name().to_lowercase().parse(), Ok(size));
        }
    }

    #[test]
    fn dedicated_sizes_have_whole_cores_to_themselves() {
        for size in DynoSize::ALL {
            assert_eq!(size.cpu_millis() >= 1_000 && size.cpu_millis() % 1_000 == 0, size.is_dedicated(), "{size}");
        }
    }

    #[test]
    fn an_unknown_size_lists_the_known_ones() {
        let error = "huge".parse::<DynoSize>().unwrap_err().to_string();
        assert!(error.starts_with("No such size as huge. Sizes: Eco, Basic, Standard-1X,"), "{error}");
    }
}
