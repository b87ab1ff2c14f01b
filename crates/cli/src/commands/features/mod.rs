pub(super) mod disable;
pub(super) mod enable;
pub(super) mod info;
pub(super) mod list;

use paas_platform::{Feature, FeatureUpdate};

use crate::{context::Context, error::Error, printer};

/// `[+] name  What it does.`
pub(super) fn print(context: &Context, features: &[Feature]) -> Result<(), Error> {
    let longest = features.iter().map(|feature| feature.name.len()).max().unwrap_or(0);
    features.iter().try_for_each(|feature| {
        let mark = if feature.enabled { "[+]" } else { "[ ]" };
        context.printer.line(format!("{mark} {:longest$}  {}", feature.name, feature.description))
    })
}

pub(super) fn print_one(context: &Context, feature: &Feature) -> Result<(), Error> {
    context.printer.header(&feature.name)?;
    context.printer.object(&[
        ("Description", feature.description.clone()),
        ("Enabled", feature.enabled.to_string()),
        ("Docs", feature.doc_url.clone()),
    ])
}

/// Switches a feature that is not so already; `strict`: one that is, is a mistake.
pub(super) async fn switch(context: &Context, app: &str, name: &str, on: bool, strict: bool) -> Result<(), Error> {
    let verb = if on { "Enabling" } else { "Disabling" };
    let action = context.printer.action(format!("{verb} {} for {}", printer::command(name), printer::app(app)));
    let client = context.client()?;
    if strict && client.app_feature(app, name).await?.enabled == on {
        let state = if on { "enabled" } else { "disabled" };
        return Err(Error::Mistake { message: format!("{name} is already {state}."), hint: None });
    }
    client.update_app_feature(app, name, &FeatureUpdate { enabled: Some(on) }).await?;
    action.done();
    Ok(())
}
