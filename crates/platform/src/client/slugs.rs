use reqwest::Method;

use super::{Client, ClientError};
use crate::{AppBase, Rebase, SlugContents, SlugDiff, SlugDiffQuery, SlugFile, SlugSummary};

/// What is in slugs, and what they stand on. `app` is a name or an id, `slug` an id, `v12` or `12`.
///
/// # Errors
/// Each call: any [`ClientError`].
impl Client {
    pub async fn slugs(&self, app: &str) -> Result<Vec<SlugSummary>, ClientError> {
        self.list(&["apps", app, "slugs"]).await
    }

    pub async fn slug_contents(&self, app: &str, slug: &str) -> Result<SlugContents, ClientError> {
        self.get(&["apps", app, "slugs", slug, "contents"]).await
    }

    pub async fn slug_files(&self, app: &str, slug: &str) -> Result<Vec<SlugFile>, ClientError> {
        self.get(&["apps", app, "slugs", slug, "files"]).await
    }

    pub async fn slug_diff(&self, app: &str, from: &str, to: &str) -> Result<SlugDiff, ClientError> {
        let query = SlugDiffQuery { from: from.to_owned() };
        self.read(self.request(Method::GET, &["apps", app, "slugs", to, "diff"]).query(&query)).await
    }

    /// What every app to which anything was deployed stands on: for the installation's owner.
    pub async fn bases(&self) -> Result<Vec<AppBase>, ClientError> {
        self.list(&["bases"]).await
    }

    /// What the app's current release stands on.
    pub async fn base(&self, app: &str) -> Result<AppBase, ClientError> {
        self.get(&["apps", app, "base"]).await
    }

    /// A release on the stack's newest run image, if the current one stands on another.
    pub async fn rebase(&self, app: &str) -> Result<Rebase, ClientError> {
        self.read(self.request(Method::POST, &["apps", app, "actions", "rebase"])).await
    }

    /// What is in a stack's run image: CycloneDX.
    pub async fn stack_sbom(&self, stack: &str) -> Result<serde_json::Value, ClientError> {
        self.get(&["stacks", stack, "sbom"]).await
    }
}
