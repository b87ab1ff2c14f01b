//! How a machine becomes a host: its owner asks for a token, the machine shows it once with a certificate request, and is
//! given a certificate and a secret to renew it with. Nothing but hashes of the two secrets is kept.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use paas_db::{Connection, DbError, SecretHash, hosts, join_tokens, new_id, new_secret, pools};
use paas_hosts::{HostEndpoint, join_command, render_join_script};
use paas_model::{HostId, HostName, HostState, JoinTokenId, Labels};
use secrecy::{ExposeSecret, SecretString};

use crate::{Control, HostRegistry, OpError, SignError, crash_point, ops::accounts::Owner};

/// How long a person has to run the command.
const TOKEN_LIFETIME: Duration = Duration::from_secs(60 * 60);
pub(crate) const TOKEN_PREFIX: &str = "JOIN-";
const RENEWAL_PREFIX: &str = "HOST-";
/// Docker's port with TLS.
const ENGINE_PORT: u16 = 2376;
/// A request with an RSA key of 8192 bits has 2.5 KB.
const MAX_CSR_BYTES: usize = 16 << 10;
/// Paths of the API begin with it.
const RESERVED_NAME: &str = "join";

/// What the host is to be. Everything may be left to the machine.
#[derive(Debug, Clone, Default)]
pub struct Invitation {
    /// `None`: what the machine calls itself.
    pub name: Option<String>,
    pub labels: Labels,
    /// Its hosts' labels come on top. The host is not the pool's: nothing ends a machine that nothing launched.
    pub pool: Option<String>,
}

/// A token that was just made.
#[derive(Debug, Clone)]
pub struct Invited {
    /// To be run as root on the machine. It holds the token.
    pub command: SecretString,
    pub expires_at: DateTime<Utc>,
}

/// What a machine says of itself.
#[derive(Debug, Clone)]
pub struct JoinRequest {
    pub token: SecretString,
    /// PEM.
    pub csr: String,
    pub name: String,
    /// Where the control plane and the routers reach it.
    pub address: String,
    /// The provider's name of the machine.
    pub machine_id: Option<String>,
    pub zone: Option<String>,
}

/// What it is given.
#[derive(Debug, Clone)]
pub struct Joined {
    pub host: HostId,
    /// PEM.
    pub certificate: String,
    /// PEM.
    pub ca: String,
    pub renewal_token: SecretString,
    pub registry: HostRegistry,
}

/// A certificate made anew.
#[derive(Debug, Clone)]
pub struct Renewed {
    /// PEM.
    pub certificate: String,
    /// PEM.
    pub ca: String,
}

/// Makes a token, and the command that shows it.
///
/// # Errors
/// [`OpError::Invalid`] for a name, a label or a pool that cannot be; [`OpError::Conflict`] when no other machine could reach the
/// registry.
pub async fn invite(control: &Control, owner: &Owner, invitation: Invitation) -> Result<Invited, OpError> {
    registry(control)?;
    let name = invitation.name.as_deref().map(host_name).transpose()?;
    let mut labels = invitation.labels;
    super::check_labels(&labels)?;
    let mut tx = control.db.begin().await?;
    if let Some(name) = &name
        && hosts::by_name(&mut *tx, name.as_str()).await?.is_some()
    {
        return Err(OpError::Invalid(format!("There is a host called {name}. Choose another name.")));
    }
    if let Some(pool) = &invitation.pool {
        let pool = pools::by_name(&mut *tx, pool).await?;
        labels.extend(pool.ok_or_else(|| OpError::not_found("pool"))?.labels);
    }
    let token = new_secret(TOKEN_PREFIX);
    let row = join_tokens::NewJoinToken {
        id: new_id::<JoinTokenId>(),
        hash: SecretHash::of(&token),
        host_id: None,
        name: name.map(String::from),
        labels,
        account_id: Some(owner.id()),
        lifetime: TOKEN_LIFETIME,
    };
    join_tokens::create(&mut *tx, &row).await?;
    tx.commit().await.map_err(DbError::from)?;
    tracing::info!(account.email = owner.email(), "a join token was made");
    let settings = &control.settings;
    let command = join_command(&settings.public_url, settings.signer.ca_pem(), token.expose_secret(), &[]);
    Ok(Invited { command: command.into(), expires_at: Utc::now() + TimeDelta::seconds(3_600) })
}

/// The script that a machine runs to join. It holds no secret.
#[must_use]
pub fn script(control: &Control) -> String {
    render_join_script(&control.settings.public_url, control.settings.signer.ca_pem())
}

/// Makes the machine with this token a host. The same token with the same key may be shown again, as an answer may get
/// lost: then the renewal secret is a new one, and the host stays what it is. So does a machine that is repaired, with its
/// old key and a new token.
///
/// # Errors
/// [`OpError::Forbidden`] for a token that is unknown, over, or was used with another key; [`OpError::Invalid`] for what the
/// machine says of itself; [`OpError::Conflict`] when the host was removed meanwhile.
pub async fn join(control: &Control, request: JoinRequest) -> Result<Joined, OpError> {
    let hash = SecretHash::of(&request.token);
    // First of all: nobody without a token has us parse anything.
    check_standing(control, &hash).await?;
    let registry = registry(control)?.clone();
    let address = check_request(&request)?;
    let signer = &control.settings.signer;
    let key = SecretHash::from(signer.key_hash(&request.csr).map_err(unsigned)?);
    let mut tx = control.db.begin().await?;
    let Some(token) = join_tokens::take(&mut tx, &hash, &key).await? else {
        return Err(refused(join_tokens::standing(control.db.pool(), &hash).await?, true));
    };
    crash_point!("join.token_taken");
    let known = match token.host_id {
        Some(id) => Some(id),
        None => join_tokens::host_of_key(&mut *tx, &key).await?,
    };
    let (host, name) = match known {
        Some(id) => (id, bound_name(&mut tx, id).await?),
        None => (new_id::<HostId>(), token.name.map_or_else(|| host_name(&request.name), |name| host_name(&name))?),
    };
    check_address(&mut tx, host, address).await?;
    let signed = signer.sign(&request.csr, host, Utc::now()).map_err(unsigned)?;
    let renewal_token = new_secret(RENEWAL_PREFIX);
    let row = hosts::Joined {
        id: host,
        name: name.to_string(),
        endpoint: HostEndpoint::tcp(SocketAddr::new(address, ENGINE_PORT), host).to_string(),
        zone: request.zone,
        labels: token.labels,
        machine_id: request.machine_id,
        renewal_hash: SecretHash::of(&renewal_token),
        certificate_expires_at: signed.expires_at,
    };
    let joined = hosts::join(&mut *tx, &row).await.map_err(|error| match error {
        DbError::HostNameTaken => OpError::Invalid(format!(
            "There is a host called {name} already. Give this machine another name: set PAAS_HOST_NAME, or ask for a \
             token with `paas hosts:add NAME`."
        )),
        DbError::HostAddressTaken => {
            OpError::Invalid("Another host is this machine already. Remove that one first: `paas hosts`.".to_owned())
        }
        other => other.into(),
    })?;
    if !joined {
        return Err(removed());
    }
    join_tokens::spend(&mut tx, token.id, &key, host).await?;
    crash_point!("join.before_commit");
    tx.commit().await.map_err(DbError::from)?;
    crash_point!("join.committed");
    tracing::info!(host.id = %host, host.name = %name, host.address = %address, again = token.is_used, "a machine joined");
    Ok(Joined { host, certificate: signed.certificate_pem, ca: signer.ca_pem().to_owned(), renewal_token, registry })
}

/// A new certificate for a host. Its key may be another one.
///
/// # Errors
/// [`OpError::Forbidden`] when the secret is not this host's, or the host was removed; [`OpError::Invalid`] for a request that
/// cannot be read.
pub async fn renew(control: &Control, host: &str, secret: &SecretString, csr: &str) -> Result<Renewed, OpError> {
    let refusal = || {
        OpError::Forbidden(
            "This renewal token is not the host's: the host was removed, or has joined anew since. Join it again with \
             `paas hosts:add`."
                .to_owned(),
        )
    };
    let id: HostId = host.parse().map_err(|_| refusal())?;
    let mut tx = control.db.begin().await?;
    let row = hosts::by_renewal(&mut *tx, id, &SecretHash::of(secret)).await?.ok_or_else(refusal)?;
    check_csr(csr)?;
    let signer = &control.settings.signer;
    let signed = signer.sign(csr, id, Utc::now()).map_err(unsigned)?;
    hosts::renewed(&mut *tx, id, signed.expires_at).await?;
    tx.commit().await.map_err(DbError::from)?;
    tracing::info!(host.id = %id, host.name = row.name, "a host's certificate was renewed");
    Ok(Renewed { certificate: signed.certificate_pem, ca: signer.ca_pem().to_owned() })
}

async fn check_standing(control: &Control, hash: &SecretHash) -> Result<(), OpError> {
    match join_tokens::standing(control.db.pool(), hash).await? {
        Some(standing) if !standing.is_expired => Ok(()),
        other => Err(refused(other, false)),
    }
}

/// `with_other_key`: it was shown with a key, which it was not used with.
fn refused(standing: Option<join_tokens::Standing>, with_other_key: bool) -> OpError {
    OpError::Forbidden(match standing {
        None => "This join token is not one of ours. Make one with `paas hosts:add`.".to_owned(),
        Some(standing) if standing.is_used && with_other_key && !standing.is_expired => {
            "This join token was used already, with another key. Make a new one with `paas hosts:add`.".to_owned()
        }
        Some(_) => "This join token is no longer valid. Make a new one with `paas hosts:add`.".to_owned(),
    })
}

fn removed() -> OpError {
    OpError::Conflict("This host was removed while it was on its way, and cannot join any more.".to_owned())
}

/// The name of the host that the token is for: a launched one's, or that of one that asks again.
async fn bound_name(db: &mut Connection, id: HostId) -> Result<HostName, OpError> {
    let row = hosts::find(db, id).await?.filter(|row| row.state != HostState::Gone).ok_or_else(removed)?;
    HostName::parse(&row.name).map_err(OpError::invalid)
}

/// No two hosts that count are one machine. One that is lost or being ended may have given its address back by now.
async fn check_address(db: &mut Connection, joining: HostId, address: IpAddr) -> Result<(), OpError> {
    let counts = |state| matches!(state, HostState::Joining | HostState::Ready | HostState::Draining);
    let is_other = |row: &hosts::Host| row.id != joining && super::hosts::address(row) == Some(address);
    match hosts::list(db).await?.into_iter().find(|row| counts(row.state) && is_other(row)) {
        None => Ok(()),
        Some(other) => Err(OpError::Invalid(format!(
            "The host {} has the address {address} already. Remove it first if it is this machine, or set \
             PAAS_HOST_ADDRESS to an address of this one alone.",
            other.name
        ))),
    }
}

fn registry(control: &Control) -> Result<&HostRegistry, OpError> {
    control.settings.host_registry.as_ref().ok_or_else(|| {
        OpError::Conflict(
            "No other machine can join: the image registry listens for this machine only. Set PAAS_REGISTRY_LISTEN to an \
             address that the hosts can reach, and restart the server."
                .to_owned(),
        )
    })
}

/// The address, if all that the machine says can be.
fn check_request(request: &JoinRequest) -> Result<IpAddr, OpError> {
    check_csr(&request.csr)?;
    let address = request.address.parse().ok().filter(|address| is_reachable(*address)).ok_or_else(|| {
        OpError::Invalid(format!(
            "{:?} is not an IP address that other machines can reach this one at. Set PAAS_HOST_ADDRESS to one that \
             they can.",
            request.address
        ))
    })?;
    for (what, text) in [("machine_id", &request.machine_id), ("zone", &request.zone)] {
        if text.as_ref().is_some_and(|text| !super::is_providers_name(text)) {
            return Err(OpError::Invalid(format!(
                "{what} must have 1 to 128 letters, digits and characters of `-_.:/`."
            )));
        }
    }
    Ok(address)
}

fn check_csr(csr: &str) -> Result<(), OpError> {
    match csr.len() {
        0..=MAX_CSR_BYTES => Ok(()),
        _ => Err(OpError::Invalid(format!("The certificate request is over {MAX_CSR_BYTES} bytes."))),
    }
}

fn host_name(text: &str) -> Result<HostName, OpError> {
    if text == RESERVED_NAME {
        return Err(OpError::Invalid(format!("{RESERVED_NAME} is reserved. Choose another name.")));
    }
    HostName::parse(text).map_err(OpError::invalid)
}

/// Not this machine, nor everybody, nor a link's.
fn is_reachable(address: IpAddr) -> bool {
    let is_local = match address {
        IpAddr::V4(address) => address.is_link_local() || address.is_broadcast(),
        IpAddr::V6(address) => address.is_unicast_link_local() || address.to_ipv4_mapped().is_some(),
    };
    !(is_local || address.is_loopback() || address.is_unspecified() || address.is_multicast())
}

fn unsigned(error: SignError) -> OpError {
    match error {
        SignError::Unreadable(_) => OpError::Invalid(format!("{}.", sentence(&error.to_string()))),
        SignError::Failed(_) => OpError::Internal(error.into()),
    }
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}", first.to_uppercase(), letters.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_one_machine_that_others_reach_will_do() {
        for good in ["10.0.0.5", "192.168.1.1", "203.0.113.9", "fd00::5", "2001:db8::1"] {
            assert!(is_reachable(good.parse().unwrap()), "{good}");
        }
        for bad in [
            "127.0.0.1",
            "0.0.0.0",
            "169.254.169.254",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "ff02::1",
            "::ffff:127.0.0.1",
        ] {
            assert!(!is_reachable(bad.parse().unwrap()), "{bad}");
        }
    }
}
