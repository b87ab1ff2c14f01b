use paas_db::accounts::Account;
use paas_platform as wire;

pub(crate) fn account(account: &Account) -> wire::Account {
    wire::Account {
        allow_tracking: account.allow_tracking,
        beta: account.beta,
        country_of_residence: None,
        created_at: account.created_at.into(),
        default_organization: None,
        default_team: None,
        delinquent_at: None,
        email: account.email.clone(),
        federated: false,
        id: account.id.uuid(),
        identity_provider: None,
        last_login: account.last_login.map(Into::into),
        name: account.name.clone(),
        sms_number: None,
        suspended_at: None,
        two_factor_authentication: account.totp_confirmed_at.is_some(),
        updated_at: account.updated_at.into(),
        // What Heroku means by it is a credit card, and nothing here needs one.
        verified: true,
    }
}
