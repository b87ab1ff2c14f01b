use paas_control::{OpError, ops, testing::TestControl};
use paas_model::Permission;

use crate::support::{app, log};

#[tokio::test]
async fn a_new_app_has_herokus_first_two_releases() {
    let test = TestControl::new().await;
    let app = app(&test, "example").await;
    let releases = ops::releases::list(&test.control, &app).await.unwrap();
    let shown: Vec<_> = releases.iter().map(|release| format!("{} {}", release.version, release.description)).collect();
    assert_eq!(shown, ["v1 Initial release", "v2 Enable Logplex"]);
    assert_eq!(
        log(&test, &app).await,
        [
            "app[api]: Initial release by user owner@example.com",
            "app[api]: Release v1 created by user owner@example.com",
            "app[api]: Enable Logplex by user owner@example.com",
            "app[api]: Release v2 created by user owner@example.com",
        ]
    );
}

#[tokio::test]
async fn names_that_are_taken_malformed_or_reserved_are_refused_in_herokus_words() {
    let test = TestControl::new().await;
    app(&test, "example").await;
    for (name, want) in [
        ("example", "Name example is already taken"),
        ("ab", "Name is too short (minimum is 3 characters)"),
        ("git", "Name git is reserved"),
    ] {
        let new = ops::apps::NewApp { name: Some(name.to_owned()), stack: None };
        let error = ops::apps::create(&test.control, &test.owner, new).await.unwrap_err();
        assert!(matches!(error, OpError::Invalid(_)));
        assert_eq!(error.to_string(), want);
    }
}

#[tokio::test]
async fn an_app_without_a_name_gets_one() {
    let test = TestControl::new().await;
    let app = ops::apps::create(&test.control, &test.owner, ops::apps::NewApp::default()).await.unwrap();
    assert!(app.name.as_str().matches('-').count() == 2, "{}", app.name);
}

#[tokio::test]
async fn another_tenants_app_is_forbidden_and_an_unknown_one_not_found() {
    let test = TestControl::new().await;
    let app = app(&test, "example").await;
    let (tenant, _) = test.tenant("tenant@example.com").await;
    for key in [app.name.to_string(), app.id.to_string()] {
        let error = ops::apps::find(&test.control, &tenant, &key, &[Permission::View]).await.unwrap_err();
        assert!(matches!(error, OpError::Forbidden(_)), "{error}");
        assert!(ops::apps::find(&test.control, &test.owner, &key, &[Permission::View]).await.is_ok());
    }
    let error = ops::apps::find(&test.control, &tenant, "nothing", &[Permission::View]).await.unwrap_err();
    assert_eq!(error.to_string(), "Couldn't find that app.");
    assert!(ops::apps::list(&test.control, &tenant).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_token_belongs_to_its_account_and_no_other_text_does() {
    let test = TestControl::new().await;
    let login = ops::accounts::authenticate(&test.control, &test.token).await.unwrap().unwrap();
    assert_eq!(login.account.email, "owner@example.com");
    assert!(ops::accounts::authenticate(&test.control, &"HRKU-x".into()).await.unwrap().is_none());
    assert!(ops::accounts::authenticate(&test.control, &"".into()).await.unwrap().is_none());
}
