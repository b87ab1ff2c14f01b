use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{AppReference, Secret, Timestamp};

/// A certificate that an app's domains can be served with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SniEndpoint {
    pub app: AppReference,
    /// PEM, the leaf first.
    pub certificate_chain: String,
    pub created_at: Timestamp,
    pub display_name: Option<String>,
    /// Ids of the domains that it is attached to.
    pub domains: Vec<Uuid>,
    pub id: Uuid,
    pub name: String,
    pub ssl_cert: SslCert,
    pub updated_at: Timestamp,
}

/// What the certificate says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SslCert {
    /// Whether it is managed automatically. Not in the public description, but the CLI reads it.
    #[serde(default)]
    pub acm: bool,
    #[serde(rename = "ca_signed?")]
    pub ca_signed: bool,
    pub cert_domains: Vec<String>,
    pub expires_at: Timestamp,
    pub id: Uuid,
    /// `/C=US/O=Example/CN=Example CA`.
    pub issuer: String,
    #[serde(rename = "self_signed?")]
    pub self_signed: bool,
    pub starts_at: Timestamp,
    pub subject: String,
}

/// Body of `POST /apps/:app/sni-endpoints`, and of `PATCH` on one: a whole certificate each time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SniEndpointUpdate {
    /// PEM, the leaf first.
    pub certificate_chain: String,
    /// PEM.
    pub private_key: Secret,
}
