use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{AppReference, NamedReference, Timestamp, lenient};

/// A host name that an app answers at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Domain {
    /// `None`: certificates of this domain are not managed automatically.
    pub acm_status: Option<String>,
    pub acm_status_reason: Option<String>,
    pub app: AppReference,
    /// What DNS is to point at; `None`: nothing is to be done.
    pub cname: Option<String>,
    pub created_at: Timestamp,
    pub hostname: String,
    pub id: Uuid,
    /// `heroku` (the one that every app has) or `custom`.
    pub kind: String,
    pub sni_endpoint: Option<NamedReference>,
    /// `succeeded` or `none`: it is there.
    pub status: String,
    pub updated_at: Timestamp,
}

/// Body of `POST /apps/:app/domains`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DomainCreate {
    pub hostname: String,
    /// An endpoint's name or id. Always sent, as Heroku asks for it.
    #[serde(default, deserialize_with = "lenient::identity")]
    pub sni_endpoint: Option<String>,
}

/// Body of `PATCH /apps/:app/domains/:domain`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DomainUpdate {
    /// An endpoint's name or id; `None` detaches the one there is.
    #[serde(deserialize_with = "lenient::identity")]
    pub sni_endpoint: Option<String>,
}
