//! Starts and ends of containers, as they happen.

use std::{collections::HashMap, sync::Arc};

use bollard::{models::EventMessage, query_parameters::EventsOptionsBuilder};
use chrono::{DateTime, Utc};
use futures::{StreamExt, future};

use super::connection::Connection;
use crate::{ContainerName, EngineError, EngineEvent, EventStream};

const DOING: &str = "tell events";

pub(super) async fn follow(connection: Arc<Connection>, label: &str) -> Result<EventStream, EngineError> {
    // By the engine's clock: it subscribes us a moment after it has answered, and fills the gap from its memory.
    let now = connection.system_info().await?.system_time;
    let now = now.and_then(|time| DateTime::parse_from_rfc3339(&time).ok()).map_or_else(Utc::now, |time| time.to_utc());
    let filters = HashMap::from([("type", vec!["container"]), ("event", vec!["start", "die"]), ("label", vec![label])]);
    let options = EventsOptionsBuilder::default()
        .since(&format!("{}.{:09}", now.timestamp(), now.timestamp_subsec_nanos()))
        .filters(&filters)
        .build();
    let docker = connection.docker().await.map_err(|error| connection.failed(DOING, error))?;
    let messages = docker.events(Some(options));
    let mut failed = false;
    Ok(Box::pin(
        messages
            .map(move |message| message.map(event).map_err(|error| connection.failed(DOING, error)).transpose())
            .filter_map(future::ready)
            // The failure is the last item: a connection that is lost does not come back.
            .take_while(move |event| future::ready(!std::mem::replace(&mut failed, event.is_err()))),
    ))
}

/// `None`: not one that we asked for.
fn event(message: EventMessage) -> Option<EngineEvent> {
    let name = message.actor?.attributes?.remove("name")?;
    match message.action?.as_str() {
        "start" => Some(EngineEvent::Started(ContainerName(name))),
        "die" => Some(EngineEvent::Ended(ContainerName(name))),
        _ => None,
    }
}
