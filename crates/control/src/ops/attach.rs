//! Joining a client to a one-off dyno: the dyno's container waits, made but not started, until its client is here, so
//! that not a byte of its output is lost.

use std::{fmt, sync::Arc, time::Duration};

use paas_db::{SecretHash, Topic, dynos};
use paas_hosts::{ContainerName, Engine, Signal};
use paas_model::{AppId, DynoId, DynoName, DynoState};
use secrecy::SecretString;

use crate::{Control, OpError};

pub use paas_hosts::AttachedStreams;

/// A client's end of a running one-off dyno.
pub struct Attachment {
    pub dyno: DynoId,
    pub app: AppId,
    pub name: DynoName,
    /// Without a terminal the client's byte 0x04 means end of file.
    pub tty: bool,
    pub streams: AttachedStreams,
    engine: Arc<dyn Engine>,
    container: ContainerName,
}

impl fmt::Debug for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attachment").field("dyno", &self.dyno).field("name", &self.name).finish_non_exhaustive()
    }
}

/// Waits for the container of the dyno that this secret stands for, attaches to it, and starts it.
///
/// # Errors
/// [`OpError::NotFound`] for a secret that is unknown or was used; [`OpError::Unavailable`] when the host is.
pub async fn attach(control: &Control, secret: &SecretString) -> Result<Attachment, OpError> {
    let hash = SecretHash::of(secret);
    let id = dynos::by_attach(control.db.pool(), &hash).await?.ok_or_else(|| OpError::not_found("dyno"))?;
    let mut wake = control.changes.subscribe(&[Topic::Dynos]);
    loop {
        let dyno = dynos::find(control.db.pool(), id).await?.ok_or_else(|| OpError::not_found("dyno"))?;
        if dyno.state.is_final() || !dyno.awaits_client {
            return Err(OpError::not_found("dyno"));
        }
        if let (DynoState::Placed, Some(host)) = (dyno.state, dyno.host_id) {
            let engine = control.engine(host).await?;
            let container = container_of(id);
            if engine.inspect(&container).await?.is_some() {
                if !dynos::take_attach(control.db.pool(), id, &hash).await? {
                    return Err(OpError::not_found("dyno"));
                }
                let streams = engine.attach(&container).await?;
                engine.start(&container).await?;
                let (name, tty) = (dyno.name(), dyno.tty);
                return Ok(Attachment { dyno: id, app: dyno.app_id, name, tty, streams, engine, container });
            }
        }
        // The container's making is not a change of the row: look often.
        wake.changed_or_after(Duration::from_millis(50)).await;
    }
}

impl Attachment {
    /// The client is gone: tells the dyno's processes (Heroku: SIGHUP, three times, then R16 if one stays).
    pub async fn hang_up(self, control: &Control) {
        let line = "Client connection closed. Sending SIGHUP to all processes";
        for _ in 0..3 {
            match dynos::find(control.db.pool(), self.dyno).await {
                Ok(Some(dyno)) if !dyno.state.is_final() => {}
                _ => return,
            }
            control.logs.heroku_event(self.app, &self.name.to_string(), line);
            if let Err(error) = self.engine.signal(&self.container, Signal::Hup).await {
                tracing::warn!(dyno.id = %self.dyno, error = %error, "SIGHUP could not be sent");
            }
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
        let line = "Error R16 (Detached) -> An attached process is not responding to SIGHUP after its external \
                    connection was closed.";
        control.logs.heroku_event(self.app, &self.name.to_string(), line);
    }
}

/// The name of a dyno's container, and the key of every effect on it.
pub(crate) fn container_of(dyno: DynoId) -> ContainerName {
    ContainerName(format!("dyno-{dyno}"))
}
