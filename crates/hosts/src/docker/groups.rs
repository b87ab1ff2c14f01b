//! The control groups that containers are in: dynos in one, builds in another. Each build counts little beside a dyno, but
//! ten in one group with it would still take its turns; in their own they compete as one.
//!
//! Only on machines where root has said what the groups count for (see `tune-host.sh`): else one build would count as much as
//! all dynos together (decision 14). Hosts that joined tell so by a label of their engine; the server's own machine is told through us.

use std::time::Duration;

use bollard::models::{SystemInfo, SystemInfoCgroupDriverEnum as Driver};
use tokio::time::Instant;

use super::connection::Connection;
use crate::{EngineError, HostEndpoint, Network};

/// An engine can be started anew with another driver, which knows groups by other names.
const KNOWN_FOR: Duration = Duration::from_secs(5 * 60);

/// The driver whose groups have their weights, and since when that is known.
pub(super) type Weighted = Option<(Option<Driver>, Instant)>;

/// What the engine calls the group of a network's containers. `None`: the one that it would take itself.
pub(super) async fn parent(connection: &Connection, network: Network) -> Result<Option<&'static str>, EngineError> {
    Ok(match (weighted(connection).await?, network) {
        (Some(Driver::CGROUPFS), Network::Dynos) => Some("/paas-dynos"),
        (Some(Driver::CGROUPFS), Network::Builds) => Some("/paas-builds"),
        // A dash would put one into another.
        (Some(Driver::SYSTEMD), Network::Dynos) => Some("paasdynos.slice"),
        (Some(Driver::SYSTEMD), Network::Builds) => Some("paasbuilds.slice"),
        _ => None,
    })
}

async fn weighted(connection: &Connection) -> Result<Option<Driver>, EngineError> {
    let mut known = connection.weighted.lock().await;
    match *known {
        Some((driver, since)) if since.elapsed() < KNOWN_FOR => Ok(driver),
        // Said before each build, if it is so.
        None if matches!(connection.endpoint(), HostEndpoint::Unix(_)) => Ok(None),
        last => {
            let info = connection.system_info().await?;
            let driver = match connection.endpoint() {
                HostEndpoint::Unix(_) => {
                    last.and_then(|(driver, _)| driver).filter(|&driver| info.cgroup_driver == Some(driver))
                }
                HostEndpoint::Tcp { .. } => weighted_by(&info),
            };
            *known = Some((driver, Instant::now()));
            Ok(driver)
        }
    }
}

/// What a host's engine tells by its label: that the groups of this driver, which must be its own, have their weights.
fn weighted_by(info: &SystemInfo) -> Option<Driver> {
    let driver = info.cgroup_driver?;
    let label = format!("paas.groups={driver}");
    info.labels.iter().flatten().any(|said| *said == label).then_some(driver)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_whose_label_names_its_engines_driver_has_weights() {
        let info = |labels: &[&str]| SystemInfo {
            cgroup_driver: Some(Driver::SYSTEMD),
            labels: Some(labels.iter().map(|label| (*label).to_owned()).collect()),
            ..SystemInfo::default()
        };
        assert_eq!(weighted_by(&info(&["zone=a", "paas.groups=systemd"])), Some(Driver::SYSTEMD));
        assert_eq!(weighted_by(&info(&["paas.groups=cgroupfs"])), None, "it has been told another driver since");
        assert_eq!(weighted_by(&info(&[])), None);
        assert_eq!(weighted_by(&SystemInfo::default()), None);
    }
}
