//! Release images as a whole: whether the registry has one, and having it forgotten.

use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, header::WWW_AUTHENTICATE};
use secrecy::ExposeSecret;
use serde::Deserialize;
use url::Url;

use super::{Access, Registry, failed, is_not_found};
use crate::BuilderError;
use oci_client::secrets::RegistryAuth;
use paas_hosts::RegistryGrant;

/// What the client library has no call for is asked through this.
#[derive(Clone)]
pub(super) struct Http {
    client: Client,
    url: Url,
}

impl Http {
    /// `authority`: PEM of one that is trusted besides the public ones.
    pub(super) fn new(url: Url, authority: Option<&str>) -> Result<Self, BuilderError> {
        let mut client = Client::builder();
        if let Some(pem) = authority {
            let roots = reqwest::Certificate::from_pem_bundle(pem.as_bytes()).map_err(BuilderError::http)?;
            client = client.tls_certs_merge(roots);
        }
        Ok(Self { client: client.build().map_err(BuilderError::http)?, url })
    }
}

impl Registry {
    /// The manifest of this image, `HOST/apps/ID@sha256:…`, or with a tag. `None`: there is no such image, or it is another
    /// registry's.
    ///
    /// # Errors
    /// [`BuilderError::Registry`] when the registry fails.
    pub async fn digest_of_image(&self, image: &str) -> Result<Option<String>, BuilderError> {
        let Some((repository, reference)) = self.parts(image) else { return Ok(None) };
        self.digest_of(repository, reference).await
    }

    /// Has the registry forget an image, under every tag. What it was made of stays until somebody collects what no image
    /// names. Forgetting what is not there, or what is another registry's, is a success.
    ///
    /// # Errors
    /// [`BuilderError::NotDeleted`] when the registry does not delete; [`BuilderError::Registry`] and [`BuilderError::Http`]
    /// when it does not answer.
    pub async fn delete_image(&self, image: &str) -> Result<(), BuilderError> {
        let Some((repository, reference)) = self.parts(image) else { return Ok(()) };
        let Some(digest) = self.digest_of(repository, reference).await? else { return Ok(()) };
        let path = format!("/v2/{repository}/manifests/{digest}");
        let request = || self.http.request(Method::DELETE, &path);
        let answer = match &self.access {
            Access::Tokens(tokens) => {
                let token = tokens.token(&[RegistryGrant::delete(repository)]).map_err(BuilderError::RegistryToken)?;
                send(request().bearer_auth(token.expose_secret())).await?
            }
            Access::Login(auth) => {
                let answer = send(with_login(request(), auth)).await?;
                match challenge(&answer) {
                    Some(challenge) => {
                        let token = self.http.token(&challenge, repository, auth).await?;
                        send(request().bearer_auth(token)).await?
                    }
                    None => answer,
                }
            }
        };
        match answer.status() {
            status if status.is_success() || status == StatusCode::NOT_FOUND => Ok(()),
            StatusCode::METHOD_NOT_ALLOWED => Err(BuilderError::NotDeleted(
                "it lets nothing be deleted (Distribution: set REGISTRY_STORAGE_DELETE_ENABLED=true)".to_owned(),
            )),
            status => Err(BuilderError::NotDeleted(format!("it answered {status}"))),
        }
    }

    async fn digest_of(&self, repository: &str, reference: &str) -> Result<Option<String>, BuilderError> {
        // By digest too: the registry says whether it has it.
        let (image, auth) = self.for_pull_of(repository, reference).await?;
        match self.client.fetch_manifest_digest(&image, &auth).await {
            Ok(digest) => Ok(Some(digest)),
            Err(error) if is_not_found(&error) => Ok(None),
            Err(error) => Err(failed("look for an image")(error)),
        }
    }

    /// Repository, and digest or tag. `None`: it is not here.
    fn parts<'a>(&self, image: &'a str) -> Option<(&'a str, &'a str)> {
        let path = image.strip_prefix(&self.host)?.strip_prefix('/')?;
        path.split_once('@').or_else(|| path.split_once(':'))
    }
}

impl Http {
    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let mut url = self.url.clone();
        url.set_path(path);
        self.client.request(method, url)
    }

    /// CNCF distribution: "Token Authentication Specification".
    async fn token(
        &self,
        challenge: &Challenge,
        repository: &str,
        auth: &RegistryAuth,
    ) -> Result<String, BuilderError> {
        let mut realm = challenge.realm.clone();
        realm
            .query_pairs_mut()
            .extend_pairs(challenge.service.as_ref().map(|service| ("service", service)))
            .append_pair("scope", &format!("repository:{repository}:pull,delete"));
        let answer = send(with_login(self.client.get(realm), auth)).await?;
        if !answer.status().is_success() {
            let status = answer.status();
            return Err(BuilderError::NotDeleted(format!("its token service answered {status}")));
        }
        let token: Token = answer.json().await.map_err(BuilderError::http)?;
        let no_token = || BuilderError::NotDeleted("its token service gave no token".to_owned());
        token.token.or(token.access_token).ok_or_else(no_token)
    }
}

#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

/// Where tokens are to be had.
#[derive(Debug, PartialEq, Eq)]
struct Challenge {
    realm: Url,
    service: Option<String>,
}

fn challenge(answer: &Response) -> Option<Challenge> {
    let is_refused = answer.status() == StatusCode::UNAUTHORIZED;
    let header = answer.headers().get(WWW_AUTHENTICATE).filter(|_| is_refused)?.to_str().ok()?;
    parse_challenge(header)
}

/// `Bearer realm="https://…",service="…",scope="…"`
fn parse_challenge(header: &str) -> Option<Challenge> {
    let (scheme, parameters) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    let value = |name: &str| {
        let (_, rest) = parameters.split_once(&format!("{name}=\""))?;
        Some(rest.split_once('"')?.0.to_owned())
    };
    Some(Challenge { realm: value("realm")?.parse().ok()?, service: value("service") })
}

fn with_login(request: RequestBuilder, auth: &RegistryAuth) -> RequestBuilder {
    match auth {
        RegistryAuth::Anonymous => request,
        RegistryAuth::Basic(user, password) => request.basic_auth(user, Some(password)),
        RegistryAuth::Bearer(token) => request.bearer_auth(token),
    }
}

async fn send(request: RequestBuilder) -> Result<Response, BuilderError> {
    request.send().await.map_err(BuilderError::http)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_says_where_its_tokens_are() {
        let header =
            r#"Bearer realm="https://auth.example.com/token",service="registry",scope="repository:x:pull,push""#;
        let expected = Challenge {
            realm: "https://auth.example.com/token".parse().unwrap(),
            service: Some("registry".to_owned()),
        };
        assert_eq!(parse_challenge(header), Some(expected));
        for other in [r#"Basic realm="Registry""#, "Bearer", r#"Bearer service="x""#, r#"Bearer realm="no url""#] {
            assert_eq!(parse_challenge(other), None, "{other}");
        }
    }
}
