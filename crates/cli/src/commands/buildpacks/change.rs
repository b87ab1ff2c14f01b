use paas_platform::{BuildpackInstallationChoice, BuildpackInstallationsUpdate};

use crate::{context::Context, error::Error, printer};

/// The app's buildpacks, in order: by name where they have one, else by URL.
pub(super) async fn current(context: &Context, app: &str) -> Result<Vec<String>, Error> {
    let mut installed = context.client()?.buildpacks(app).await?;
    installed.sort_by_key(|installed| installed.ordinal);
    Ok(installed.iter().map(|installed| installed.buildpack.label().to_owned()).collect())
}

/// Makes `buildpacks` the app's, and says what happens next. `verb`: added, removed, set.
pub(super) async fn put(context: &Context, app: &str, buildpacks: Vec<String>, verb: &str) -> Result<(), Error> {
    let updates = buildpacks.into_iter().map(|buildpack| BuildpackInstallationChoice { buildpack }).collect();
    let now = context.client()?.set_buildpacks(app, &BuildpackInstallationsUpdate { updates }).await?;
    let label = printer::app(app);
    let names: Vec<_> = now.iter().map(|installed| installed.buildpack.label().to_owned()).collect();
    let next = match names.as_slice() {
        [] => format!("Next release on {label} will detect buildpacks normally."),
        [only] => format!("Next release on {label} will use {only}."),
        several => format!("Next release on {label} will use:\n{}", indented(several)),
    };
    let subject = if verb == "cleared" { "Buildpacks" } else { "Buildpack" };
    context.printer.line(format!("{subject} {verb}. {next}"))?;
    if !names.is_empty() {
        let what = if names.len() == 1 { "this buildpack" } else { "these buildpacks" };
        let push = printer::command("git push paas main");
        context.printer.line(format!("Run {push} to create a new release using {what}."))?;
    }
    Ok(())
}

/// Checks that `-i` names a place, counted from 1.
pub(super) fn place(index: usize, highest: usize) -> Result<usize, Error> {
    match index {
        0 => Err(Error::mistake("Invalid index. Must be greater than 0.", "buildpacks are counted from 1")),
        index if index > highest => Err(Error::mistake(
            format!("Invalid index. Must be at most {highest}."),
            "`paas buildpacks` lists this app's buildpacks",
        )),
        index => Ok(index - 1),
    }
}

/// Refuses a buildpack that is there already.
pub(super) fn refuse_duplicate(buildpacks: &[String], new: &str, app: &str) -> Result<(), Error> {
    match buildpacks.iter().any(|known| known == new) {
        true => Err(Error::mistake(
            format!("The buildpack {new} is already set on your app."),
            format!("`paas buildpacks -a {app}` lists its buildpacks"),
        )),
        false => Ok(()),
    }
}

/// `1. heroku/nodejs`; a single one has no number.
pub(super) fn numbered(names: &[String]) -> Vec<String> {
    match names {
        [only] => vec![only.clone()],
        several => several.iter().enumerate().map(|(at, name)| format!("{}. {name}", at + 1)).collect(),
    }
}

fn indented(names: &[String]) -> String {
    numbered(names).iter().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}
