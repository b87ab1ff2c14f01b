use serde_json::Value;

use crate::{
    context::{Context, JsonArgs},
    error::Error,
};

/// List the packages that a stack's run image has
#[derive(Debug, clap::Args)]
pub(crate) struct Packages {
    /// Stack to look into; the one for new apps if it is not given
    #[arg(value_name = "STACK")]
    stack: Option<String>,
    /// As CycloneDX, the software bill of materials
    #[command(flatten)]
    json: JsonArgs,
}

impl Packages {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let client = context.client()?;
        let stack = match self.stack {
            Some(stack) => stack,
            None => {
                let default = client.stacks().await?.into_iter().find(|stack| stack.default);
                default.ok_or_else(|| Error::mistake("There are no stacks.", "name one"))?.name
            }
        };
        let sbom = client.stack_sbom(&stack).await?;
        if self.json.json {
            return context.printer.json(&sbom);
        }
        let components = sbom["components"].as_array().map(Vec::as_slice).unwrap_or_default();
        context.printer.header(format!("{stack} Packages"))?;
        context.printer.rows(components.iter().map(|component| [text(&component["name"]), text(&component["version"])]))
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
