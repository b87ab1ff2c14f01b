use paas_db::{Cluster, Db, testing::test_vault};

#[tokio::test]
async fn a_private_server_is_started_adopted_and_stopped() {
    let directory = tempfile::tempdir().unwrap();
    let cluster = Cluster::ensure(directory.path()).unwrap();
    cluster.create_database("paas").unwrap();
    cluster.create_database("paas").unwrap();
    let db = Db::connect(&cluster.url("paas"), test_vault()).await.unwrap();
    // As a process does that finds the server of the one before it: its connections go on.
    Cluster::ensure(directory.path()).unwrap();
    db.ping().await.unwrap();
    cluster.stop().unwrap();
    cluster.stop().unwrap();
    assert!(db.ping().await.unwrap_err().is_transient());

    Cluster::ensure(directory.path()).unwrap();
    Db::connect(&cluster.url("paas"), test_vault()).await.unwrap().close().await;
    cluster.stop().unwrap();
}
