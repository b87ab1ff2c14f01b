use std::pin::pin;

use paas_db::{Changes, Cluster, Db, apps, testing::test_vault};
use paas_logs::{Filter, HISTORY, Logs, LogsError};
use paas_model::{AppId, LogSource};
use tokio_util::sync::CancellationToken;

use crate::world::{World, create_app, line, messages, next, process, soon};

#[tokio::test]
async fn what_was_written_is_read_in_order() {
    let world = World::new().await;
    let app = world.app("one-app").await;
    world.logs.app_event(app, "api", "Release v3 created by user x@example.com");
    world.logs.heroku_event(app, "web.1", "State changed from starting to up");
    world.logs.write(app, line("web.1", "listening"));
    world.logs.flush().await;

    let lines = world.logs.read(app, &Filter::default(), 100).await.unwrap();
    let shown: Vec<_> =
        lines.iter().map(|stored| stored.line.to_string().split_once(' ').unwrap().1.to_owned()).collect();
    assert_eq!(
        shown,
        [
            "app[api]: Release v3 created by user x@example.com",
            "heroku[web.1]: State changed from starting to up",
            "app[web.1]: listening"
        ]
    );
    assert_eq!(messages(&world.logs.read(app, &Filter::default(), 1).await.unwrap()), ["listening"]);
    world.end().await;
}

#[tokio::test]
async fn filters_choose_the_source_and_the_process() {
    let world = World::new().await;
    let app = world.app("one-app").await;
    world.logs.heroku_event(app, "web.1", "heroku web.1");
    for process in ["web.1", "web.10", "worker.1", "webx.1"] {
        world.logs.write(app, line(process, process));
    }
    world.logs.flush().await;

    let read = async |source, process: Option<&str>| {
        let filter = Filter { source, process: process.map(str::to_owned) };
        let lines = world.logs.read(app, &filter, 100).await.unwrap();
        messages(&lines).join(",")
    };
    assert_eq!(read(Some(LogSource::Heroku), None).await, "heroku web.1");
    assert_eq!(read(None, Some("web.1")).await, "heroku web.1,web.1");
    assert_eq!(read(Some(LogSource::App), Some("web")).await, "web.1,web.10");
    assert_eq!(read(None, Some("we%")).await, "");
    world.end().await;
}

#[tokio::test]
async fn a_flood_keeps_the_newest_lines_and_says_what_was_dropped() {
    let world = World::new().await;
    let (noisy, quiet) = (world.app("noisy").await, world.app("quiet").await);
    world.logs.write(quiet, line("web.1", "still here"));
    for number in 0..10_000 {
        world.logs.write(noisy, line("web.1", number.to_string()));
    }
    world.logs.flush().await;

    let lines = world.logs.read(noisy, &Filter::default(), usize::MAX).await.unwrap();
    assert_eq!((lines.len(), lines[HISTORY - 1].line.message.as_str()), (HISTORY, "9999"));
    let filter = Filter { process: Some("logplex".into()), ..Filter::default() };
    world.logs.write(noisy, line("web.1", "after the flood"));
    world.logs.flush().await;
    let notices = world.logs.read(noisy, &filter, 10).await.unwrap();
    for notice in messages(&notices) {
        assert!(notice.starts_with("Error L12: ") && notice.contains(" messages dropped since "), "{notice}");
    }
    assert_eq!(messages(&world.logs.read(quiet, &Filter::default(), 10).await.unwrap()), ["still here"]);
    world.end().await;
}

#[tokio::test]
async fn the_store_of_an_app_is_bounded() {
    let world = World::new().await;
    let app = world.app("one-app").await;
    for round in 0..4 {
        for number in 0..1_000 {
            world.logs.write(app, line("web.1", format!("{round} {number}")));
        }
        world.logs.flush().await;
    }
    let everything = paas_db::log_lines::newest(world.database.db().pool(), app, &Filter::default(), 1_000_000).await;
    let stored = everything.unwrap();
    assert!((HISTORY..=HISTORY + HISTORY / 10).contains(&stored.len()), "{}", stored.len());
    assert_eq!(stored.last().unwrap().line.message, "3 999");
    world.end().await;
}

#[tokio::test]
async fn a_tail_begins_with_the_backlog_and_goes_on_with_what_any_process_writes() {
    let world = World::new().await;
    let app = world.app("one-app").await;
    let elsewhere = process(&world.database, &world.stop).await;
    for message in ["one", "two", "three"] {
        world.logs.write(app, line("web.1", message));
    }
    world.logs.flush().await;

    let mut tail = pin!(world.logs.tail(app, Filter::default(), 2));
    assert_eq!([next(&mut tail).await, next(&mut tail).await], ["two", "three"]);
    elsewhere.write(app, line("web.2", "four"));
    assert_eq!(next(&mut tail).await, "four");
    world.logs.write(app, line("web.1", "five"));
    assert_eq!(next(&mut tail).await, "five");
    world.end().await;
}

#[tokio::test]
async fn a_tail_without_backlog_shows_only_what_comes() {
    let world = World::new().await;
    let (app, other) = (world.app("one-app").await, world.app("another").await);
    world.logs.write(app, line("web.1", "old"));
    world.logs.flush().await;
    let mut tail = pin!(world.logs.tail(app, Filter { process: Some("web".into()), ..Filter::default() }, 0));
    // A stream does nothing before it is polled: only then does the tail know where it begins.
    assert!(futures::poll!(futures::StreamExt::next(&mut tail)).is_pending());
    let mut begun = pin!(next(&mut tail));
    let writes = async {
        loop {
            world.logs.write(other, line("web.1", "another app's"));
            world.logs.write(app, line("worker.1", "another process's"));
            world.logs.write(app, line("web.1", "new"));
            world.logs.flush().await;
        }
    };
    tokio::select! {
        message = &mut begun => assert_eq!(message, "new"),
        () = writes => {}
    }
    world.end().await;
}

#[tokio::test]
async fn no_line_is_lost_or_shown_twice_while_two_processes_write_and_one_reads() {
    let world = World::new().await;
    let app = world.app("one-app").await;
    let elsewhere = process(&world.database, &world.stop).await;
    let mut tail = pin!(world.logs.tail(app, Filter::default(), HISTORY));
    let write = |logs: Logs, name: &'static str| async move {
        for number in 0..600 {
            logs.write(app, line(name, number.to_string()));
            if number % 20 == 0 {
                logs.flush().await;
            }
        }
    };
    let writers = futures::future::join(write(world.logs.clone(), "web.1"), write(elsewhere, "web.2"));
    let reader = async {
        let mut seen = [0_u32; 2];
        while seen != [600, 600] {
            let stored = futures::StreamExt::next(&mut tail).await.unwrap().unwrap().line;
            let of = usize::from(stored.process == "web.2");
            assert_eq!(stored.message, seen[of].to_string(), "{}", stored.process);
            seen[of] += 1;
        }
    };
    soon(futures::future::join(writers, reader)).await;
    world.end().await;
}

#[tokio::test]
async fn lines_of_an_app_that_is_gone_do_not_keep_others_from_being_stored() {
    let world = World::new().await;
    let (gone, app) = (world.app("gone-app").await, world.app("one-app").await);
    let mut transaction = world.database.db().begin().await.unwrap();
    apps::delete(&mut transaction, gone).await.unwrap();
    transaction.commit().await.unwrap();
    world.logs.write(gone, line("web.1", "last words"));
    world.logs.write(app, line("web.1", "with a NUL: \0"));
    soon(world.logs.flush()).await;
    assert_eq!(messages(&world.logs.read(app, &Filter::default(), 10).await.unwrap()), ["with a NUL: \u{fffd}"]);
    world.end().await;
}

#[tokio::test]
async fn stopping_stores_what_waits() {
    let world = World::new().await;
    let app = world.app("one-app").await;
    let stop = CancellationToken::new();
    let logs = process(&world.database, &stop).await;
    logs.write(app, line("web.1", "last words"));
    stop.cancel();
    soon(logs.flush()).await;
    assert_eq!(messages(&world.logs.read(app, &Filter::default(), 10).await.unwrap()), ["last words"]);
    world.end().await;
}

#[tokio::test]
async fn lines_wait_while_the_database_is_away() {
    let directory = tempfile::tempdir().unwrap();
    let cluster = Cluster::ensure(directory.path()).unwrap();
    cluster.create_database("logs").unwrap();
    let db = Db::connect(&cluster.url("logs"), test_vault()).await.unwrap();
    let app = create_app(&db, "one-app").await;
    let stop = CancellationToken::new();
    let logs = Logs::start(db.clone(), Changes::listen(&db, stop.clone()).await.unwrap(), stop.clone());
    let mut tail = pin!(logs.tail(app, Filter::default(), 10));
    logs.write(app, line("web.1", "before"));
    assert_eq!(next(&mut tail).await, "before");

    cluster.stop().unwrap();
    logs.write(app, line("web.1", "meanwhile"));
    let mut stored = pin!(logs.flush());
    let mut shown = pin!(next(&mut tail));
    tokio::select! {
        () = &mut stored => panic!("stored without a database"),
        message = &mut shown => panic!("{message:?} came from nowhere"),
        error = failed_read(&logs, app) => assert!(error.to_string().contains("cannot be read")),
    }
    Cluster::ensure(directory.path()).unwrap();
    soon(stored).await;
    assert_eq!(soon(shown).await, "meanwhile");
    stop.cancel();
    db.close().await;
    cluster.stop().unwrap();
}

/// Reads until that fails.
async fn failed_read(logs: &Logs, app: AppId) -> LogsError {
    loop {
        if let Err(error) = logs.read(app, &Filter::default(), 1).await {
            return error;
        }
    }
}
