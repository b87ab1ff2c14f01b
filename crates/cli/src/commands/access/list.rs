use crate::{
    context::{AppArgs, Context, JsonArgs},
    error::Error,
};

/// List who has access to an app
#[derive(Debug, clap::Args)]
pub(crate) struct List {
    #[command(flatten)]
    app: AppArgs,
    #[command(flatten)]
    json: JsonArgs,
}

const HEADING: [&str; 3] = ["Email", "Role", "Permissions"];

impl List {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let app = context.app(&self.app)?;
        let mut all = context.client()?.collaborators(&app).await?;
        if self.json.json {
            return context.printer.json(&all);
        }
        all.sort_by(|a, b| a.user.email.cmp(&b.user.email));
        let rows = all.into_iter().map(|one| {
            let mut permissions: Vec<_> = one.permissions.into_iter().map(|permission| permission.name).collect();
            permissions.sort();
            let role = one.role.unwrap_or_else(|| "collaborator".to_owned());
            [one.user.email, role, permissions.join(", ")]
        });
        context.printer.table(HEADING, rows)
    }
}
