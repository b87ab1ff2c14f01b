//! The bridge networks that containers join. No container reaches another through them.
//!
//! Builds have a network of their own. Dynos join the engine's default bridge where that keeps containers apart (joining
//! sets a host's engine up so), as the engine then starts no DNS server in each container: a start costs it a quarter less.
//! Elsewhere, on an engine that others use too, dynos have a network of their own as well.

use std::{collections::HashMap, time::Duration};

use bollard::{errors::Error, models::Network as Found, query_parameters::ListNetworksOptionsBuilder};
use serde_json::json;
use tokio::time::Instant;

use super::connection::{CALL_TIMEOUT, Connection, status, within};
use crate::{EngineError, Network};

const DEFAULT_BRIDGE: &str = "bridge";

const DEFAULT_OPTION: &str = "com.docker.network.bridge.default_bridge";
const BETWEEN_CONTAINERS_OPTION: &str = "com.docker.network.bridge.enable_icc";
const NAME_OPTION: &str = "com.docker.network.bridge.name";
const MTU_OPTION: &str = "com.docker.network.driver.mtu";

/// The engine is asked again after so long. To have its default bridge let containers talk, it has to be started anew, with
/// none running.
const KNOWN_FOR: Duration = Duration::from_secs(5);

/// Makes the network unless it is there, and says what the engine calls it.
pub(super) async fn ensure(connection: &Connection, network: Network) -> Result<&'static str, EngineError> {
    let mut keeps_apart = connection.networks.lock().await;
    if network == Network::Dynos && keeps_apart.is_some_and(|since| since.elapsed() < KNOWN_FOR) {
        return Ok(DEFAULT_BRIDGE);
    }
    let name = make(connection, network).await.map_err(|error| connection.failed("make a network", error))?;
    if name == DEFAULT_BRIDGE {
        *keeps_apart = Some(Instant::now());
    }
    Ok(name)
}

async fn make(connection: &Connection, network: Network) -> Result<&'static str, Error> {
    let name = match network {
        Network::Dynos => "paas-dynos",
        Network::Builds => "paas-builds",
    };
    let mut bridges = bridges(connection).await?;
    if network == Network::Dynos && bridges.iter().any(is_default_and_keeps_apart) {
        return Ok(DEFAULT_BRIDGE);
    }
    if !bridges.iter().any(|bridge| is(bridge, name)) {
        create(connection, name, mtu(&bridges)).await?;
        bridges = self::bridges(connection).await?;
    }
    // Processes that made it at the same time have made one each, and containers can join neither: the oldest stays.
    for duplicate in bridges.iter().filter(|bridge| is(bridge, name)).filter_map(|bridge| bridge.id.as_ref()).skip(1) {
        let removed = connection.call(|docker| docker.remove_network(duplicate)).await;
        match status(&removed) {
            // Gone already, or a container has joined it by its id.
            Some(403 | 404) => {}
            _ => removed?,
        }
    }
    Ok(name)
}

/// The engine's networks on this machine, oldest first.
async fn bridges(connection: &Connection) -> Result<Vec<Found>, Error> {
    let filters = HashMap::from([("driver", vec!["bridge"])]);
    let options = ListNetworksOptionsBuilder::default().filters(&filters).build();
    let mut bridges = connection.call(|docker| docker.list_networks(Some(options))).await?;
    bridges.sort_by(|a, b| (&a.created, &a.id).cmp(&(&b.created, &b.id)));
    Ok(bridges)
}

fn is(bridge: &Found, name: &str) -> bool {
    bridge.name.as_deref() == Some(name)
}

fn option<'a>(bridge: &'a Found, name: &str) -> Option<&'a str> {
    bridge.options.as_ref()?.get(name).map(String::as_str)
}

fn is_default_and_keeps_apart(bridge: &Found) -> bool {
    option(bridge, DEFAULT_OPTION) == Some("true") && option(bridge, BETWEEN_CONTAINERS_OPTION) == Some("false")
}

/// The uplink's MTU, when the operator gave it to the engine: networks do not inherit it, and a larger one makes
/// connections that hang as soon as they carry much.
fn mtu(bridges: &[Found]) -> Option<&str> {
    bridges
        .iter()
        .find(|bridge| option(bridge, DEFAULT_OPTION) == Some("true"))
        .and_then(|bridge| option(bridge, MTU_OPTION))
}

async fn create(connection: &Connection, name: &str, mtu: Option<&str>) -> Result<(), Error> {
    let mut options = HashMap::from([
        // What keeps containers apart: traffic between two ports of the bridge is dropped.
        (BETWEEN_CONTAINERS_OPTION, "false"),
        // The interface's name: the join script's firewall knows it, and of two made at once the engine refuses one.
        (NAME_OPTION, name),
    ]);
    options.extend(mtu.map(|mtu| (MTU_OPTION, mtu)));
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
