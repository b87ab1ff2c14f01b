use sqlx::migrate::MigrateError;

/// What a statement can answer besides rows. A broken constraint that a user's input can break has a variant of its own.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    #[error("the app's name is taken")]
    AppNameTaken,
    #[error("the account's e-mail address is taken")]
    EmailTaken,
    #[error("the key is on an account already")]
    KeyTaken,
    #[error("another host has this name")]
    HostNameTaken,
    #[error("another host has this address")]
    HostAddressTaken,
    #[error("the pool's name is taken")]
    PoolNameTaken,
    /// Its numbers are out of range, or do not fit each other.
    #[error("the pool's settings do not fit each other")]
    PoolInvalid,
    #[error("the app is offered to somebody already")]
    TransferPending,
    #[error("another domain has this host name")]
    HostnameTaken,
    #[error("another domain has this DNS target")]
    CnameTaken,
    #[error("another endpoint has this name")]
    SniEndpointNameTaken,
    #[error("the app has a drain to this URL")]
    DrainUrlTaken,
    /// Deleted since it was looked at.
    #[error("the account is gone")]
    AccountGone,
    /// Deleted since it was looked at.
    #[error("the app is gone")]
    AppGone,
    /// Deleted since it was looked at.
    #[error("the certificate is gone")]
    SniEndpointGone,
    /// The lease ran out and another worker has the row: stop.
    #[error("the lease on this row is lost")]
    LeaseLost,
    /// No connection, or it broke: whether a write happened is unknown.
    #[error("the database is not available")]
    Unavailable(#[source] sqlx::Error),
    #[error("the database could not be migrated")]
    Migration(#[source] MigrateError),
    /// The master key does not fit what is stored.
    #[error("a stored secret cannot be read")]
    Secret(#[from] crate::VaultError),
    #[error("a statement failed")]
    Statement(#[source] sqlx::Error),
}

impl DbError {
    /// Whether the same call may succeed later, without any change.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

impl From<sqlx::Error> for DbError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(refused) => match refused.constraint() {
                Some("apps_name_taken") => Self::AppNameTaken,
                Some("accounts_email_taken" | "accounts_email_folded") => Self::EmailTaken,
                Some("keys_fingerprint_taken") => Self::KeyTaken,
                Some("hosts_name_taken") => Self::HostNameTaken,
                Some("hosts_endpoint_taken" | "hosts_machine_taken") => Self::HostAddressTaken,
                Some("app_transfers_one_pending") => Self::TransferPending,
                Some("pools_name_taken") => Self::PoolNameTaken,
                Some("domains_hostname_taken") => Self::HostnameTaken,
                Some("domains_cname_taken") => Self::CnameTaken,
                Some("sni_endpoints_name_taken") => Self::SniEndpointNameTaken,
                Some("log_drains_url_taken") => Self::DrainUrlTaken,
                Some("app_features_app_id_fkey") => Self::AppGone,
                Some("domains_sni_endpoint_id_fkey") => Self::SniEndpointGone,
                Some("pools_size" | "pools_disk" | "pools_some_type" | "pools_some_zone") => Self::PoolInvalid,
                // Class 57 is "operator intervention": the server is shutting down or starting up.
                _ if refused.code().is_some_and(|code| code.starts_with("57")) => Self::Unavailable(error),
                _ => Self::Statement(error),
            },
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Unavailable(error),
            _ => Self::Statement(error),
        }
    }
}

impl From<MigrateError> for DbError {
    fn from(error: MigrateError) -> Self {
        match error {
            // Between the migrations: the database may only be away.
            MigrateError::Execute(source) => match Self::from(source) {
                Self::Statement(source) => Self::Migration(MigrateError::Execute(source)),
                other => other,
            },
            other => Self::Migration(other),
        }
    }
}
