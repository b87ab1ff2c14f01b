use paas_control::{ops, testing::TestControl};
use paas_server::{credentials::Credentials, first_start::ensure_login};

#[tokio::test]
async fn whoever_starts_the_server_is_logged_in_as_the_owner_and_stays_so() {
    let test = TestControl::new().await;
    let directory = tempfile::tempdir().unwrap();
    let log_in = async || ensure_login(&test.control, "new@localhost", Some(directory.path()), "PEM").await.unwrap();

    assert_eq!(log_in().await.unwrap(), directory.path().join("credentials.toml"));
    let credentials = Credentials::load(directory.path(), &test.control.settings.public_url).unwrap();
    let account = ops::accounts::authenticate(&test.control, &credentials.token().unwrap()).await.unwrap();
    assert_eq!(account.unwrap().account.id, test.owner.id);

    assert!(log_in().await.is_none());
}

#[tokio::test]
async fn a_token_that_a_new_database_does_not_know_is_replaced() {
    let directory = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let test = TestControl::new().await;
        let written = ensure_login(&test.control, "owner@localhost", Some(directory.path()), "PEM").await.unwrap();
        assert!(written.is_some());
    }
}

#[tokio::test]
async fn a_new_authority_reaches_the_credentials_file() {
    let test = TestControl::new().await;
    let directory = tempfile::tempdir().unwrap();
    for authority in ["ONE", "TWO"] {
        ensure_login(&test.control, "owner@localhost", Some(directory.path()), authority).await.unwrap();
        let credentials = Credentials::load(directory.path(), &test.control.settings.public_url).unwrap();
        assert!(credentials.trusts(authority));
    }
}
