use paas_platform::AppPlacementUpdate;

use crate::{
    context::{AppArgs, Context},
    error::Error,
    printer,
};

/// Have one dyno of a new release stay up for a while before the others follow
#[derive(Debug, clap::Args)]
pub(crate) struct Canary {
    /// Seconds that it must be up, or off; without, what is set is shown
    #[arg(value_name = "SECONDS|off")]
    seconds: Option<String>,
    #[command(flatten)]
    app: AppArgs,
}

impl Canary {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let wanted = self.seconds.as_deref().map(seconds).transpose()?;
        let app = context.app(&self.app)?;
        let client = context.client()?;
        let Some(wanted) = wanted else {
            return match client.app_placement(&app).await?.canary_seconds {
                Some(seconds) => context.printer.line(format!("{seconds} seconds")),
                None => context.printer.line("off"),
            };
        };
        let action = context.printer.action(format!("Setting the canary of {}", printer::app(&app)));
        let update = AppPlacementUpdate { canary_seconds: Some(wanted), ..AppPlacementUpdate::default() };
        match client.update_app_placement(&app, &update).await?.canary_seconds {
            Some(seconds) => action.done_with(format!("{seconds} seconds")),
            None => action.done_with("off"),
        }
        Ok(())
    }
}

/// 0 is off.
fn seconds(text: &str) -> Result<u32, Error> {
    match text {
        "off" => Ok(0),
        _ => text
            .parse()
            .map_err(|_| Error::mistake(format!("{text} is no number of seconds."), "give one from 1 to 3600, or off")),
    }
}
