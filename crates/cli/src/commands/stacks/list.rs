use crate::{
    context::{AppArgs, Context, JsonArgs},
    error::Error,
    printer,
};

/// List the stacks that apps can run on
#[derive(Debug, clap::Args)]
pub(crate) struct Stacks {
    #[command(flatten)]
    app: AppArgs,
    #[command(flatten)]
    json: JsonArgs,
}

impl Stacks {
    /// With an app its own stack is marked; without one, the stack that new apps get.
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let app = match context.app(&self.app) {
            Err(Error::NoApp { .. }) => None,
            other => Some(other?),
        };
        let client = context.client()?;
        let mut stacks = client.stacks().await?;
        if self.json.json {
            return context.printer.json(&stacks);
        }
        stacks.sort_by(|a, b| a.name.cmp(&b.name));
        let of_app = match &app {
            Some(app) => Some(client.app(app).await?.build_stack.name),
            None => None,
        };
        let title =
            app.map_or_else(|| "Available Stacks".to_owned(), |app| format!("{} Available Stacks", printer::app(&app)));
        context.printer.header(title)?;
        stacks.iter().try_for_each(|stack| {
            let marked = of_app.as_ref().map_or(stack.default, |name| name == &stack.name);
            context.printer.line(format!("{} {}", if marked { "*" } else { " " }, stack.name))
        })
    }
}
