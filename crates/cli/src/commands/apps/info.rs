use std::collections::BTreeMap;

use serde_json::json;

use crate::{
    context::{AppArgs, Context, JsonArgs},
    error::Error,
    printer,
};

/// Show what an app is and has
#[derive(Debug, clap::Args)]
pub(crate) struct Info {
    /// App to show
    #[arg(value_name = "NAME")]
    name: Option<String>,
    #[command(flatten)]
    app: AppArgs,
    #[command(flatten)]
    json: JsonArgs,
}

impl Info {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let name = context.app(&self.app.or_named(self.name))?;
        let client = context.client()?;
        let (app, dynos) = futures::try_join!(client.app(&name), client.dynos(&name))?;
        if self.json.json {
            return context.printer.json(&json!({ "app": app, "dynos": dynos }));
        }
        let mut counts = BTreeMap::<&str, usize>::new();
        for dyno in &dynos {
            *counts.entry(&dyno.kind).or_default() += 1;
        }
        let counts: Vec<_> = counts.iter().map(|(kind, count)| format!("{kind}: {count}")).collect();
        let mut fields = vec![
            ("Dynos", counts.join(", ")),
            ("Git URL", context.git_url(&app)),
            ("Maintenance", if app.maintenance { "on" } else { "off" }.to_owned()),
            ("Owner", app.owner.email.clone()),
            ("Region", app.region.name.clone()),
            ("Repo Size", size(app.repo_size)),
            ("Slug Size", size(app.slug_size)),
            ("Stack", app.stack.name.clone()),
            ("Web URL", app.web_url.clone().unwrap_or_default()),
        ];
        if app.build_stack.name != app.stack.name {
            fields.push(("Build Stack", app.build_stack.name.clone()));
        }
        fields.retain(|(_, value)| !value.is_empty());
        context.printer.header(printer::app(&app.name))?;
        context.printer.object(&fields)
    }
}

/// `12 MB`; nothing where there is no size yet.
fn size(bytes: Option<u64>) -> String {
    let Some(bytes) = bytes else { return String::new() };
    let units = ["B", "KB", "MB", "GB", "TB"];
    let (mut value, mut unit) = (bytes as f64, 0);
    while value >= 1_024.0 && unit + 1 < units.len() {
        value /= 1_024.0;
        unit += 1;
    }
    format!("{value:.0} {}", units[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_for_people() {
        let sizes = [Some(0), Some(1_023), Some(1_024), Some(52_428_800), None].map(size);
        assert_eq!(sizes, ["0 B", "1023 B", "1 KB", "50 MB", ""]);
    }
}
