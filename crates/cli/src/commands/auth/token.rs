use crate::{context::Context, error::Error};

/// Print the API token
#[derive(Debug, clap::Args)]
pub(crate) struct Token {}

impl Token {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        context.printer.plain(context.token()?.expose())
    }
}
