use reqwest::{Method, header};

use super::{Client, ClientError, parse};
use crate::{AppSetup, AppSetupCreate, Build, BuildCreate, Secret, Source};

/// From source code to a build, and to an app. `app` is a name or an id.
///
/// # Errors
/// Each call: any [`ClientError`].
impl Client {
    pub async fn builds(&self, app: &str) -> Result<Vec<Build>, ClientError> {
        self.list(&["apps", app, "builds"]).await
    }

    pub async fn build(&self, app: &str, build: &str) -> Result<Build, ClientError> {
        self.get(&["apps", app, "builds", build]).await
    }

    pub async fn create_build(&self, app: &str, body: &BuildCreate) -> Result<Build, ClientError> {
        self.call(Method::POST, &["apps", app, "builds"], body).await
    }

    /// It ends within seconds; the answer may still say that it is pending.
    pub async fn cancel_build(&self, app: &str, build: &str) -> Result<Build, ClientError> {
        self.read(self.request(Method::DELETE, &["apps", app, "builds", build])).await
    }

    pub async fn purge_build_cache(&self, app: &str) -> Result<(), ClientError> {
        self.tell(Method::DELETE, &["apps", app, "build-cache"]).await
    }

    /// A place to put source code.
    pub async fn create_source(&self) -> Result<Source, ClientError> {
        self.read(self.request(Method::POST, &["sources"])).await
    }

    /// `PUT`s a file of this many bytes to a URL that needs no token.
    pub async fn upload(&self, url: &Secret, file: tokio::fs::File, length: u64) -> Result<(), ClientError> {
        let request = self.http.put(parse(url)?).header(header::CONTENT_LENGTH, length);
        self.send(request.body(file)).await.map(drop)
    }

    pub async fn create_app_setup(&self, body: &AppSetupCreate) -> Result<AppSetup, ClientError> {
        self.call(Method::POST, &["app-setups"], body).await
    }

    pub async fn app_setup(&self, setup: &str) -> Result<AppSetup, ClientError> {
        self.get(&["app-setups", setup]).await
    }
}
