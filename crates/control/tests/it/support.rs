use std::{future::Future, time::Duration};

use paas_control::{ops, testing::TestControl};
use paas_db::{apps::App, dynos::Dyno};
use paas_model::{DynoState, ProcessType, Quantity};

/// Waits until the condition holds.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, mut condition: impl FnMut() -> F) {
    let attempt = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), attempt).await.unwrap_or_else(|_| panic!("never: {what}"));
}

pub(crate) async fn app(test: &TestControl, name: &str) -> App {
    let new = ops::apps::NewApp { name: Some(name.to_owned()), stack: None };
    ops::apps::create(&test.control, &test.owner, new).await.unwrap()
}

pub(crate) async fn dynos(test: &TestControl, app: &App) -> Vec<Dyno> {
    ops::dynos::list(&test.control, app).await.unwrap()
}

/// `web.1 up v3`, one per dyno that is not gone.
pub(crate) async fn shown(test: &TestControl, app: &App) -> Vec<String> {
    let show = |dyno: &Dyno| format!("{} {} {}", dyno.name(), dyno.state, dyno.release_version);
    dynos(test, app).await.iter().map(show).collect()
}

pub(crate) async fn until_shown(test: &TestControl, app: &App, want: &[&str]) {
    let mut last = Vec::new();
    let attempt = async {
        loop {
            last = shown(test, app).await;
            if last == want {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    if tokio::time::timeout(Duration::from_secs(20), attempt).await.is_err() {
        panic!("never {want:?}; at last {last:?}");
    }
}

pub(crate) async fn scale(test: &TestControl, app: &App, kind: &str, quantity: u32) {
    let kind = ProcessType::parse(kind).unwrap();
    let change = ops::formation::Scale { kind, quantity: Some(Quantity::Exactly(quantity)), size: None };
    ops::formation::scale(&test.control, &test.owner, app, &[change]).await.unwrap();
}

/// Everything in the app's log, without times.
pub(crate) async fn log(test: &TestControl, app: &App) -> Vec<String> {
    test.control.logs.flush().await;
    let lines = test.control.logs.read(app.id, &paas_logs::Filter::default(), 1_500).await.unwrap();
    lines.iter().map(|stored| stored.line.to_string().split_once(' ').unwrap().1.to_owned()).collect()
}

pub(crate) fn up(dyno: &Dyno) -> bool {
    dyno.state == DynoState::Up
}
