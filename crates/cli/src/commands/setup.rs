use std::{path::PathBuf, time::Duration};

use paas_platform::{
    AppSetup, AppSetupChoices, AppSetupCreate, AppSetupOverrides, AppSetupStatus, Buildpack, Client, Secret, SourceBlob,
};

use crate::{
    commands::{builds::create::upload, config::set::assignment},
    context::{Context, JsonArgs},
    error::Error,
    printer,
    printer::Printer,
};

const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Make an app from a source with an app.json
#[derive(Debug, clap::Args)]
pub(crate) struct Setup {
    /// URL of a gzipped tarball, which the server fetches; or such a file here
    #[arg(value_name = "SOURCE")]
    source: String,
    /// The app's name; one is invented if it is not given
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// A config var, over the app.json's
    #[arg(short, long = "env", value_name = "KEY=VALUE")]
    vars: Vec<String>,
    /// A buildpack, in place of the app.json's
    #[arg(short, long = "buildpack", value_name = "BUILDPACK")]
    buildpacks: Vec<String>,
    /// Do without the add-ons that the app.json asks for
    #[arg(long)]
    without_addons: bool,
    /// Stack to build and run on
    #[arg(short, long, value_name = "STACK")]
    stack: Option<String>,
    #[command(flatten)]
    json: JsonArgs,
}

impl Setup {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let env = self.vars.iter().map(|text| assignment(text)).collect::<Result<_, _>>()?;
        let (client, printer) = (context.client()?, context.printer);
        let url = match self.source.contains("://") {
            true => Secret::new(self.source),
            false => upload(client, PathBuf::from(self.source)).await?,
        };
        let buildpack = |name: &String| Buildpack { name: None, url: Some(name.clone()) };
        let buildpacks: Vec<_> = self.buildpacks.iter().map(buildpack).collect();
        let body = AppSetupCreate {
            app: AppSetupChoices { name: self.name, stack: self.stack },
            overrides: AppSetupOverrides {
                addons: self.without_addons.then(Vec::new),
                buildpacks: (!buildpacks.is_empty()).then_some(buildpacks),
                env,
            },
            source_blob: SourceBlob { checksum: None, url, version: None, version_description: None },
        };
        let setup = client.create_app_setup(&body).await?;
        let name = setup.app.name.clone();
        printer.note(format!("Setting up {}", printer::app(&name)));
        let setup = follow(client, printer, setup).await?;
        if self.json.json {
            printer.json(&setup)?;
        }
        match setup.status {
            AppSetupStatus::Failed => Err(failed(&setup)),
            AppSetupStatus::Pending | AppSetupStatus::Succeeded => {
                printer.note(format!("{} is set up.", printer::app(&name)));
                match &setup.resolved_success_url {
                    Some(url) if !self.json.json => printer.line(url),
                    _ => Ok(()),
                }
            }
        }
    }
}

/// Shows what the build prints, to stderr's side of things, and waits for the end.
async fn follow(client: &Client, printer: Printer, mut setup: AppSetup) -> Result<AppSetup, Error> {
    let mut shown = false;
    while setup.status == AppSetupStatus::Pending {
        if let Some(build) = setup.build.as_ref().filter(|_| !shown) {
            shown = true;
            let mut output = client.open_text(&build.output_stream_url).await?;
            let mut lines = Lines::default();
            while let Some(bytes) = output.chunk().await? {
                lines.take(&bytes, |line| printer.note(line));
            }
            lines.end(|line| printer.note(line));
        } else {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        setup = client.app_setup(&setup.id.to_string()).await?;
    }
    Ok(setup)
}

/// Text that comes in pieces, which begin and end wherever they do, also within a letter.
#[derive(Default)]
struct Lines(Vec<u8>);

impl Lines {
    fn take(&mut self, piece: &[u8], mut show: impl FnMut(&str)) {
        self.0.extend_from_slice(piece);
        while let Some(end) = self.0.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.0.drain(..=end).collect();
            show(&String::from_utf8_lossy(&line[..end]));
        }
    }

    /// What comes after the last newline.
    fn end(self, mut show: impl FnMut(&str)) {
        if !self.0.is_empty() {
            show(&String::from_utf8_lossy(&self.0));
        }
    }
}

fn failed(setup: &AppSetup) -> Error {
    let mut message = format!("Setting up {} failed", printer::app(&setup.app.name));
    if let Some(why) = &setup.failure_message {
        message.push_str(&format!(": {why}"));
    }
    for error in &setup.manifest_errors {
        message.push_str(&format!("\n{error}"));
    }
    if let Some(postdeploy) = &setup.postdeploy {
        message.push_str(&format!("\n{}", postdeploy.output.trim_end()));
    }
    Error::mistake(message, format!("`paas destroy {}` removes what there is of it", setup.app.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_stay_whole_however_they_are_cut() {
        let text = "-----> Building\n\n       é and more\n       the end";
        for size in 1..text.len() {
            let (mut lines, mut shown) = (Lines::default(), Vec::new());
            for piece in text.as_bytes().chunks(size) {
                lines.take(piece, |line| shown.push(line.to_owned()));
            }
            lines.end(|line| shown.push(line.to_owned()));
            assert_eq!(shown, text.lines().collect::<Vec<_>>(), "in pieces of {size}");
        }
    }
}
