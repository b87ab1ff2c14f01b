use crate::{context::Context, error::Error};

/// Let a drained host take dynos again
#[derive(Debug, clap::Args)]
pub(crate) struct Undrain {
    /// Host that was drained
    #[arg(value_name = "HOST")]
    host: String,
}

impl Undrain {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let name = super::host(&self.host)?;
        let client = context.client()?;
        let action = context.printer.action(format!("Undraining {name}"));
        let host = client.undrain_host(name).await?;
        action.done_with(format!("it is {}", host.state));
        Ok(())
    }
}
