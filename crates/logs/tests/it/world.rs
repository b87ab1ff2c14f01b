use std::{future::Future, time::Duration};

use chrono::Utc;
use futures::{Stream, StreamExt};
use paas_db::{Changes, Db, accounts, apps, configs, new_id, testing::TestDb};
use paas_logs::{Logs, LogsError, StoredLine};
use paas_model::{AppId, AppName, ConfigId, ConfigVars, LogLine, LogSource};
use tokio_util::sync::CancellationToken;

/// A database and one process's way to its logs.
pub(crate) struct World {
    pub(crate) database: TestDb,
    pub(crate) logs: Logs,
    pub(crate) stop: CancellationToken,
    changes: Changes,
}

impl World {
    pub(crate) async fn new() -> Self {
        let database = TestDb::new().await;
        let stop = CancellationToken::new();
        let changes = Changes::listen(database.db(), stop.clone()).await.unwrap();
        let logs = Logs::start(database.db().clone(), changes.clone(), stop.clone());
        Self { database, logs, stop, changes }
    }

    pub(crate) fn changes(&self) -> &Changes {
        &self.changes
    }

    pub(crate) async fn app(&self, name: &str) -> AppId {
        create_app(self.database.db(), name).await
    }

    pub(crate) async fn end(self) {
        self.stop.cancel();
        self.logs.flush().await;
        self.database.drop_database().await;
    }
}

/// The logs as another process has them.
pub(crate) async fn process(database: &TestDb, stop: &CancellationToken) -> Logs {
    let changes = Changes::listen(database.db(), stop.clone()).await.unwrap();
    Logs::start(database.db().clone(), changes, stop.clone())
}

pub(crate) fn line(process: &str, message: impl Into<String>) -> LogLine {
    LogLine { at: Utc::now(), source: LogSource::App, process: process.into(), message: message.into() }
}

pub(crate) fn messages(lines: &[StoredLine]) -> Vec<&str> {
    lines.iter().map(|stored| stored.line.message.as_str()).collect()
}

/// The next message of a tail.
pub(crate) async fn next(tail: &mut (impl Stream<Item = Result<StoredLine, LogsError>> + Unpin)) -> String {
    soon(tail.next()).await.expect("a tail does not end").unwrap().line.message
}

/// What should take moments, with an end to waiting for it.
pub(crate) async fn soon<T>(wanted: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), wanted).await.expect("this takes moments")
}

pub(crate) async fn create_app(db: &Db, name: &str) -> AppId {
    let owner = match accounts::owner(db.pool()).await.unwrap() {
        Some(owner) => owner.id,
        None => accounts::create(db.pool(), new_id(), "owner@example.com", true).await.unwrap().id,
    };
    let (app, config): (AppId, ConfigId) = (new_id(), new_id());
    let mut transaction = db.begin().await.unwrap();
    apps::create(&mut transaction, app, &AppName::parse(name).unwrap(), owner, "heroku-24", config).await.unwrap();
    configs::create(&mut *transaction, db.vault(), config, app, &ConfigVars::default()).await.unwrap();
    transaction.commit().await.unwrap();
    app
}
