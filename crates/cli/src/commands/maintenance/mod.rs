pub(super) mod off;
pub(super) mod on;
pub(super) mod show;

use paas_platform::AppUpdate;

use crate::{
    context::{AppArgs, Context},
    error::Error,
    printer,
};

async fn switch(context: &Context, app: &AppArgs, on: bool) -> Result<(), Error> {
    let app = context.app(app)?;
    let word = if on { "Enabling" } else { "Disabling" };
    let action = context.printer.action(format!("{word} maintenance mode for {}", printer::app(&app)));
    context.client()?.update_app(&app, &AppUpdate { maintenance: Some(on), ..AppUpdate::default() }).await?;
    action.done();
    Ok(())
}
