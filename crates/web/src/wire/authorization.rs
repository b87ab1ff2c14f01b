use chrono::{DateTime, Utc};
use paas_control::ops::authorizations::{Authorization, Issued};
use paas_db::{accounts::Account, oauth_clients::Client, tokens::Token};
use paas_platform as wire;
use secrecy::{ExposeSecret, SecretString};

/// With the token shortened.
pub(crate) fn authorization(account: &Account, shown: &Authorization) -> wire::Authorization {
    let token = shown.token.hint.clone().map(wire::Secret::new);
    of(account, &shown.token, shown.client.as_ref(), token, None)
}

/// With the token itself, once.
pub(crate) fn issued(account: &Account, issued: &Issued, client: Option<&Client>) -> wire::Authorization {
    let shown = |secret: &SecretString| wire::Secret::new(secret.expose_secret());
    of(account, &issued.token, client, Some(shown(&issued.secret)), issued.refresh.as_ref().map(shown))
}

pub(crate) fn session(token: &Token) -> wire::Session {
    wire::Session {
        created_at: token.created_at.into(),
        description: token.description.clone(),
        expires_in: left(token.expires_at),
        id: token.id.uuid(),
        updated_at: token.updated_at.into(),
    }
}

fn of(
    account: &Account,
    token: &Token,
    client: Option<&Client>,
    access: Option<wire::Secret>,
    refresh: Option<wire::Secret>,
) -> wire::Authorization {
    let id = token.id.uuid();
    let client = client.map(|client| wire::AuthorizationClient {
        id: client.id.uuid(),
        name: client.name.clone(),
        redirect_uri: client.redirect_uri.clone(),
    });
    let user = wire::AuthorizationUser {
        email: account.email.clone(),
        full_name: account.name.clone(),
        id: account.id.uuid(),
    };
    wire::Authorization {
        access_token: access.map(|token_text| wire::AccessToken {
            expires_in: left(token.expires_at),
            id,
            token: token_text,
        }),
        client,
        created_at: token.created_at.into(),
        description: token.description.clone(),
        grant: None,
        id,
        refresh_token: refresh.map(|token| wire::AccessToken { expires_in: None, id, token }),
        scope: token.scope.clone(),
        session: None,
        updated_at: token.updated_at.into(),
        user,
    }
}

/// Seconds, rounded up, so that what was just made has all that was asked for.
fn left(until: Option<DateTime<Utc>>) -> Option<u64> {
    until.map(|until| {
        let milliseconds = u64::try_from((until - Utc::now()).num_milliseconds()).unwrap_or(0);
        milliseconds.div_ceil(1000)
    })
}
