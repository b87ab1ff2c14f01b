pub(super) mod add;
pub(super) mod auto;
pub(super) mod info;
pub(super) mod list;
pub(super) mod remove;
pub(super) mod update;

use std::{fs, path::PathBuf};

use chrono::Utc;
use paas_platform::{Secret, SniEndpoint, SniEndpointUpdate, Timestamp};

use crate::{context::Context, error::Error};

/// Two files.
#[derive(Debug, clap::Args)]
pub(super) struct Files {
    /// File of the certificate and those that it was issued by (PEM)
    #[arg(value_name = "CRT")]
    certificate: PathBuf,
    /// File of its private key (PEM)
    #[arg(value_name = "KEY")]
    key: PathBuf,
}

impl Files {
    fn read(self) -> Result<SniEndpointUpdate, Error> {
        let read = |path: PathBuf| fs::read_to_string(&path).map_err(|source| Error::File { path, source });
        Ok(SniEndpointUpdate { certificate_chain: read(self.certificate)?, private_key: Secret::new(read(self.key)?) })
    }
}

/// The one that is meant: the only one there is, or by name.
async fn find(context: &Context, app: &str, name: Option<&str>) -> Result<SniEndpoint, Error> {
    let hint = || format!("`paas certs -a {app}` lists them");
    let mut endpoints = context.client()?.sni_endpoints(app).await?;
    if endpoints.is_empty() {
        let hint = "add one with `paas certs:add CRT KEY`";
        return Err(Error::mistake(format!("{app} has no SSL certificates"), hint));
    }
    endpoints.retain(|endpoint| name.is_none_or(|name| endpoint.name == name));
    match (endpoints.pop(), endpoints.is_empty()) {
        (Some(only), true) => Ok(only),
        (Some(_), false) => Err(Error::mistake("Must pass --name when more than one endpoint", hint())),
        (None, _) => Err(Error::mistake("Record not found.", hint())),
    }
}

fn print(context: &Context, endpoint: &SniEndpoint, title: &str, domains: &[String]) -> Result<(), Error> {
    let cert = &endpoint.ssl_cert;
    context.printer.line(title)?;
    let mut fields = vec![
        ("Common Name(s)", cert.cert_domains.join("\n")),
        ("Expires At", minute(cert.expires_at)),
        ("Issuer", cert.issuer.clone()),
        ("Starts At", minute(cert.starts_at)),
        ("Subject", cert.subject.clone()),
    ];
    if !domains.is_empty() {
        fields.push(("Domain(s)", domains.join("\n")));
    }
    context.printer.object(&fields)?;
    context.printer.line(match cert {
        cert if cert.ca_signed => "SSL certificate is verified by a root authority.",
        cert if cert.issuer == cert.subject => "SSL certificate is self signed.",
        _ => "SSL certificate is not trusted.",
    })?;
    if cert.expires_at.0 < Utc::now() {
        context.printer.warn(format!("It has expired. Replace it: paas certs:update CRT KEY --name {}", endpoint.name));
    }
    Ok(())
}

fn minute(time: Timestamp) -> String {
    time.0.format("%Y-%m-%d %H:%M UTC").to_string()
}
