//! Single roles as processes of their own, several of each on one database.

use std::{fs, net::SocketAddr, time::Duration};

use paas_db::{Cluster, Db, testing::TestDb, testing::test_vault};
use secrecy::ExposeSecret;
use tokio::{task::spawn_blocking, time::sleep};

use crate::{
    embedded::free_port,
    process::{Environment, MASTER_KEY, Process, start},
    rows,
};

/// Where one router answers.
struct Router {
    process: Process,
    http: SocketAddr,
    https: SocketAddr,
}

async fn router(environment: &Environment<'_>) -> Router {
    let [http, https] = [(), ()].map(|()| SocketAddr::from(([127, 0, 0, 1], free_port())));
    let settings = [("PAAS_ROUTER_HTTP_LISTEN", http.to_string()), ("PAAS_ROUTER_HTTPS_LISTEN", https.to_string())];
    let settings = settings.each_ref().map(|(name, value)| (*name, value.as_str()));
    Router { process: environment.start("router", &settings).ready().await, http, https }
}

/// Gives its address for plain HTTP.
async fn web(environment: &Environment<'_>) -> (Process, SocketAddr) {
    let [http, https] = [(), ()].map(|()| SocketAddr::from(([127, 0, 0, 1], free_port())));
    let settings = [("PAAS_HTTP_LISTEN", http.to_string()), ("PAAS_HTTPS_LISTEN", https.to_string())];
    let settings = settings.each_ref().map(|(name, value)| (*name, value.as_str()));
    (environment.start("web", &settings).ready().await, http)
}

/// Status and body of the app's page, or why there is none.
async fn page(router: SocketAddr) -> Result<(u16, String), reqwest::Error> {
    let asked =
        reqwest::Client::new().get(format!("http://{router}/")).header("host", "one-app.apps.test").send().await?;
    Ok((asked.status().as_u16(), asked.text().await?))
}

async fn serves(router: SocketAddr) {
    assert_eq!(page(router).await.unwrap(), (200, "hello".to_owned()));
}

async fn eventually(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !condition().await {
            sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), wait).await.unwrap_or_else(|_| panic!("never happened: {what}"));
}

#[tokio::test]
async fn of_two_processes_of_each_role_any_may_be_killed() {
    let (database, directory) = (TestDb::new().await, tempfile::tempdir().unwrap());
    let (owner, token) = rows::owner(database.db()).await;
    rows::app_at(database.db(), owner, "one-app", rows::hello().await).await;
    let url = database.url();
    let environment = Environment { database_url: &url, data: directory.path() };
    let (one, other) = tokio::join!(router(&environment), router(&environment));
    let ((first_web, first_api), (_second_web, second_api)) = tokio::join!(web(&environment), web(&environment));
    let controllers = [(), ()].map(|()| environment.start("controller", &[]));
    let [first_controller, second_controller] = controllers;
    let (first_controller, _second_controller) = tokio::join!(first_controller.ready(), second_controller.ready());
    let api = |address: SocketAddr| {
        reqwest::Client::new()
            .patch(format!("http://{address}/apps/one-app/formation/web"))
            .bearer_auth(token.expose_secret())
            .header("accept", "application/vnd.heroku+json; version=3")
    };

    for address in [one.http, other.http] {
        serves(address).await;
    }
    one.process.kill().await;
    serves(other.http).await;
    first_web.kill().await;
    assert!(api(first_api).body(r#"{"quantity":1}"#).send().await.is_err());
    assert_eq!(api(second_api).body(r#"{"quantity":1}"#).send().await.unwrap().status(), 200);
    first_controller.kill().await;
    serves(other.http).await;
    // The controller that is left still acts on what users say.
    assert_eq!(api(second_api).body(r#"{"quantity":0}"#).send().await.unwrap().status(), 200);
    eventually("the app is scaled to nothing", async || page(other.http).await.unwrap().0 == 503).await;
    drop((other, _second_web, _second_controller));
    database.drop_database().await;
}

#[tokio::test]
async fn routers_serve_without_postgres_and_start_without_it() {
    let directory = tempfile::tempdir().unwrap();
    let postgres = tempfile::tempdir_in("/tmp").unwrap();
    fs::set_permissions(postgres.path(), std::os::unix::fs::PermissionsExt::from_mode(0o711)).unwrap();
    let path = postgres.path().join("server");
    let begin = {
        let path = path.clone();
        move || {
            let cluster = Cluster::ensure(&path).unwrap();
            cluster.create_database("paas").unwrap();
            cluster
        }
    };
    let cluster = spawn_blocking(begin.clone()).await.unwrap();
    let url = cluster.url("paas");
    let db = Db::connect(&url, test_vault()).await.unwrap();
    let (owner, _) = rows::owner(&db).await;
    let app = rows::app_at(&db, owner, "one-app", rows::hello().await).await;
    let environment = Environment { database_url: &url, data: directory.path() };
    let one = router(&environment).await;
    serves(one.http).await;
    eventually("the table is on disk", async || directory.path().join("router/routes.json").exists()).await;

    let stopped = cluster.clone();
    spawn_blocking(move || stopped.stop().unwrap()).await.unwrap();
    serves(one.http).await;
    let other = router(&environment).await;
    serves(other.http).await;
    // Over TLS too, with the certificate that was kept.
    let authority = fs::read(directory.path().join("tls/ca.pem")).unwrap();
    let client = reqwest::Client::builder()
        .tls_certs_only([reqwest::Certificate::from_pem(&authority).unwrap()])
        .resolve("one-app.apps.test", other.https)
        .build()
        .unwrap();
    let secure = client.get(format!("https://one-app.apps.test:{}/", other.https.port())).send().await.unwrap();
    assert_eq!(secure.text().await.unwrap(), "hello");
    // Those that cannot do anything without it wait.
    let controller = environment.start("controller", &[]);
    controller.says("PostgreSQL does not answer; waiting for it").await;
    serves(one.http).await;

    spawn_blocking(begin).await.unwrap();
    let controller = controller.ready().await;
    rows::set_maintenance(&db, app).await;
    for router in [one.http, other.http] {
        eventually("the routes are followed again", async || page(router).await.unwrap().0 == 503).await;
    }
    one.process.stop().await;
    other.process.stop().await;
    controller.stop().await;
    db.close().await;
    spawn_blocking(move || cluster.stop().unwrap()).await.unwrap();
}

#[tokio::test]
async fn what_a_single_role_lacks_is_an_error_that_says_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    let key = ("PAAS_MASTER_KEY", MASTER_KEY);
    let database = ("DATABASE_URL", "postgres://paas@127.0.0.1:9/paas");
    let ports = [free_port(), free_port(), free_port(), free_port()].map(|port| format!("127.0.0.1:{port}"));
    let listen = [
        ("PAAS_HTTPS_LISTEN", ports[0].as_str()),
        ("PAAS_HTTP_LISTEN", &ports[1]),
        ("PAAS_ROUTER_HTTP_LISTEN", &ports[2]),
        ("PAAS_ROUTER_HTTPS_LISTEN", &ports[3]),
    ];
    for (role, settings, lacks) in [
        ("web", vec![], "PAAS_MASTER_KEY is not set"),
        ("router", vec![database], "PAAS_MASTER_KEY is not set"),
        ("router", vec![key], "DATABASE_URL is not set"),
        ("controller", vec![key, database], "REGISTRY_URL is not set"),
        ("controller", vec![key, ("DATABASE_URL", "hello"), ("REGISTRY_URL", "http://127.0.0.1:9")], "DATABASE_URL: "),
    ] {
        let settings: Vec<_> = settings.into_iter().chain(listen).collect();
        let said = start(role, directory.path(), &settings).fails().await;
        assert!(said.contains(lacks), "{role}: {said}");
    }
}

#[tokio::test]
async fn another_master_key_is_refused_before_anything_is_served() {
    let (database, directory) = (TestDb::new().await, tempfile::tempdir().unwrap());
    let url = database.url();
    let environment = Environment { database_url: &url, data: directory.path() };
    environment.start("controller", &[]).ready().await.stop().await;
    let other = environment.start("controller", &[("PAAS_MASTER_KEY", &"8".repeat(64))]);
    assert!(other.fails().await.contains("does not open with this master key"));
    database.drop_database().await;
}
