//! A real database for every test: a private server shared by all tests of the machine's user, a fresh database each.

use std::{
    env, fs,
    path::PathBuf,
    process,
    time::{SystemTime, UNIX_EPOCH},
};

use secrecy::SecretString;
use sqlx::{Connection as _, PgConnection};

use crate::{Cluster, Db, Vault};

/// A database of this test alone, dropped at the end. The server under it keeps running for the next test;
/// `PAAS_TEST_POSTGRES` names its directory.
#[derive(Debug)]
pub struct TestDb {
    db: Db,
    cluster: Cluster,
    name: String,
}

impl TestDb {
    /// # Panics
    /// When PostgreSQL is not installed or does not start: these tests never skip.
    #[expect(clippy::expect_used, reason = "a test that cannot have its database must fail, saying why")]
    pub async fn new() -> Self {
        let cluster = tokio::task::spawn_blocking(shared_cluster).await.expect("the cluster's thread does not panic");
        let nanos = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970").subsec_nanos();
        let name = format!("test_{}_{nanos}_{:08x}", process::id(), rand::random::<u32>());
        let made = cluster.clone();
        let database = name.clone();
        tokio::task::spawn_blocking(move || made.create_database(&database).expect("a test database can be made"))
            .await
            .expect("createdb does not panic");
        let db = Db::connect(&cluster.url(&name), test_vault()).await.expect("the test database migrates");
        Self { db, cluster, name }
    }

    #[must_use]
    pub const fn db(&self) -> &Db {
        &self.db
    }

    #[must_use]
    pub fn url(&self) -> String {
        self.cluster.url(&self.name)
    }

    /// Breaks or bends something that no call of ours would.
    ///
    /// # Panics
    /// When the database refuses.
    #[expect(clippy::expect_used, reason = "a test helper")]
    pub async fn execute(&self, statement: &'static str) {
        sqlx::query(statement).execute(self.db.pool()).await.expect("the statement is good");
    }

    /// Drops the database. What is not dropped by hand goes with the test server.
    #[expect(clippy::expect_used, reason = "a test helper")]
    pub async fn drop_database(self) {
        self.db.close().await;
        let mut connection = PgConnection::connect(&self.cluster.url("postgres")).await.expect("the server answers");
        let statement = sqlx::AssertSqlSafe(format!("drop database if exists {} with (force)", self.name));
        sqlx::query(statement).execute(&mut connection).await.expect("the test database can be dropped");
    }
}

/// A key that is only for tests.
#[must_use]
#[expect(clippy::expect_used, reason = "64 hexadecimal digits are a key")]
pub fn test_vault() -> Vault {
    Vault::new(&SecretString::from("7".repeat(64))).expect("64 hexadecimal digits are a key")
}

#[expect(clippy::expect_used, reason = "a test that cannot have its database must fail, saying why")]
fn shared_cluster() -> Cluster {
    let directory = env::var_os("PAAS_TEST_POSTGRES").map_or_else(
        || env::temp_dir().join(format!("paas-test-postgres-{}", rustix::process::geteuid().as_raw())),
        PathBuf::from,
    );
    fs::create_dir_all(&directory).expect("the test server's directory can be made");
    // Tests run as processes side by side: one of them starts the server, the others wait here.
    let lock = fs::File::create(directory.join("lock")).expect("the lock file can be made");
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).expect("the lock can be taken");
    Cluster::ensure(&directory.join("server")).expect("PostgreSQL can be started")
}
