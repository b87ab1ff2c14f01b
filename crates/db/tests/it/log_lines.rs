use chrono::Utc;
use paas_db::log_lines::{self, Filter, StoredLine};
use paas_model::{AppId, LogLine, LogSource};

use crate::world::World;

fn line(app: AppId, process: &str, message: &str) -> (AppId, LogLine) {
    (app, LogLine { at: Utc::now(), source: LogSource::App, process: process.into(), message: message.into() })
}

fn messages(lines: &[StoredLine]) -> Vec<&str> {
    lines.iter().map(|stored| stored.line.message.as_str()).collect()
}

#[tokio::test]
async fn a_batch_of_many_apps_keeps_each_apps_order() {
    let world = World::new().await;
    let (one, other) = (world.app("one-app").await.id, world.app("other-app").await.id);
    let batch =
        [line(one, "web.1", "a"), line(other, "web.1", "x"), line(one, "web.2", "b\0"), line(one, "web.1", "c")];
    log_lines::append(world.db(), &batch).await.unwrap();
    let pool = world.db().pool();
    let lines = log_lines::newest(pool, one, &Filter::default(), 10).await.unwrap();
    assert_eq!(messages(&lines), ["a", "b\u{fffd}", "c"]);
    let web_1 = Filter { process: Some("web.1".into()), ..Filter::default() };
    assert_eq!(messages(&log_lines::after(pool, one, &web_1, lines[0].seq, 10).await.unwrap()), ["c"]);
    assert_eq!(log_lines::end(pool, one).await.unwrap(), lines[2].seq);
    world.end().await;
}

#[tokio::test]
async fn no_more_is_read_than_was_asked_for_and_never_nothing() {
    let world = World::new().await;
    let app = world.app("one-app").await.id;
    let long = "ü".repeat(5_000);
    log_lines::append(world.db(), &["a", &long, "b", &long, "c"].map(|text| line(app, "web.1", text))).await.unwrap();
    let pool = world.db().pool();
    let all = log_lines::newest(pool, app, &Filter::default(), 10).await.unwrap();
    for (after, limit, bytes, want) in [
        (0, 10, 100_000, 0..5),
        (0, 10, 10_002, 0..3),
        (0, 10, 10_001, 0..2),
        (0, 2, 100_000, 0..2),
        (all[0].seq, 10, 10, 1..2),
        (all[4].seq, 10, 10, 5..5),
    ] {
        let read = log_lines::after_within(pool, app, after, limit, bytes).await.unwrap();
        assert_eq!(read, all[want], "{after} {limit} {bytes}");
    }
    world.end().await;
}

#[tokio::test]
async fn lines_of_an_app_that_is_gone_are_left_out() {
    let world = World::new().await;
    let (gone, app) = (world.app("gone-app").await, world.app("one-app").await);
    world.delete(&gone).await;
    log_lines::append(world.db(), &[line(gone.id, "web.1", "x"), line(app.id, "web.1", "y")]).await.unwrap();
    let lines = log_lines::newest(world.db().pool(), app.id, &Filter::default(), 10).await.unwrap();
    assert_eq!(messages(&lines), ["y"]);
    world.end().await;
}

#[tokio::test]
async fn a_trim_keeps_the_newest_of_the_apps_it_is_for() {
    let world = World::new().await;
    let (one, other) = (world.app("one-app").await.id, world.app("other-app").await.id);
    let batch: Vec<_> = (0..10).flat_map(|n| [line(one, "web.1", &n.to_string()), line(other, "web.1", "x")]).collect();
    log_lines::append(world.db(), &batch).await.unwrap();
    let pool = world.db().pool();
    assert_eq!(log_lines::trim(pool, &[one], 3).await.unwrap(), 7);
    assert_eq!(log_lines::trim(pool, &[one], 3).await.unwrap(), 0);
    assert_eq!(messages(&log_lines::newest(pool, one, &Filter::default(), 10).await.unwrap()), ["7", "8", "9"]);
    assert_eq!(log_lines::newest(pool, other, &Filter::default(), 100).await.unwrap().len(), 10);
    world.end().await;
}
