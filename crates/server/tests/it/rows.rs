//! An app that needs no engine: rows that say it is up, and a listener of the test's own behind them.

use std::{collections::BTreeMap, net::SocketAddr};

use paas_db::{
    Db, SecretHash, accounts, apps, configs,
    dynos::{self, NewDyno},
    formations, hosts, new_id, new_secret,
    releases::{self, NewRelease},
    slugs::{self, NewSlug},
    tokens::{self, NewToken},
};
use paas_model::{
    AccountId, AppId, AppName, ConfigId, ConfigVars, DynoId, DynoKind, DynoName, DynoSize, HostId, ProcessType,
    ReleaseId, ReleaseState, SlugId, SlugLayer, TokenId,
};
use secrecy::SecretString;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

/// An owner with a token.
pub(crate) async fn owner(db: &Db) -> (AccountId, SecretString) {
    let id = accounts::create(db.pool(), new_id(), "owner@example.com", true).await.unwrap().id;
    let token = new_secret("HRKU-");
    let new = NewToken {
        id: new_id::<TokenId>(),
        description: "test",
        hash: SecretHash::of(&token),
        hint: "",
        scope: &["global".to_owned()],
        expires_at: None,
        client_id: None,
        refresh: None,
        is_session: false,
    };
    tokens::create(db.pool(), id, &new).await.unwrap();
    (id, token)
}

/// An app with one web dyno, up at `address`.
pub(crate) async fn app_at(db: &Db, owner: AccountId, name: &str, address: SocketAddr) -> AppId {
    let (app, config, slug, release): (AppId, ConfigId, SlugId, ReleaseId) = (new_id(), new_id(), new_id(), new_id());
    let host: HostId = hosts::enter(db.pool(), new_id(), "here", "unix:///nowhere", 4_096, 2).await.unwrap().id;
    let process_types = BTreeMap::from([(ProcessType::web(), "serve".to_owned())]);
    let mut tx = db.begin().await.unwrap();
    apps::create(&mut tx, app, &AppName::parse(name).unwrap(), owner, "debian-13", config).await.unwrap();
    configs::create(&mut *tx, db.vault(), config, app, &ConfigVars::default()).await.unwrap();
    let new = NewSlug {
        id: slug,
        app_id: app,
        stack: "debian-13".into(),
        layers: vec![SlugLayer::default()],
        image: "registry/app:1".into(),
        commit: None,
        commit_description: None,
        buildpack_provided_description: None,
        process_types: process_types.clone(),
    };
    slugs::create(&mut *tx, &new).await.unwrap();
    let new = NewRelease {
        id: release,
        app_id: app,
        state: ReleaseState::Succeeded,
        description: "Release".into(),
        account_id: owner,
        slug_id: Some(slug),
        config_id: config,
        build_id: None,
    };
    releases::create(&mut tx, &new).await.unwrap();
    formations::follow(&mut tx, app, &process_types).await.unwrap();
    formations::set(&mut tx, app, &ProcessType::web(), 1, DynoSize::default()).await.unwrap();
    let dyno = NewDyno {
        id: new_id::<DynoId>(),
        app_id: app,
        release_id: release,
        kind: DynoKind::Formation,
        name: DynoName { kind: ProcessType::web(), number: 1 },
        size: DynoSize::default(),
        command: "serve".into(),
        host_id: Some(host),
        account_id: None,
        env: BTreeMap::new(),
        attach: None,
        tty: false,
        expires_at: None,
        crashes: 0,
    };
    dynos::create(&mut *tx, db.vault(), &dyno).await.unwrap();
    assert!(dynos::starting(&mut *tx, dyno.id, Some(address)).await.unwrap());
    assert!(dynos::up(&mut *tx, dyno.id).await.unwrap());
    tx.commit().await.unwrap();
    app
}

pub(crate) async fn set_maintenance(db: &Db, app: AppId) {
    let mut tx = db.begin().await.unwrap();
    apps::update(&mut tx, app, None, Some(true), None).await.unwrap();
    tx.commit().await.unwrap();
}

/// Answers every request with `hello`, for as long as the test runs.
pub(crate) async fn hello() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                // The requests of these tests fit in one piece.
                let _ = socket.read(&mut [0; 4_096]).await;
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello";
                let _ = socket.write_all(answer).await;
            });
        }
    });
    address
}
