use std::collections::BTreeMap;

use paas_hosts::HourlyPrice;
use serde::Deserialize;

const BUILTIN: &str = include_str!("prices.toml");

/// What instance types cost and have. A table, because a plan must be cheap to make and the same twice; it has a date,
/// and whoever pays other prices puts theirs over it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// When, where and by whom the numbers were said.
    source: Option<String>,
    /// What a spot instance typically costs, in hundredths of the same one on demand.
    spot_percent: Option<u64>,
    #[serde(default)]
    types: BTreeMap<String, Row>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    vcpus: Option<u32>,
    /// MiB.
    memory_mb: Option<u32>,
    /// Millionths of a dollar an hour.
    on_demand_micros: Option<u64>,
    /// Where it is not the share that all have.
    spot_micros: Option<u64>,
}

/// A price file that cannot be read; the source says where in it.
#[derive(Debug, thiserror::Error)]
#[error("the instance prices are not as they should be")]
pub struct PricesError(#[from] toml::de::Error);

impl Prices {
    /// The table of this version.
    #[must_use]
    pub fn builtin() -> Self {
        toml::from_str(BUILTIN).expect("a test reads it")
    }

    /// The table with what the text says laid over it, field by field. The text has the same form as `prices.toml`.
    ///
    /// # Errors
    /// The text is no TOML, or has fields that mean nothing.
    pub fn with(text: &str) -> Result<Self, PricesError> {
        let over: Self = toml::from_str(text)?;
        let mut prices = Self::builtin();
        prices.source = over.source.or_else(|| prices.source.map(|source| format!("{source}, with local changes")));
        prices.spot_percent = over.spot_percent.or(prices.spot_percent);
        for (name, row) in over.types {
            prices.types.entry(name).or_default().lay_over(&row);
        }
        Ok(prices)
    }

    /// For a line under a table of costs.
    #[must_use]
    pub fn source(&self) -> &str {
        self.source.as_deref().unwrap_or_default()
    }

    /// Those with a price, in order of their name.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.types.iter().filter(|(_, row)| row.on_demand_micros.is_some()).map(|(name, _)| name.as_str())
    }

    /// Thousandths of a core, and MiB.
    pub(crate) fn capacity(&self, name: &str) -> Option<(u32, u32)> {
        let row = self.types.get(name)?;
        Some((row.vcpus?.checked_mul(1_000)?, row.memory_mb?))
    }

    pub(crate) fn price(&self, name: &str) -> Option<HourlyPrice> {
        let row = self.types.get(name)?;
        let on_demand_micros = row.on_demand_micros?;
        let typical = || on_demand_micros.saturating_mul(self.spot_percent.unwrap_or(100)) / 100;
        Some(HourlyPrice { on_demand_micros, spot_micros: row.spot_micros.unwrap_or_else(typical) })
    }
}

impl Row {
    fn lay_over(&mut self, other: &Self) {
        self.vcpus = other.vcpus.or(self.vcpus);
        self.memory_mb = other.memory_mb.or(self.memory_mb);
        self.on_demand_micros = other.on_demand_micros.or(self.on_demand_micros);
        self.spot_micros = other.spot_micros.or(self.spot_micros);
    }
}

#[cfg(test)]
mod tests {
    use super::Prices;

    #[test]
    fn every_type_of_the_table_has_a_capacity_and_both_prices() {
        let prices = Prices::builtin();
        assert!(prices.names().count() >= 40);
        for name in prices.types.keys() {
            let price = prices.price(name).unwrap();
            assert!(prices.capacity(name).is_some(), "{name}");
            assert!(0 < price.spot_micros && price.spot_micros < price.on_demand_micros, "{name}");
        }
    }

    #[test]
    fn twice_the_size_is_twice_the_price() {
        let prices = Prices::builtin();
        let micros = |name: &str| prices.price(name).unwrap().on_demand_micros;
        let larger = [("large", "xlarge"), ("xlarge", "2xlarge"), ("2xlarge", "4xlarge")];
        for (small, large) in prices.names().flat_map(|name| {
            let (family, size) = name.split_once('.').unwrap();
            larger
                .iter()
                .filter(move |(small, _)| *small == size)
                .map(move |(small, large)| (format!("{family}.{small}"), format!("{family}.{large}")))
        }) {
            if prices.price(&large).is_some() {
                assert_eq!(2 * micros(&small), micros(&large), "{small}, {large}");
            }
        }
    }

    #[test]
    fn the_table_says_where_it_is_from_and_of_which_day() {
        let source = Prices::builtin().source().to_owned();
        assert!(source.contains("us-east-1") && source.contains("2026-01-19"), "{source}");
    }

    #[test]
    fn a_file_overrides_single_fields_and_adds_types() {
        let text = r#"
            spot_percent = 50
            [types]
            "m7i.large" = { on_demand_micros = 90_000 }
            "z9.large" = { on_demand_micros = 1_000_000, spot_micros = 10 }
        "#;
        let prices = Prices::with(text).unwrap();
        assert_eq!(prices.price("m7i.large").unwrap().micros(true), 45_000);
        assert_eq!(prices.capacity("m7i.large"), Some((2_000, 8_192)));
        assert_eq!(prices.price("z9.large").unwrap().micros(true), 10);
        assert_eq!(prices.capacity("z9.large"), None);
        assert!(prices.source().ends_with("with local changes"));
    }

    #[test]
    fn a_field_that_means_nothing_is_an_error() {
        assert!(Prices::with("[types]\n\"m7i.large\" = { dollars = 1 }").is_err());
    }
}
