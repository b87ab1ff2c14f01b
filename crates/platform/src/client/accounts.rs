use reqwest::Method;

use super::{Client, ClientError};
use crate::{
    Account, AccountSummary, AccountUpdate, Authorization, AuthorizationCreate, AuthorizationUpdate, BrowserLogin,
    BrowserLoginCreate, BrowserLoginResult, Invitation, InvitationCreate, Key, KeyCreate, OAuthClient,
    OAuthClientUpdate, RecoveryCodes, ResetLink, ResetLinkCreate, Secret, Session, TwoFactor, TwoFactorEnrollment,
    TwoFactorProof,
};

/// Accounts, and what they log in with.
///
/// # Errors
/// Each call: any [`ClientError`].
impl Client {
    pub async fn account(&self) -> Result<Account, ClientError> {
        self.get(&["account"]).await
    }

    pub async fn update_account(&self, body: &AccountUpdate) -> Result<Account, ClientError> {
        self.call(Method::PATCH, &["account"], body).await
    }

    /// A token for an e-mail address and a password. The error's id is `two_factor` when a code is missing.
    pub async fn log_in(
        &self,
        email: &str,
        password: &Secret,
        code: Option<&Secret>,
        body: &AuthorizationCreate,
    ) -> Result<Authorization, ClientError> {
        let mut request = self.request(Method::POST, &["oauth", "authorizations"]);
        request = request.basic_auth(email, Some(password.expose())).json(body);
        if let Some(code) = code {
            request = request.header("Heroku-Two-Factor-Code", code.expose());
        }
        self.read(request).await
    }

    pub async fn begin_browser_login(&self, description: &str) -> Result<BrowserLogin, ClientError> {
        let body = BrowserLoginCreate { description: Some(description.to_owned()) };
        self.call(Method::POST, &["auth"], &body).await
    }

    /// Waits until somebody has answered in the browser.
    pub async fn wait_for_browser(&self, login: &BrowserLogin) -> Result<BrowserLoginResult, ClientError> {
        let url = self.server.join(login.cli_url.expose()).map_err(ClientError::Url)?;
        let response = self.send(self.http.get(url).bearer_auth(login.token.expose())).await?;
        self.decode(response).await
    }

    /// Ends the login that this client's token is of. Status 404 when the token was made in another way.
    pub async fn end_session(&self) -> Result<Session, ClientError> {
        self.read(self.request(Method::DELETE, &["oauth", "sessions", "~"])).await
    }

    pub async fn authorizations(&self) -> Result<Vec<Authorization>, ClientError> {
        self.list(&["oauth", "authorizations"]).await
    }

    pub async fn authorization(&self, id: &str) -> Result<Authorization, ClientError> {
        self.get(&["oauth", "authorizations", id]).await
    }

    pub async fn create_authorization(&self, body: &AuthorizationCreate) -> Result<Authorization, ClientError> {
        self.call(Method::POST, &["oauth", "authorizations"], body).await
    }

    pub async fn update_authorization(
        &self,
        id: &str,
        body: &AuthorizationUpdate,
    ) -> Result<Authorization, ClientError> {
        self.call(Method::PATCH, &["oauth", "authorizations", id], body).await
    }

    pub async fn revoke_authorization(&self, id: &str) -> Result<Authorization, ClientError> {
        self.read(self.request(Method::DELETE, &["oauth", "authorizations", id])).await
    }

    pub async fn rotate_authorization(&self, id: &str) -> Result<Authorization, ClientError> {
        let path = ["oauth", "authorizations", id, "actions", "regenerate-tokens"];
        self.read(self.request(Method::POST, &path)).await
    }

    pub async fn oauth_clients(&self) -> Result<Vec<OAuthClient>, ClientError> {
        self.list(&["oauth", "clients"]).await
    }

    pub async fn oauth_client(&self, id: &str) -> Result<OAuthClient, ClientError> {
        self.get(&["oauth", "clients", id]).await
    }

    pub async fn create_oauth_client(&self, body: &OAuthClientUpdate) -> Result<OAuthClient, ClientError> {
        self.call(Method::POST, &["oauth", "clients"], body).await
    }

    pub async fn update_oauth_client(&self, id: &str, body: &OAuthClientUpdate) -> Result<OAuthClient, ClientError> {
        self.call(Method::PATCH, &["oauth", "clients", id], body).await
    }

    pub async fn destroy_oauth_client(&self, id: &str) -> Result<OAuthClient, ClientError> {
        self.read(self.request(Method::DELETE, &["oauth", "clients", id])).await
    }

    pub async fn rotate_oauth_client(&self, id: &str) -> Result<OAuthClient, ClientError> {
        self.read(self.request(Method::POST, &["oauth", "clients", id, "actions", "rotate-credentials"])).await
    }

    pub async fn keys(&self) -> Result<Vec<Key>, ClientError> {
        self.list(&["account", "keys"]).await
    }

    pub async fn add_key(&self, public_key: &str) -> Result<Key, ClientError> {
        self.call(Method::POST, &["account", "keys"], &KeyCreate { public_key: public_key.to_owned() }).await
    }

    /// `key`: an id or a fingerprint.
    pub async fn remove_key(&self, key: &str) -> Result<Key, ClientError> {
        self.read(self.request(Method::DELETE, &["account", "keys", key])).await
    }

    pub async fn two_factor(&self) -> Result<TwoFactor, ClientError> {
        self.get(&["account", "two-factor"]).await
    }

    pub async fn enroll_two_factor(&self, proof: &TwoFactorProof) -> Result<TwoFactorEnrollment, ClientError> {
        self.call(Method::POST, &["account", "two-factor"], proof).await
    }

    pub async fn confirm_two_factor(&self, proof: &TwoFactorProof) -> Result<RecoveryCodes, ClientError> {
        self.call(Method::POST, &["account", "two-factor", "actions", "confirm"], proof).await
    }

    pub async fn disable_two_factor(&self, proof: &TwoFactorProof) -> Result<TwoFactor, ClientError> {
        self.call(Method::POST, &["account", "two-factor", "actions", "disable"], proof).await
    }

    pub async fn accounts(&self) -> Result<Vec<AccountSummary>, ClientError> {
        self.list(&["accounts"]).await
    }

    pub async fn invitations(&self) -> Result<Vec<Invitation>, ClientError> {
        self.list(&["invitations"]).await
    }

    pub async fn invite(&self, email: &str) -> Result<Invitation, ClientError> {
        self.call(Method::POST, &["invitations"], &InvitationCreate { email: email.to_owned() }).await
    }

    /// `account`: an id or an e-mail address.
    pub async fn remove_account(&self, account: &str) -> Result<AccountSummary, ClientError> {
        self.read(self.request(Method::DELETE, &["accounts", account])).await
    }

    pub async fn reset_link(&self, account: &str, body: &ResetLinkCreate) -> Result<ResetLink, ClientError> {
        self.call(Method::POST, &["accounts", account, "password-resets"], body).await
    }
}
