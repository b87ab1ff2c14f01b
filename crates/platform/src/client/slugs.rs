use reqwest::Method;

use super::{Client, ClientError};
use crate::{SlugContents, SlugDiff, SlugDiffQuery, SlugFile, SlugSummary};

/// What is in slugs and stacks. `app` is a name or an id, `slug` an id, `v12` or `12`.
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

    /// What is in a stack's run image: CycloneDX.
    pub async fn stack_sbom(&self, stack: &str) -> Result<serde_json::Value, ClientError> {
        self.get(&["stacks", stack, "sbom"]).await
    }
}
