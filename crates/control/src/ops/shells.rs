//! Root shells on hosts, through their engines. A shell is a container that is more on the host than in itself; it starts
//! when its client is connected, and is removed when that has gone.

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use paas_db::{SecretHash, host_shells, host_shells::Shell, new_id, new_secret};
use paas_hosts::{AttachedStreams, ContainerName, ContainerState, Engine, RootShell};
use paas_model::ShellId;
use secrecy::SecretString;
use tokio::time::{sleep, timeout};

use super::dynos::ATTACH_PREFIX;
use crate::{Control, OpError, error::chain, ops, ops::accounts::Owner};

/// Label of the container: the shell's id.
const LABEL: &str = "paas.shell";
const SIGN_OF_LIFE: Duration = Duration::from_secs(10);
/// What nobody has looked after for so long is removed: the server that did has died.
pub(crate) const SILENCE: Duration = Duration::from_secs(60);
/// A shell does not wait longer for the registry to say what its image is.
const REGISTRY_TIMEOUT: Duration = Duration::from_secs(5);
const MAX_COMMAND_BYTES: usize = 100_000;

/// A shell that waits for its client.
#[derive(Debug, Clone)]
pub struct Opened {
    pub shell: Shell,
    /// For the attach URL; it works once.
    pub secret: SecretString,
}

/// Notes who wants a shell where. `command` empty: a login shell.
///
/// # Errors
/// [`OpError::NotFound`]; [`OpError::Conflict`] for a host that has not joined; [`OpError::Invalid`] for a command that cannot
/// be.
pub async fn open(
    control: &Control,
    owner: &Owner,
    host: &str,
    command: Vec<String>,
    tty: bool,
) -> Result<Opened, OpError> {
    if command.iter().map(String::len).sum::<usize>() > MAX_COMMAND_BYTES
        || command.iter().any(|word| word.contains('\0'))
    {
        return Err(OpError::Invalid("The command is too long, or has a NUL byte in it.".to_owned()));
    }
    let mut tx = control.db.begin().await?;
    let host = ops::hosts::row(&mut tx, host).await?;
    if host.endpoint.is_none() {
        return Err(OpError::Conflict(format!("{} has not joined yet: there is no engine to ask.", host.name)));
    }
    let secret = new_secret(ATTACH_PREFIX);
    let new = host_shells::NewShell {
        id: new_id::<ShellId>(),
        host_id: host.id,
        account_id: owner.id(),
        attach: SecretHash::of(&secret),
        command,
        tty,
    };
    host_shells::create(&mut *tx, &new).await?;
    let shell = host_shells::find(&mut *tx, new.id).await?.ok_or_else(|| OpError::not_found("shell"))?;
    tx.commit().await.map_err(paas_db::DbError::from)?;
    tracing::warn!(
        shell.id = %shell.id,
        host.name,
        host.id = %host.id,
        account.email = owner.email(),
        tty,
        "a root shell was asked for"
    );
    Ok(Opened { shell, secret })
}

/// A shell of this host, also one that is over.
///
/// # Errors
/// [`OpError::NotFound`].
pub async fn find(control: &Control, _: &Owner, host: &str, id: &str) -> Result<Shell, OpError> {
    let mut tx = control.db.begin().await?;
    let host = ops::hosts::row(&mut tx, host).await?;
    let id: ShellId = id.parse().map_err(|_| OpError::not_found("shell"))?;
    let shell = host_shells::find(&mut *tx, id).await?.filter(|shell| shell.host_id == host.id);
    shell.ok_or_else(|| OpError::not_found("shell"))
}

/// A client's end of a root shell.
pub struct ShellAttachment {
    pub id: ShellId,
    pub tty: bool,
    pub streams: AttachedStreams,
    engine: Arc<dyn Engine>,
}

impl fmt::Debug for ShellAttachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShellAttachment").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Makes and starts the shell that this secret stands for, and attaches to it.
///
/// # Errors
/// [`OpError::NotFound`] for a secret that is unknown, old or was used; [`OpError::Unavailable`] when the host is.
pub async fn attach(control: &Control, secret: &SecretString) -> Result<ShellAttachment, OpError> {
    let lifetime = control.settings.attach_timeout;
    let taken = host_shells::take(control.db.pool(), &SecretHash::of(secret), lifetime).await?;
    let shell = taken.ok_or_else(|| OpError::not_found("shell"))?;
    let attached = start(control, &shell).await;
    if let Err(error) = &attached {
        tracing::warn!(shell.id = %shell.id, error = chain(error), "a root shell could not be started");
        // Its container, if there is one, is a leftover from now on.
        host_shells::ended(control.db.pool(), shell.id, None).await?;
    }
    attached
}

async fn start(control: &Control, shell: &Shell) -> Result<ShellAttachment, OpError> {
    let engine = control.engine(shell.host_id).await?;
    let image = stack_image(control).await?;
    engine.pull(&image).await?;
    let labels = [("paas", "shell".to_owned()), (LABEL, shell.id.to_string())];
    let root = RootShell {
        image,
        command: shell.command.clone(),
        labels: labels.map(|(key, value)| (key.to_owned(), value)).into_iter().collect::<BTreeMap<_, _>>(),
        tty: shell.tty,
    };
    let name = container_of(shell.id);
    // Pulling may have taken longer than the silence after which a shell is removed.
    host_shells::seen(control.db.pool(), shell.id).await?;
    engine.create_root_shell(&name, &root).await?;
    let streams = engine.attach(&name).await?;
    engine.start(&name).await?;
    tracing::warn!(shell.id = %shell.id, host.id = %shell.host_id, "a root shell has started");
    Ok(ShellAttachment { id: shell.id, tty: shell.tty, streams, engine })
}

/// An image with a shell, which every host that runs dynos has most of.
///
/// # Errors
/// [`OpError::NotFound`]: there is no stack.
pub(crate) async fn stack_image(control: &Control) -> Result<String, OpError> {
    let stack = control.settings.stacks.first().ok_or_else(|| OpError::not_found("stack"))?;
    // A registry that is away is one more reason to look at a host. The engine that made the image has it under this name.
    Ok(match timeout(REGISTRY_TIMEOUT, control.builder.stack_image(stack)).await {
        Ok(Ok(image)) => image,
        Ok(Err(_)) | Err(_) => stack.published(&control.registry),
    })
}

/// Says now and then that the shell's client is connected. Never returns.
pub async fn keep(control: &Control, id: ShellId) {
    loop {
        if let Err(error) = host_shells::seen(control.db.pool(), id).await {
            tracing::warn!(shell.id = %id, error = chain(&error), "a root shell's sign of life was not written");
        }
        sleep(SIGN_OF_LIFE).await;
    }
}

impl ShellAttachment {
    /// The shell has ended, or its client has gone: notes how it ended, and removes its container.
    ///
    /// # Errors
    /// [`OpError::Unavailable`]: the host's loop removes it later.
    pub async fn end(self, control: &Control) -> Result<(), OpError> {
        let name = container_of(self.id);
        let exit_code = match self.engine.inspect(&name).await?.map(|status| status.state) {
            Some(ContainerState::Ended { exit_code, .. }) => i32::try_from(exit_code).ok(),
            _ => None,
        };
        host_shells::ended(control.db.pool(), self.id, exit_code).await?;
        self.engine.remove(&name).await?;
        tracing::warn!(shell.id = %self.id, exit_code, "a root shell has ended");
        Ok(())
    }
}

/// Removes the shells that nobody looks after from one host's engine.
pub(crate) async fn reap(control: &Control, engine: &dyn Engine) -> Result<(), OpError> {
    for container in engine.list("paas", "shell").await? {
        let Some(id) = container.labels.get(LABEL).and_then(|id| id.parse::<ShellId>().ok()) else { continue };
        if host_shells::is_over(control.db.pool(), id, SILENCE).await? {
            tracing::warn!(shell.id = %id, "removing a root shell that nobody looks after");
            engine.remove(&container.name).await?;
            host_shells::ended(control.db.pool(), id, None).await?;
        }
    }
    Ok(())
}

fn container_of(shell: ShellId) -> ContainerName {
    ContainerName(format!("shell-{shell}"))
}
