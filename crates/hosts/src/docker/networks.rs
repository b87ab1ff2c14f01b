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
    let mut found = find(connection, name).await?;
    if found.is_empty() {
        create(connection, name).await?;
        found = find(connection, name).await?;
    }
    // Processes that made it at the same time have made one each, and containers can join neither: the oldest stays.
    for duplicate in found.iter().skip(1) {
        let removed = connection.call(|docker| docker.remove_network(duplicate)).await;
        match status(&removed) {
            // Gone already, or a container has joined it by its id.
            Some(403 | 404) => {}
            _ => removed?,
        }
    }
    Ok(())
}

async fn create(connection: &Connection, name: &str) -> Result<(), Error> {
    let mut options = HashMap::from([
        // What keeps containers apart: traffic between two ports of the bridge is dropped.
        ("com.docker.network.bridge.enable_icc", "false".to_owned()),
        // The interface's name: the join script's firewall knows it, and of two made at once the engine refuses one.
        ("com.docker.network.bridge.name", name.to_owned()),
    ]);
    // The uplink's MTU, when the operator gave it to the engine: networks do not inherit it, and a larger one makes
    // connections that hang as soon as they carry much.
    if let Some(mtu) = bridge_mtu(connection).await? {
        options.insert(MTU_OPTION, mtu);
    }
    let body = json!({ "Name": name, "Driver": "bridge", "CheckDuplicate": true, "Options": options, "Labels": { "paas": "network" } });
    let wire = connection.wire().await?;
    match within(CALL_TIMEOUT, wire.post("/networks/create", &body.to_string())).await {
        // Another process was quicker.
        Err(Error::DockerResponseServerError { status_code: 409, .. }) => Ok(()),
        Err(Error::DockerResponseServerError { status_code: 403, message }) if message.contains("same bridge name") => {
            Ok(())
        }
        made => made.map(drop),
    }
}

/// Ids of the networks of exactly this name (the engine's filter matches parts of names too), oldest first.
async fn find(connection: &Connection, name: &str) -> Result<Vec<String>, Error> {
    let filters = HashMap::from([("name", vec![name])]);
    let options = ListNetworksOptionsBuilder::default().filters(&filters).build();
    let mut networks = connection.call(|docker| docker.list_networks(Some(options))).await?;
    networks.retain(|network| network.name.as_deref() == Some(name));
    networks.sort_by(|a, b| (&a.created, &a.id).cmp(&(&b.created, &b.id)));
    Ok(networks.into_iter().filter_map(|network| network.id).collect())
}

async fn bridge_mtu(connection: &Connection) -> Result<Option<String>, Error> {
    let bridge = connection.call(|docker| docker.inspect_network("bridge", None)).await;
    match status(&bridge) {
        // An engine may run without a default bridge.
        Some(404) => Ok(None),
        _ => bridge.map(|NetworkInspect { options, .. }| options.and_then(|mut options| options.remove(MTU_OPTION))),
    }
}
