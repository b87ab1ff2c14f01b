use chrono::Utc;
use paas_control::certificate::Certificate;
use paas_db::{apps::App, sni_endpoints::SniEndpoint};
use paas_platform as wire;

use super::{app_reference, reference::stable_id};
use crate::error::ApiError;

/// # Errors
/// What is stored was checked, and is damaged.
pub(crate) fn sni_endpoint(app: &App, row: &SniEndpoint) -> Result<wire::SniEndpoint, ApiError> {
    let certificate = Certificate::parse(&row.certificate_chain).map_err(|error| {
        tracing::error!(sni_endpoint.id = %row.id, %error, "a stored certificate cannot be read");
        ApiError::internal()
    })?;
    Ok(wire::SniEndpoint {
        app: app_reference(app),
        certificate_chain: row.certificate_chain.clone(),
        created_at: row.created_at.into(),
        display_name: row.display_name.clone(),
        domains: row.domains.iter().map(|id| id.uuid()).collect(),
        id: row.id.uuid(),
        name: row.name.clone(),
        ssl_cert: wire::SslCert {
            acm: false,
            ca_signed: certificate.is_trusted(&row.certificate_chain, Utc::now()),
            self_signed: certificate.is_self_signed(),
            expires_at: certificate.expires_at.into(),
            id: stable_id("ssl_cert", &row.certificate_chain),
            issuer: certificate.issuer,
            starts_at: certificate.starts_at.into(),
            subject: certificate.subject,
            cert_domains: certificate.domains,
        },
        updated_at: row.updated_at.into(),
    })
}
