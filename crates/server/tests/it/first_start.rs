use paas_db::{SecretHash, testing::TestDb, tokens};
use paas_server::{
    credentials::Credentials,
    first_start::{ensure_login, ensure_owner},
};

const SERVER: &str = "https://localhost:5443";

#[tokio::test]
async fn the_owner_is_made_once() {
    let test = TestDb::new().await;
    let first = ensure_owner(test.db(), "owner@localhost").await.unwrap();
    let second = ensure_owner(test.db(), "someone-else@localhost").await.unwrap();
    assert!(first.is_owner);
    assert_eq!(first.id, second.id);
    test.drop_database().await;
}

#[tokio::test]
async fn whoever_starts_the_server_is_logged_in_and_stays_so() {
    let test = TestDb::new().await;
    let directory = tempfile::tempdir().unwrap();
    let owner = ensure_owner(test.db(), "owner@localhost").await.unwrap();

    assert!(ensure_login(test.db(), &owner, directory.path(), SERVER, "PEM").await.unwrap().is_some());
    let token = Credentials::load(directory.path(), SERVER).unwrap().token().unwrap();
    let account = tokens::account_of(test.db().pool(), &SecretHash::of(&token)).await.unwrap();
    assert_eq!(account.unwrap().id, owner.id);

    assert!(ensure_login(test.db(), &owner, directory.path(), SERVER, "PEM").await.unwrap().is_none());
    test.drop_database().await;
}

#[tokio::test]
async fn a_token_that_a_new_database_does_not_know_is_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let old = TestDb::new().await;
    let owner = ensure_owner(old.db(), "owner@localhost").await.unwrap();
    ensure_login(old.db(), &owner, directory.path(), SERVER, "PEM").await.unwrap();
    old.drop_database().await;

    let new = TestDb::new().await;
    let owner = ensure_owner(new.db(), "owner@localhost").await.unwrap();
    assert!(ensure_login(new.db(), &owner, directory.path(), SERVER, "PEM").await.unwrap().is_some());
    new.drop_database().await;
}
