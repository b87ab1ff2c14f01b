use paas_db::{DbError, SecretHash, accounts, new_id, new_secret, password_resets, tokens};

use crate::world::World;

#[tokio::test]
async fn an_address_belongs_to_one_account() {
    let world = World::new().await;
    let pool = world.db().pool();
    let taken = accounts::create(pool, new_id(), "owner@example.com", false).await;
    assert!(matches!(taken, Err(DbError::EmailTaken)), "{taken:?}");
    accounts::create(pool, new_id(), "other@example.com", false).await.unwrap();
    assert_eq!(accounts::owner(pool).await.unwrap().unwrap().id, world.owner);
    world.end().await;
}

#[tokio::test]
async fn a_token_is_known_by_its_hash_alone() {
    let world = World::new().await;
    let pool = world.db().pool();
    let (mine, other) = (new_secret("token-"), new_secret("token-"));
    let id = new_id();
    let new = tokens::NewToken {
        id,
        description: "laptop",
        hash: SecretHash::of(&mine),
        hint: "token-",
        scope: &["global".to_owned()],
        expires_at: None,
        client_id: None,
        refresh: None,
        is_session: false,
    };
    tokens::create(pool, world.owner, &new).await.unwrap();
    let token = tokens::by_hash(pool, &SecretHash::of(&mine)).await.unwrap().unwrap();
    assert_eq!((token.id, token.account_id), (id, world.owner));
    assert!(tokens::by_hash(pool, &SecretHash::of(&other)).await.unwrap().is_none());
    world.end().await;
}

#[tokio::test]
async fn only_the_second_factor_whose_code_was_shown_is_confirmed_and_once() {
    let world = World::new().await;
    let (pool, id) = (world.db().pool(), world.owner);
    assert!(
        accounts::set_totp(pool, id, b"first").await.unwrap() && accounts::set_totp(pool, id, b"second").await.unwrap()
    );
    assert!(!accounts::confirm_totp(pool, id, b"first").await.unwrap(), "it is another by now");
    assert!(accounts::confirm_totp(pool, id, b"second").await.unwrap());
    assert!(!accounts::confirm_totp(pool, id, b"second").await.unwrap());
    world.end().await;
}

#[tokio::test]
async fn a_new_password_ends_links_to_set_another() {
    let world = World::new().await;
    let pool = world.db().pool();
    let secret = SecretHash::of(&new_secret("reset-"));
    let mut db = pool.acquire().await.unwrap();
    let until = chrono::Utc::now() + chrono::TimeDelta::hours(1);
    password_resets::create(&mut db, new_id(), world.owner, &secret, false, until).await.unwrap();
    assert!(password_resets::by_secret(pool, &secret).await.unwrap().is_some());
    tokens::end_logins(&mut db, world.owner, None).await.unwrap();
    assert!(password_resets::by_secret(pool, &secret).await.unwrap().is_none());
    drop(db);
    world.end().await;
}

#[tokio::test]
async fn an_account_that_is_gone_is_given_nothing() {
    let world = World::new().await;
    let pool = world.db().pool();
    let mut db = pool.acquire().await.unwrap();
    accounts::hold(&mut db, world.owner).await.unwrap();
    let held = accounts::hold(&mut db, new_id()).await;
    assert!(matches!(held, Err(DbError::AccountGone)), "{held:?}");
    drop(db);
    world.end().await;
}
