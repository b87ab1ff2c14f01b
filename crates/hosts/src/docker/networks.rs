//! The two bridge networks that containers join. No container reaches another through them.

use std::collections::HashMap;

use bollard::{errors::Error, models::NetworkInspect, query_parameters::ListNetworksOptionsBuilder};
use serde_json::json;

use super::connection::{CALL_TIMEOUT, Connection, status, within};
use crate::{EngineError, Network};

const MTU_OPTION: &str = "com.docker.network.driver.mtu";

pub(super) const fn network_name(network: Network) -> &'static str {
    match network {
        Network::Dynos => "paas-dynos",
        Network::Builds => "paas-builds",
    }
}

/// Makes the network unless it is there.
pub(super) async fn ensure(connection: &Connection, network: Network) -> Result<(), EngineError> {
    let _one_at_a_time = connection.networks.lock().await;
    make(connection, network_name(network)).await.map_err(|error| connection.failed("make a network", error))
}

async fn make(connection: &Connection, name: &str) -> Result<(), Error> {
    if find(connection, name).await?.is_some() {
        return Ok(());
    }
    let mut options = HashMap::from([
        // What keeps containers apart: traffic between two ports of the bridge is dropped.
        ("com.docker.network.bridge.enable_icc", "false".to_owned()),
    ]);
    // The uplink's MTU, when the operator gave it to the engine: networks do not inherit it, and a larger one makes
    // connections that hang as soon as they carry much.
    if let Some(mtu) = bridge_mtu(connection).await? {
        options.insert(MTU_OPTION, mtu);
    }
    let body = json!({ "Name": name, "Driver": "bridge", "CheckDuplicate": true, "Options": options, "Labels": { "paas": "network" } });
    let wire = connection.wire().await?;
    let made = within(CALL_TIMEOUT, wire.post("/networks/create", &body.to_string())).await;
    match status(&made) {
        // Another process was quicker.
        Some(409) => Ok(()),
        _ => made.map(drop),
    }
}

/// By its exact name: the engine's filter matches parts of names too.
async fn find(connection: &Connection, name: &str) -> Result<Option<()>, Error> {
    let filters = HashMap::from([("name", vec![name])]);
    let options = ListNetworksOptionsBuilder::default().filters(&filters).build();
    let networks = connection.call(|docker| docker.list_networks(Some(options))).await?;
    Ok(networks.iter().any(|network| network.name.as_deref() == Some(name)).then_some(()))
}

async fn bridge_mtu(connection: &Connection) -> Result<Option<String>, Error> {
    let bridge = connection.call(|docker| docker.inspect_network("bridge", None)).await;
    match status(&bridge) {
        // An engine may run without a default bridge.
        Some(404) => Ok(None),
        _ => bridge.map(|NetworkInspect { options, .. }| options.and_then(|mut options| options.remove(MTU_OPTION))),
    }
}
