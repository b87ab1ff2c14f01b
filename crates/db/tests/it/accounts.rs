use paas_db::{DbError, SecretHash, accounts, new_id, new_secret, tokens};
use paas_model::TokenId;

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
    let id: TokenId = new_id();
    tokens::create(pool, id, world.owner, "laptop", &SecretHash::of(&mine)).await.unwrap();
    let account = tokens::account_of(pool, &SecretHash::of(&mine)).await.unwrap().unwrap();
    assert_eq!(account.email, "owner@example.com");
    assert!(tokens::account_of(pool, &SecretHash::of(&other)).await.unwrap().is_none());
    world.end().await;
}
