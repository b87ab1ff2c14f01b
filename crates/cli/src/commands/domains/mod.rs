pub(super) mod add;
pub(super) mod clear;
pub(super) mod info;
pub(super) mod list;
pub(super) mod remove;
pub(super) mod update;
pub(super) mod wait;

use std::time::Duration;

use paas_platform::Domain;

use crate::{context::Context, error::Error, printer};

const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Until the domain is there: as it is then.
async fn wait_for(context: &Context, app: &str, mut domain: Domain) -> Result<Domain, Error> {
    let action = context.printer.action(format!("Waiting for {}", printer::command(&domain.hostname)));
    while domain.status == "pending" {
        tokio::time::sleep(LOOK_EVERY).await;
        domain = context.client()?.domain(app, &domain.id.to_string()).await?;
    }
    if ["succeeded", "none"].contains(&domain.status.as_str()) {
        action.done();
        return Ok(domain);
    }
    let message = format!("The domain creation finished with status {}", domain.status);
    Err(Error::Mistake { message, hint: None })
}
