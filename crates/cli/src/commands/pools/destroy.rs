use crate::{confirmation::confirm, context::Context, error::Error};

/// Destroy a pool; it must have no hosts
#[derive(Debug, clap::Args)]
pub(crate) struct Destroy {
    /// Pool to destroy
    #[arg(value_name = "POOL")]
    pool: String,
    /// The pool's name again, instead of being asked for it
    #[arg(short, long, value_name = "NAME")]
    confirm: Option<String>,
}

impl Destroy {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let client = context.client()?;
        // By its name: what is confirmed must be what is destroyed, also where an id was given.
        let name = client.pool(super::pool(&self.pool)?).await?.name;
        let what = format!(
            "This destroys the pool {name}: what it was told is lost, and nothing is launched for it any more."
        );
        confirm(context, &what, &name, self.confirm)?;
        let action = context.printer.action(format!("Destroying pool {name}"));
        client.destroy_pool(&name).await?;
        action.done();
        Ok(())
    }
}
