use crate::{
    context::{Context, JsonArgs},
    error::Error,
};

/// Show who is logged in
#[derive(Debug, clap::Args)]
pub(crate) struct Whoami {
    #[command(flatten)]
    json: JsonArgs,
}

impl Whoami {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let account = context.client()?.account().await?;
        match self.json.json {
            true => context.printer.json(&account),
            false => context.printer.line(account.email),
        }
    }
}
