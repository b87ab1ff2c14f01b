use std::str::FromStr;

use crate::{DynoSize, ProcessType, ProcessTypeError, UnknownDynoSize};

/// How many dynos: a number, or a change to the number there is (`+1`, `-2`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    Exactly(u32),
    More(u32),
    Fewer(u32),
}

/// One argument of `ps:scale`: `web=2`, `web=2:Standard-2X`, `web+1`, `web-1`, `web=+1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScaleRequest {
    pub kind: ProcessType,
    pub quantity: Quantity,
    pub size: Option<DynoSize>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScaleError {
    #[error("Quantity must be a whole number from 0 to 1000, or a change such as +1 or -1: {0:?} is not.")]
    Quantity(String),
    #[error("{0:?} is not of the form web=2, web=2:Standard-2X or web+1.")]
    Form(String),
    #[error(transparent)]
    Size(#[from] UnknownDynoSize),
    #[error(transparent)]
    Type(#[from] ProcessTypeError),
}

impl Quantity {
    /// Past any real formation; keeps a slip of the finger from filling the pool.
    pub const MAX: u32 = 1_000;

    /// The number that results from `current`; never under zero nor over [`Self::MAX`].
    #[must_use]
    pub fn apply(self, current: u32) -> u32 {
        match self {
            Self::Exactly(n) => n,
            Self::More(n) => current.saturating_add(n),
            Self::Fewer(n) => current.saturating_sub(n),
        }
        .min(Self::MAX)
    }
}

impl FromStr for Quantity {
    type Err = ScaleError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = |digits: &str| {
            let parsed = digits.bytes().all(|c| c.is_ascii_digit()).then(|| digits.parse::<u32>().ok()).flatten();
            parsed.filter(|n| *n <= Self::MAX).ok_or_else(|| ScaleError::Quantity(text.to_owned()))
        };
        match text.split_at_checked(1) {
            Some(("+", digits)) => number(digits).map(Self::More),
            Some(("-", digits)) => number(digits).map(Self::Fewer),
            _ => number(text).map(Self::Exactly),
        }
    }
}

impl FromStr for ScaleRequest {
    type Err = ScaleError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let form = || ScaleError::Form(text.to_owned());
        let (kind, amount) = match text.split_once('=') {
            Some(parts) => parts,
            // `web-1`: a type may hold dashes itself, so the sign is the last one that a digit follows.
            None => text.split_at(text.rfind(['+', '-']).ok_or_else(form)?),
        };
        let (quantity, size) = match amount.split_once(':') {
            Some((quantity, size)) => (quantity, Some(size.parse()?)),
            None => (amount, None),
        };
        Ok(Self { kind: ProcessType::parse(kind).map_err(|_| form())?, quantity: quantity.parse()?, size })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(kind: &str, quantity: Quantity, size: Option<DynoSize>) -> ScaleRequest {
        ScaleRequest { kind: ProcessType::parse(kind).unwrap(), quantity, size }
    }

    #[test]
    fn every_form_that_herokus_cli_takes() {
        for (text, want) in [
            ("web=2", request("web", Quantity::Exactly(2), None)),
            ("web=2:Standard-2X", request("web", Quantity::Exactly(2), Some(DynoSize::Standard2X))),
            ("web+1", request("web", Quantity::More(1), None)),
            ("web-1", request("web", Quantity::Fewer(1), None)),
            ("web=+1", request("web", Quantity::More(1), None)),
            ("low-priority-1", request("low-priority", Quantity::Fewer(1), None)),
            ("web=0", request("web", Quantity::Exactly(0), None)),
        ] {
            assert_eq!(text.parse(), Ok(want), "{text}");
        }
    }

    #[test]
    fn the_rest_is_refused() {
        for text in ["web", "=1", "web=", "web=x", "web=1001", "web=1:huge", "web=--1", "web=1.5", "we b=1", ""] {
            assert!(text.parse::<ScaleRequest>().is_err(), "{text}");
        }
    }

    #[test]
    fn changes_stop_at_zero_and_at_the_limit() {
        assert_eq!(Quantity::Fewer(5).apply(2), 0);
        assert_eq!(Quantity::More(1_000).apply(2), Quantity::MAX);
    }
}
