use crate::bench::{Bench, app, body, buildpack, folder};

/// Matrix: PgBouncer | pip | a real PostgreSQL; SIGTERM
#[tokio::test(flavor = "multi_thread")]
async fn many_clients_share_a_connection_to_a_real_database_until_the_last() {
    let mut bench = Bench::new().await;
    let mut request = bench.request(folder("buildpacks/pgbouncer/test/pooled")).await;
    request.buildpacks = ["heroku/apt", "heroku/python", "heroku/pgbouncer"].map(buildpack).to_vec();
    let done = bench.run(&request).await;
    let dyno = bench.serve(done.built()).await;
    assert_eq!(body(&dyno.get("/").await), "10 clients, 1 servers, tls True, 127.0.0.1:6000/db1\n");
    dyno.stop().await;
    assert_eq!(dyno.end().await, 0, "{}", dyno.logs().await);
    let logs = dyno.logs().await;
    assert!(logs.contains("last words: stored\n"), "an app has its database to its end: {logs}");
    assert!(logs.contains("buildpack=pgbouncer at=exit process=app status=0\n"), "{logs}");
}

#[tokio::test(flavor = "multi_thread")]
async fn urls_and_settings_become_the_poolers() {
    let mut bench = Bench::new().await;
    let mut request = bench.request(app(&[("Procfile", "web: bin/start-pgbouncer ./server")])).await;
    request.buildpacks = vec![buildpack("heroku/pgbouncer")];
    let built = bench.run(&request).await.built().clone();
    for (variables, shown) in [
        ("DATABASE_URL=", "the config var DATABASE_URL is no URL of a database."),
        ("X=", "the config var DATABASE_URL is not set."),
        ("DATABASE_URL=mysql://a:b@c:1/d", "the config var DATABASE_URL is no URL of a database."),
        ("DATABASE_URL=postgres://a:b@c/d PGBOUNCER_SERVER_TLS_SSLMODE=x", "x is no mode of encryption."),
        ("PGBOUNCER_URLS='A B' A=postgres://u:1@c/d B=postgres://u:2@c/d", "the user u with different passwords."),
        ("DATABASE_URL=postgres://a:b@c/d PGBOUNCER_POOL_MODE=x", "buildpack=pgbouncer at=exit process=pgbouncer\n"),
        ("DATABASE_URL=postgres://a:b@c/d PGBOUNCER_POOL_MODE=x", "pool_mode"),
        (
            "DATABASE_URL='postgres://a:b@c/d?sslmode=verify_full'",
            "the sslmode of the config var DATABASE_URL is none.",
        ),
        ("DATABASE_URL='postgres://a:b@c/d?sslcert=x'", "asks for a client certificate"),
        ("DATABASE_URL=postgres://a:b@c/d PGSSLMODE=verify-ful", "PGSSLMODE is no mode of encryption."),
        ("DATABASE_URL=whatever PGBOUNCER_ENABLED=false", "DATABASE_URL=whatever\n"),
        (
            "DATABASE_URL='postgres://a:b%2F@c:7777/d?sslmode=require&connect_timeout=5'",
            "DATABASE_URL=postgres://a:b%2F@127.0.0.1:6000/db1?connect_timeout=5\n",
        ),
        (
            "DATABASE_URL=postgres://c PGBOUNCER_URLS=OTHER_URL OTHER_URL=postgresql://a:b@c/d PGBOUNCER_PREPARED_STATEMENTS=false",
            "OTHER_URL=postgresql://a:b@127.0.0.1:6000/db1?prepared_statements=false\n",
        ),
    ] {
        let out = bench.output(&built, &format!("{variables} bin/start-pgbouncer env")).await;
        assert!(out.contains(shown), "{variables}: {out}");
    }
    let written = "DATABASE_URL='postgres://a:b%2F@c:7777/d?sslmode=verify-full' PGBOUNCER_DEFAULT_POOL_SIZE=7 \
                   PGBOUNCER_POOL_MODE=session bin/start-pgbouncer cat vendor/pgbouncer/pgbouncer.ini vendor/pgbouncer/users.txt; \
                   stat -c %a vendor/pgbouncer/users.txt";
    let out = bench.output(&built, written).await;
    for line in [
        "db1 = host='c' port=7777 dbname='d'\n",
        "server_tls_sslmode = verify-full\nserver_tls_ca_file = /etc/ssl/certs/ca-certificates.crt\n",
        "pool_mode = session\nserver_reset_query = DISCARD ALL;\n",
        "default_pool_size = 7\n",
        "\"a\" \"b/\"\n",
        "\n600\n",
    ] {
        assert!(out.contains(line), "{out}");
    }
}
