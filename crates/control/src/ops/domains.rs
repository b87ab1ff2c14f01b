use chrono::{DateTime, Utc};
use paas_db::{DbError, accounts::Account, apps, apps::App, domains, new_id};
use paas_model::{AppName, DomainId, Hostname, SniEndpointId};

use crate::{Control, OpError, ops::sni_endpoints};

/// Most custom domains of an app (Heroku: domain limits).
const MAX_DOMAINS: i64 = 1_000;

/// A host name that an app answers at.
#[derive(Debug, Clone)]
pub struct Domain {
    pub id: DomainId,
    pub hostname: String,
    pub is_custom: bool,
    /// What DNS is to point at; `None`: nothing is to be done.
    pub cname: Option<String>,
    pub sni_endpoint: Option<(SniEndpointId, String)>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// The app's default domain, then its custom ones by host name.
///
/// # Errors
/// [`OpError::Unavailable`].
pub async fn list(control: &Control, app: &App) -> Result<Vec<Domain>, OpError> {
    let custom = domains::list(control.db.pool(), app.id).await?;
    Ok(std::iter::once(default_domain(control, app)).chain(custom.into_iter().map(Domain::from)).collect())
}

/// `identity`: an id or a host name.
///
/// # Errors
/// [`OpError::NotFound`].
pub async fn find(control: &Control, app: &App, identity: &str) -> Result<Domain, OpError> {
    let default = default_domain(control, app);
    let id = match (identity.parse::<DomainId>(), Hostname::parse(identity)) {
        (Ok(id), _) if id == default.id => return Ok(default),
        (Ok(id), _) => Some(id),
        (_, Ok(hostname)) if hostname.as_str() == default.hostname => return Ok(default),
        (_, Ok(hostname)) => {
            let owner = domains::owner(control.db.pool(), &hostname).await?;
            owner.filter(|(_, owner)| *owner == app.id).map(|(id, _)| id)
        }
        _ => None,
    };
    let found = match id {
        Some(id) => domains::find(control.db.pool(), app.id, id).await?,
        None => None,
    };
    found.map(Domain::from).ok_or_else(|| OpError::not_found("domain"))
}

/// Routers know it within a second. Nobody is asked whether the name is theirs: whoever points its DNS here decides.
///
/// # Errors
/// [`OpError::Invalid`] for what is no host name, the platform's own, in use already, below a wildcard of another owner's or
/// a wildcard above their names; [`OpError::NotFound`] for an endpoint that is not the app's.
pub async fn create(
    control: &Control,
    account: &Account,
    app: &App,
    hostname: &str,
    sni_endpoint: Option<&str>,
) -> Result<Domain, OpError> {
    let hostname = Hostname::parse(hostname).map_err(OpError::invalid)?;
    let own = control.settings.own_names();
    if let Some(own) = own.iter().find(|own| hostname.overlaps(own)) {
        return Err(OpError::Invalid(format!("{hostname} cannot be added: {own} is the platform's own.")));
    }
    let endpoint = match sni_endpoint {
        Some(identity) => Some(sni_endpoints::find(control, app, identity).await?.id),
        None => None,
    };
    let id = loop {
        match insert(control, app, &hostname, endpoint).await {
            Err(Refused::CnameTaken) => {}
            Err(Refused::Other(error)) => return Err(error),
            Ok(id) => break id,
        }
    };
    control.logs.app_event(app.id, "api", format!("Add {hostname} domain by user {}", account.email));
    find(control, app, &id.to_string()).await
}

enum Refused {
    /// Only chance was against it.
    CnameTaken,
    Other(OpError),
}

impl From<DbError> for Refused {
    fn from(error: DbError) -> Self {
        match error {
            DbError::CnameTaken => Self::CnameTaken,
            other => Self::Other(other.into()),
        }
    }
}

async fn insert(
    control: &Control,
    app: &App,
    hostname: &Hostname,
    endpoint: Option<SniEndpointId>,
) -> Result<DomainId, Refused> {
    let (id, cname) = (new_id::<DomainId>(), invent_cname(control));
    let mut tx = control.db.begin().await?;
    if !apps::lock(&mut tx, app.id).await? {
        return Err(Refused::Other(OpError::not_found("app")));
    }
    // Two requests that each find the way free would take it together.
    domains::lock(&mut tx).await?;
    if domains::count(&mut *tx, app.id).await? >= MAX_DOMAINS {
        let message = format!("An app has at most {MAX_DOMAINS} custom domains. Remove one first.");
        return Err(Refused::Other(OpError::Invalid(message)));
    }
    match domains::owner(&mut *tx, hostname).await? {
        Some((_, owner)) if owner == app.id => {
            return Err(Refused::Other(OpError::Invalid(format!("{hostname} is already added to this app."))));
        }
        Some(_) => return Err(Refused::Other(in_use(hostname))),
        None => {}
    }
    if let Some(theirs) = domains::contested(&mut *tx, app.id, hostname).await? {
        return Err(Refused::Other(contested(hostname, &theirs)));
    }
    domains::create(&mut *tx, id, app.id, hostname, &cname, endpoint).await.map_err(|error| match error {
        // Somebody else was faster.
        DbError::HostnameTaken => Refused::Other(in_use(hostname)),
        other => other.into(),
    })?;
    tx.commit().await.map_err(DbError::from)?;
    Ok(id)
}

/// Attaches a certificate, or with `None` detaches the one there is.
///
/// # Errors
/// [`OpError::NotFound`]; [`OpError::Invalid`] for the app's default domain.
pub async fn attach(
    control: &Control,
    app: &App,
    identity: &str,
    sni_endpoint: Option<&str>,
) -> Result<Domain, OpError> {
    let domain = find(control, app, identity).await?;
    if !domain.is_custom {
        return Err(OpError::Invalid(format!("{} is served with the platform's own certificate.", domain.hostname)));
    }
    let endpoint = match sni_endpoint {
        Some(identity) => Some(sni_endpoints::find(control, app, identity).await?.id),
        None => None,
    };
    domains::attach(control.db.pool(), domain.id, endpoint).await?;
    find(control, app, &domain.id.to_string()).await
}

/// Its name is free again at once. Answers with the domain as it was.
///
/// # Errors
/// [`OpError::NotFound`]; [`OpError::Invalid`] for the app's default domain.
pub async fn delete(control: &Control, account: &Account, app: &App, identity: &str) -> Result<Domain, OpError> {
    let domain = find(control, app, identity).await?;
    if !domain.is_custom {
        return Err(OpError::Invalid(format!("{} comes with the app and cannot be removed.", domain.hostname)));
    }
    domains::delete(control.db.pool(), domain.id).await?;
    control.logs.app_event(app.id, "api", format!("Remove {} domain by user {}", domain.hostname, account.email));
    Ok(domain)
}

/// Its id is the app's: there is one of each.
fn default_domain(control: &Control, app: &App) -> Domain {
    Domain {
        id: app.id.uuid().into(),
        hostname: format!("{}.{}", app.name, control.settings.domain),
        is_custom: false,
        cname: None,
        sni_endpoint: None,
        created_at: app.created_at,
        updated_at: app.created_at,
    }
}

/// `quiet-shore-01234.dns.example.com`.
fn invent_cname(control: &Control) -> String {
    format!("{}.{}", AppName::invent(rand::random()), control.settings.cname_domain)
}

/// Heroku's words.
fn in_use(hostname: &Hostname) -> OpError {
    OpError::Invalid(format!("{hostname} is currently in use by another app."))
}

/// Names of others below a wildcard are not told: nobody is to find them out by trying.
fn contested(hostname: &Hostname, theirs: &Hostname) -> OpError {
    OpError::Invalid(if theirs.covers(hostname) {
        format!(
            "{hostname} is below {theirs}, which is currently in use by an app of another owner. Names below it can be added to apps of that owner."
        )
    } else {
        format!(
            "{hostname} covers names that are currently in use by an app of another owner. Add the names that you need one by one."
        )
    })
}

impl From<domains::Domain> for Domain {
    fn from(row: domains::Domain) -> Self {
        Self {
            id: row.id,
            hostname: row.hostname.to_string(),
            is_custom: true,
            cname: Some(row.cname),
            sni_endpoint: row.sni_endpoint_id.zip(row.sni_endpoint_name),
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}
