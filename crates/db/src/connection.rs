use std::{str::FromStr, sync::Arc, time::Duration};

use sqlx::{
    PgPool, Postgres,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::{DbError, Vault};

/// What every statement runs on; a pool's connection and a transaction both give one.
pub type Connection = sqlx::PgConnection;
/// Rolls back unless committed.
pub type Transaction = sqlx::Transaction<'static, Postgres>;

/// The pool of connections, and the key that secrets are stored under. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Db {
    pool: PgPool,
    vault: Arc<Vault>,
}

impl Db {
    /// Connects and applies the migrations that are missing.
    ///
    /// `url`: `postgres://user:password@host/database`, or with `?host=/socket/directory`.
    ///
    /// # Errors
    /// [`DbError::Unavailable`] when the server does not answer; [`DbError::Migration`] when a migration fails, or one
    /// that was applied is not in this binary (the binary is older than the database).
    pub async fn connect(url: &str, vault: Vault) -> Result<Self, DbError> {
        let db = Self::lazy(url, vault)?;
        db.migrate().await?;
        Ok(db)
    }

    /// Makes no connection yet: for a process that goes on without a database for a while. [`Db::migrate`] is due.
    ///
    /// # Errors
    /// [`DbError::Statement`] when this is no such URL.
    pub fn lazy(url: &str, vault: Vault) -> Result<Self, DbError> {
        let options = PgConnectOptions::from_str(url)?.application_name("paasd");
        let pool =
            PgPoolOptions::new().max_connections(20).acquire_timeout(Duration::from_secs(5)).connect_lazy_with(options);
        Ok(Self { pool, vault: Arc::new(vault) })
    }

    /// Applies the migrations that are missing. Several processes may do so at once: they wait for each other.
    ///
    /// # Errors
    /// As [`Db::connect`].
    pub async fn migrate(&self) -> Result<(), DbError> {
        Ok(sqlx::migrate!("../../migrations").run(&self.pool).await?)
    }

    /// For single statements.
    #[must_use]
    pub const fn pool(&self) -> &PgPool {
        &self.pool
    }

    #[must_use]
    pub fn vault(&self) -> &Vault {
        &self.vault
    }

    /// # Errors
    /// [`DbError::Unavailable`] when no connection can be had in 5 seconds.
    pub async fn begin(&self) -> Result<Transaction, DbError> {
        Ok(self.pool.begin().await?)
    }

    /// Whether the server answers.
    ///
    /// # Errors
    /// [`DbError::Unavailable`].
    pub async fn ping(&self) -> Result<(), DbError> {
        sqlx::query("select 1").execute(&self.pool).await?;
        Ok(())
    }

    pub async fn close(&self) {
        self.pool.close().await;
    }
}
