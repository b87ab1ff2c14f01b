//! From `placed` to `starting`: image, container, process; and on to the wait for its port.

use std::collections::BTreeMap;

use chrono::SecondsFormat;
use paas_db::{
    dynos,
    dynos::{Dyno, Recipe, Runs},
};
use paas_hosts::{ContainerName, ContainerSpec, EngineError, Limits, Network};
use paas_model::{DynoId, DynoKind, DynoState};

use super::{Context, ended, is_routed, port};
use crate::{
    OpError, crash_point,
    ops::{attach::container_of, features::DYNO_METADATA},
    reconcile::host::{LABEL_APP, LABEL_DYNO, LABEL_HOST},
};

/// Whom dynos run as: the owner of what is in the slug layer.
const DYNO_USER: &str = "1000:1000";

/// Where a slug is.
const HOME: &str = "/app";

/// What a dyno's container runs: the boot of Heroku's dynos (profile scripts in the shell's order, `.profile`, then the
/// command in a shell of its own), with the command as the only argument.
const BOOT: &str = r#"
cd "$HOME" || exit 1
boot() {
    if [ -d .profile.d ]; then
        for script in .profile.d/*.sh; do
            if [ -r "$script" ]; then . "$script"; fi
        done
        unset script
    fi
    if [ -r .profile ]; then . ./.profile; fi
}
boot
unset -f boot
exec /bin/bash -c "$1"
"#;

pub(super) async fn start(context: &Context, row: &Dyno) -> Result<(), OpError> {
    let Some(recipe) = dynos::recipe(&context.control.db, row.id).await? else {
        dynos::gone(context.control.db.pool(), row.id, None, Some("its release has nothing to run")).await?;
        return Ok(());
    };
    let name = container_of(row.id);
    let metadata = metadata(context, row).await?;
    match make(context, row, &name, recipe, metadata).await {
        Ok(()) => {
            crash_point!("start.created");
        }
        Err(EngineError::ImageNotFound(image)) => {
            tracing::error!(dyno.id = %row.id, image, "the image of a release is not in the registry");
            return ended::cannot_start(context, row, "its image is not in the registry").await;
        }
        Err(EngineError::BadImage { image, reason }) => {
            tracing::warn!(dyno.id = %row.id, image, reason, "the image of a release cannot be unpacked");
            let why = format!("its slug cannot be unpacked ({reason}). Build it again, or release another");
            return ended::cannot_start(context, row, &why).await;
        }
        Err(error) => return Err(error.into()),
    }
    if row.attach {
        context.say(row, "Awaiting client");
        return Ok(());
    }
    announce(context, row);
    match context.engine.start(&name).await {
        Ok(()) => {
            crash_point!("start.process_started");
            started(context, row).await
        }
        Err(EngineError::CannotStart(reason)) => ended::cannot_start(context, row, &reason).await,
        Err(error) => Err(error.into()),
    }
}

async fn make(
    context: &Context,
    row: &Dyno,
    name: &ContainerName,
    recipe: Recipe,
    metadata: BTreeMap<String, String>,
) -> Result<(), EngineError> {
    let _kept = context.images.read().await;
    crash_point!("start.before_create");
    let spec = spec(context, row, recipe, metadata);
    // Most often the host has the image: an earlier dyno brought it, or it was fetched ahead.
    match context.engine.create(name, &spec).await {
        Err(EngineError::ImageNotFound(_)) => {}
        created => return created,
    }
    context.engine.pull(&spec.image).await?;
    match context.engine.create(name, &spec).await {
        // Somebody has removed it since. The registry had it a moment ago, so the next time it is pulled again.
        Err(EngineError::ImageNotFound(image)) => {
            Err(EngineError::RegistryUnavailable { image, reason: "it is gone since it was pulled".to_owned() })
        }
        created => created,
    }
}

/// Heroku: dyno metadata; empty where the app has not asked for it.
async fn metadata(context: &Context, row: &Dyno) -> Result<BTreeMap<String, String>, OpError> {
    let Some(of) = dynos::metadata(context.control.db.pool(), row.id, DYNO_METADATA).await? else {
        return Ok(BTreeMap::new());
    };
    let domain = &context.control.settings.domain;
    let variables = [
        ("HEROKU_APP_ID", of.app_id.to_string()),
        ("HEROKU_APP_NAME", of.app_name.to_string()),
        ("HEROKU_APP_DEFAULT_DOMAIN_NAME", format!("{}.{domain}", of.app_name)),
        ("HEROKU_DYNO_ID", row.id.to_string()),
        ("HEROKU_RELEASE_CREATED_AT", of.released_at.to_rfc3339_opts(SecondsFormat::Secs, true)),
        ("HEROKU_RELEASE_VERSION", of.version.to_string()),
        ("HEROKU_SLUG_COMMIT", of.commit.unwrap_or_default()),
        ("HEROKU_SLUG_DESCRIPTION", of.description),
    ];
    Ok(variables.map(|(name, value)| (name.to_owned(), value)).into())
}

/// The row catches up with a process that runs, or ran.
pub(super) async fn started(context: &Context, row: &Dyno) -> Result<(), OpError> {
    let status = context.engine.inspect(&container_of(row.id)).await?;
    let address = status.and_then(|status| status.address).filter(|_| is_routed(row));
    if row.attach {
        announce(context, row);
    }
    let has_moved = dynos::starting(context.control.db.pool(), row.id, address).await?;
    crash_point!("start.starting");
    if !has_moved || row.attach {
        return Ok(());
    }
    context.followers.ensure(context, row);
    // At once, and not when the executor has looked at all of its dynos again.
    match dynos::find(context.control.db.pool(), row.id).await? {
        Some(now) if now.state == DynoState::Starting => port::wait(context, &now).await,
        _ => Ok(()),
    }
}

/// Heroku shows the command with its variables filled in, secrets among them; this does not.
fn announce(context: &Context, row: &Dyno) {
    let by = row.account_email.as_ref().map(|email| format!(" by user {email}")).unwrap_or_default();
    context.say(row, format!("Starting process with command `{}`{by}", row.command));
}

fn spec(context: &Context, row: &Dyno, recipe: Recipe, metadata: BTreeMap<String, String>) -> ContainerSpec {
    let port = port_of(row.id);
    let mut env: BTreeMap<String, String> = match recipe.runs {
        Runs::InSlug => [("HOME", HOME), ("LANG", "C.UTF-8"), ("PATH", "/usr/local/bin:/usr/bin:/bin")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into(),
        Runs::InImage | Runs::Image => BTreeMap::new(),
    };
    env.extend(metadata);
    env.extend(recipe.config.into_map());
    env.extend(recipe.env);
    env.insert("DYNO".to_owned(), row.name().to_string());
    // Heroku: PORT for web dynos, and for one-off dynos too; what the app set under these names does not count.
    if row.process_type.is_web() || row.kind == DynoKind::OneOff {
        env.insert("PORT".to_owned(), port.to_string());
    }
    let labels = [
        ("paas", "dyno".to_owned()),
        (LABEL_HOST, context.host.to_string()),
        (LABEL_DYNO, row.id.to_string()),
        (LABEL_APP, row.app_name.to_string()),
    ];
    // In a slug everything is where we put it; an image has its own idea of all of it.
    let in_slug = recipe.runs == Runs::InSlug;
    ContainerSpec {
        image: recipe.image,
        command: match recipe.runs {
            Runs::InSlug => ["/bin/bash", "-c", BOOT, "bash", &row.command].map(str::to_owned).into(),
            Runs::InImage => ["/bin/sh", "-c", &row.command].map(str::to_owned).into(),
            Runs::Image => Vec::new(),
        },
        entrypoint: !in_slug,
        env,
        labels: labels.map(|(key, value)| (key.to_owned(), value)).into(),
        user: DYNO_USER.to_owned(),
        working_dir: if in_slug { HOME.to_owned() } else { String::new() },
        limits: Limits {
            memory_mb: row.size.memory_mb(),
            cpu_shares: row.size.cpu_shares(),
            cpu_millis: None,
            processes: row.size.max_processes(),
            file_bytes: None,
        },
        network: Network::Dynos,
        port: is_routed(row).then_some(port),
        tty: row.tty,
        stdin: row.attach,
    }
}

/// Some port, not always the same, so that apps do read `$PORT`; the same for one dyno for ever, so that it can be
/// adopted. Every container has its own network, so that ports do not clash.
fn port_of(id: DynoId) -> u16 {
    let low = id.uuid().as_u128() % 40_000;
    10_000 + u16::try_from(low).unwrap_or_default()
}
