use std::time::Duration;

use paas_db::{
    SecretHash, hosts,
    join_tokens::{self, JoinToken, NewJoinToken},
    new_id, new_secret,
};
use paas_model::Labels;

use crate::world::World;

const HOUR: Duration = Duration::from_secs(3_600);

fn secret() -> SecretHash {
    SecretHash::of(&new_secret(""))
}

fn token(lifetime: Duration) -> NewJoinToken {
    NewJoinToken {
        id: new_id(),
        hash: secret(),
        host_id: None,
        name: Some("rack-1".to_owned()),
        labels: Labels::from([("role".to_owned(), "build".to_owned())]),
        account_id: None,
        lifetime,
    }
}

#[tokio::test]
async fn a_token_is_good_for_one_key_however_often_that_asks() {
    let world = World::new().await;
    let token = token(HOUR);
    join_tokens::create(world.db().pool(), &token).await.unwrap();
    let (key, other) = (secret(), secret());
    let mut transaction = world.begin().await;
    assert_eq!(join_tokens::take(&mut transaction, &secret(), &key).await.unwrap(), None);
    let taken = join_tokens::take(&mut transaction, &token.hash, &key).await.unwrap().unwrap();
    let JoinToken { host_id, name, labels, is_used, .. } = taken.clone();
    assert_eq!((host_id, name, labels, is_used), (None, token.name, token.labels, false));
    let host = world.joined(1);
    hosts::join(&mut *transaction, &host).await.unwrap();
    join_tokens::spend(&mut transaction, taken.id, &key, host.id).await.unwrap();
    transaction.commit().await.unwrap();

    let mut transaction = world.begin().await;
    let again = join_tokens::take(&mut transaction, &token.hash, &key).await.unwrap().unwrap();
    assert_eq!((again.host_id, again.is_used), (Some(host.id), true));
    assert_eq!(join_tokens::take(&mut transaction, &token.hash, &other).await.unwrap(), None);
    drop(transaction);
    world.end().await;
}

#[tokio::test]
async fn a_token_whose_time_is_over_is_good_for_nothing_and_forgotten_after_a_day() {
    let world = World::new().await;
    let (late, dead) = (token(Duration::ZERO), token(Duration::ZERO));
    for token in [&late, &dead] {
        join_tokens::create(world.db().pool(), token).await.unwrap();
    }
    let mut transaction = world.begin().await;
    assert_eq!(join_tokens::take(&mut transaction, &late.hash, &secret()).await.unwrap(), None);
    drop(transaction);
    assert_eq!(join_tokens::forget(world.db().pool()).await.unwrap(), 0);
    world.end().await;
}

#[tokio::test]
async fn only_the_token_by_which_a_hosts_key_is_known_outlives_its_day() {
    let world = World::new().await;
    let pool = world.db().pool();
    let host = world.joined(1);
    hosts::join(pool, &host).await.unwrap();
    let tokens = [(); 2].map(|()| NewJoinToken { host_id: Some(host.id), ..token(HOUR) });
    let mut transaction = world.begin().await;
    for token in &tokens {
        join_tokens::create(&mut *transaction, token).await.unwrap();
    }
    join_tokens::spend(&mut transaction, tokens[0].id, &secret(), host.id).await.unwrap();
    transaction.commit().await.unwrap();
    sqlx::query("update join_tokens set expires_at = now() - interval '2 days'").execute(pool).await.unwrap();
    assert_eq!(join_tokens::forget(pool).await.unwrap(), 1);
    assert!(join_tokens::standing(pool, &tokens[0].hash).await.unwrap().is_some());
    hosts::gone(pool, host.id, None).await.unwrap();
    assert_eq!(join_tokens::forget(pool).await.unwrap(), 1);
    world.end().await;
}
