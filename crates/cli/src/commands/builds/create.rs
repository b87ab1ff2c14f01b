use std::path::PathBuf;

use paas_platform::{BuildCreate, BuildStatus, Client, Secret, SourceBlob};

use crate::{
    context::{AppArgs, Context},
    error::Error,
    printer,
};

/// Build an app from a tarball, without git
#[derive(Debug, clap::Args)]
pub(crate) struct Create {
    /// URL of a gzipped tarball, which the server fetches
    #[arg(long, value_name = "URL", required_unless_present = "source_tar", conflicts_with = "source_tar")]
    source_url: Option<String>,
    /// A gzipped tarball here
    #[arg(long, value_name = "FILE")]
    source_tar: Option<PathBuf>,
    /// SHA256: and hexadecimal digits of the tarball
    #[arg(long, value_name = "CHECKSUM")]
    checksum: Option<String>,
    /// What to call this version: a commit, a tag
    #[arg(long, value_name = "VERSION")]
    version: Option<String>,
    #[command(flatten)]
    app: AppArgs,
}

impl Create {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let app = context.app(&self.app)?;
        let client = context.client()?;
        let url = match (self.source_url, self.source_tar) {
            (Some(url), _) => Secret::new(url),
            (None, Some(path)) => {
                let action = context.printer.action(format!("Uploading {}", path.display()));
                let url = upload(client, path).await?;
                action.done();
                url
            }
            (None, None) => return Err(Error::mistake("No source is given.", "use --source-url or --source-tar")),
        };
        let source_blob = SourceBlob { checksum: self.checksum, url, version: self.version, version_description: None };
        let build = client.create_build(&app, &BuildCreate { buildpacks: None, source_blob }).await?;
        let id = build.id.to_string();
        super::output::stream(client, context.printer, &build).await?;
        match client.build(&app, &id).await?.status {
            BuildStatus::Failed => Err(Error::mistake(
                format!("Build {id} of {} failed.", printer::app(&app)),
                "its output above says why; mend it and build again",
            )),
            BuildStatus::Pending | BuildStatus::Succeeded => Ok(()),
        }
    }
}

/// Puts a file where the server can build it; gives its URL there.
pub(in crate::commands) async fn upload(client: &Client, path: PathBuf) -> Result<Secret, Error> {
    let failed = |source| Error::File { path: path.clone(), source };
    let file = tokio::fs::File::open(&path).await.map_err(failed)?;
    let length = file.metadata().await.map_err(failed)?.len();
    let source = client.create_source().await?;
    client.upload(&source.source_blob.put_url, file, length).await?;
    Ok(source.source_blob.get_url)
}
