pub(super) mod create;
pub(super) mod destroy;
pub(super) mod info;
pub(super) mod list;
pub(super) mod plan;
pub(super) mod set;

use std::collections::BTreeMap;

use paas_platform::PoolUpdate;

use super::hosts::change_labels;
use crate::error::Error;

/// The name or id of a pool.
fn pool(name: &str) -> Result<&str, Error> {
    super::checked(name, "pool", "paas pools")
}

/// What a pool may be told, when it is made and later.
#[derive(Debug, Default, clap::Args)]
struct PoolArgs {
    /// Fewest hosts
    #[arg(long, value_name = "N")]
    min: Option<u32>,
    /// Most hosts
    #[arg(long, value_name = "N")]
    max: Option<u32>,
    /// Instance types, any of which will do: the cheapest that fits is taken
    #[arg(long, value_name = "TYPE,…", value_delimiter = ',')]
    types: Option<Vec<String>>,
    /// Availability zones to spread over
    #[arg(long, value_name = "ZONE,…", value_delimiter = ',')]
    zones: Option<Vec<String>>,
    /// How to buy: on-demand, spot, or spot while there is any
    #[arg(long, value_name = "HOW", value_parser = ["on-demand", "spot", "spot-first"])]
    purchase: Option<String>,
    /// Machine image (AMI) to start from
    #[arg(long, value_name = "AMI")]
    image: Option<String>,
    /// Whether hosts that started from another image are replaced, one by one
    #[arg(long, value_name = "BOOL")]
    replace_outdated: Option<bool>,
    /// Subnet of a zone; may be given several times
    #[arg(long = "subnet", value_name = "ZONE=SUBNET")]
    subnets: Vec<String>,
    /// Security groups
    #[arg(long = "security-groups", value_name = "GROUP,…", value_delimiter = ',')]
    security_groups: Option<Vec<String>>,
    /// Key pair that may log in over SSH; '' is none
    #[arg(long, value_name = "NAME")]
    key: Option<String>,
    /// Instance profile; '' is none
    #[arg(long, value_name = "NAME")]
    instance_profile: Option<String>,
    /// Size of the disk, GB
    #[arg(long, value_name = "GB")]
    disk: Option<u32>,
    /// Label of every host of the pool, or KEY- to take one away; may be given several times
    #[arg(long = "label", value_name = "KEY=VALUE")]
    labels: Vec<String>,
}

impl PoolArgs {
    /// `labels` and `subnets`: what there are now.
    fn into_update(
        self,
        labels: BTreeMap<String, String>,
        subnets: BTreeMap<String, String>,
    ) -> Result<PoolUpdate, Error> {
        let labels = if self.labels.is_empty() { None } else { Some(change_labels(labels, &self.labels)?) };
        Ok(PoolUpdate {
            disk_gb: self.disk,
            image: self.image,
            instance_profile: self.instance_profile,
            key_name: self.key,
            labels,
            max: self.max,
            min: self.min,
            name: None,
            purchase: self.purchase.map(|how| how.replace('-', "_")),
            replace_outdated: self.replace_outdated,
            security_groups: self.security_groups.map(named),
            subnets: if self.subnets.is_empty() { None } else { Some(change_subnets(subnets, &self.subnets)?) },
            types: self.types.map(named),
            zones: self.zones.map(named),
        })
    }

    fn is_empty(&self) -> bool {
        let Self { min, max, types, zones, purchase, image, replace_outdated, .. } = self;
        let Self { subnets, security_groups, key, instance_profile, disk, labels, .. } = self;
        min.is_none()
            && max.is_none()
            && types.is_none()
            && zones.is_none()
            && purchase.is_none()
            && image.is_none()
            && replace_outdated.is_none()
            && subnets.is_empty()
            && security_groups.is_none()
            && key.is_none()
            && instance_profile.is_none()
            && disk.is_none()
            && labels.is_empty()
    }
}

/// `''` is an empty list, not a list of nothing.
fn named(list: Vec<String>) -> Vec<String> {
    list.into_iter().map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
}

fn change_subnets(
    mut subnets: BTreeMap<String, String>,
    changes: &[String],
) -> Result<BTreeMap<String, String>, Error> {
    for text in changes {
        match text.split_once('=') {
            Some((zone, "")) if !zone.is_empty() => drop(subnets.remove(zone)),
            Some((zone, subnet)) if !zone.is_empty() => drop(subnets.insert(zone.to_owned(), subnet.to_owned())),
            _ => {
                return Err(Error::mistake(
                    format!("{text} is not the subnet of a zone."),
                    "write it as ZONE=SUBNET, such as eu-central-1a=subnet-0123, or ZONE= to take it away",
                ));
            }
        }
    }
    Ok(subnets)
}
