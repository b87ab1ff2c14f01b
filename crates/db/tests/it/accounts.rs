use paas_db::{DbError, SecretHash, accounts, new_id, new_secret, tokens};

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
