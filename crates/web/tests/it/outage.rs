use std::time::{Duration, Instant};

use axum::{
    body::Body,
    http::{Method, Request, StatusCode},
};
use paas_control::{Control, ops, testing::TestControl};
use paas_db::{Cluster, Db, testing::test_vault};
use paas_web::WebConfig;
use serde_json::json;
use tempfile::TempDir;

use crate::support::{Api, request};

/// A server of this test alone, so that it can be stopped.
struct OwnPostgres {
    cluster: Cluster,
    _files: TempDir,
}

impl OwnPostgres {
    fn start() -> Self {
        let files = tempfile::tempdir().unwrap();
        // The directory's owner is root, and PostgreSQL's user has to get through.
        std::fs::set_permissions(files.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let cluster = Cluster::ensure(&files.path().join("server")).unwrap();
        cluster.create_database("paas").unwrap();
        Self { cluster, _files: files }
    }
}

impl Drop for OwnPostgres {
    fn drop(&mut self) {
        let _ = self.cluster.stop();
    }
}

#[tokio::test]
async fn without_its_database_the_api_says_so_at_once_and_recovers() {
    let postgres = tokio::task::spawn_blocking(OwnPostgres::start).await.unwrap();
    let db = Db::connect(&postgres.cluster.url("paas"), test_vault()).await.unwrap();
    let test = TestControl::new().await;
    let control = Control { db, ..test.control.clone() };
    let (_, token) = ops::accounts::create(&control, "own@example.com", true).await.unwrap();
    let api =
        Api { router: paas_web::router(control, WebConfig::default()), test, answered: std::sync::Mutex::default() };
    let list = async || api.send(request(Method::GET, "/apps", Some(&token)).body(Body::empty()).unwrap()).await;
    let health = async || api.send(Request::get("/healthz").body(Body::empty()).unwrap()).await;
    assert_eq!((list().await.status, health().await.text.as_str()), (StatusCode::OK, "ok\n"));

    postgres.cluster.stop().unwrap();
    let start = Instant::now();
    let answer = list().await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{}", answer.text);
    let want =
        json!({"id": "maintenance", "message": "The database is not available at the moment; try again shortly."});
    assert_eq!(answer.json(), want);
    assert_eq!(health().await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());

    Cluster::ensure(&postgres._files.path().join("server")).unwrap();
    assert_eq!((list().await.status, health().await.status), (StatusCode::OK, StatusCode::OK));
}
