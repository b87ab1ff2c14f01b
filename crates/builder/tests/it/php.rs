use paas_builder::{BuildRequest, Built};
use paas_model::{BuildId, ProcessType};
use uuid::Uuid;

use crate::bench::{Bench, app, body, folder};

/// Matrix: PHP | none | one `index.php`, Apache
#[tokio::test(flavor = "multi_thread")]
async fn an_app_of_one_file_is_served_by_apache() {
    let mut bench = Bench::new().await;
    let done = bench.build(folder("buildpacks/php/test/plain")).await;
    for line in ["-----> PHP app detected", " !     NOTICE: No Procfile, using 'web: heroku-php-apache2'."] {
        assert!(done.has_line(line), "{line}\n{}", done.transcript());
    }
    assert_eq!(done.built().process_types[&ProcessType::web()], "heroku-php-apache2");
    let dyno = bench.serve(done.built()).await;
    assert_eq!(body(&dyno.get("/").await), "hello from fpm-fcgi 8.4");
    for (path, status) in [("/nope.php", 404), ("/.heroku/php/etc/php.ini", 403), ("/Procfile", 403)] {
        let answer = dyno.get(path).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{path}: {answer}");
    }
    let out =
        bench.output(done.built(), "php -r 'echo PHP_VERSION;'; ls bin config 2>&1 | head -n 1; which composer").await;
    assert!(out.starts_with("8.4.") && out.contains("cannot access"), "{out}");
    assert!(!out.contains("/composer"), "what only builds is not in it: {out}");
    assert!(done.slug_size() < 24 << 20, "{}", done.slug_size());
}

/// Matrix: PHP | Composer | a path repository, extensions, Apache with `.htaccess`; a second build with the cache
#[tokio::test(flavor = "multi_thread")]
async fn a_composer_app_runs_on_apache_and_its_second_build_uses_the_cache() {
    let mut bench = Bench::new().await;
    let request = bench.request(folder("buildpacks/php/test/apache")).await;
    let done = bench.run(&request).await;
    for line in [
        "         - Installing example/greeting (1.0.0): Symlinking from packages/greeting",
        "-----> Running 'composer compile'",
    ] {
        assert!(done.has_line(line), "{line}\n{}", done.transcript());
    }
    assert!(!done.transcript().contains("Installing example/never"), "{}", done.transcript());
    answers(&mut bench, done.built(), "Apache").await;
    let out = bench.output(done.built(), "cat compiled.txt; php -m | grep -E 'mbstring|pgsql'").await;
    assert!(out.starts_with("compiled with PHP 8.4."), "{out}");
    assert!(out.ends_with("mbstring\npdo_pgsql\npgsql\n"), "{out}");

    let again = BuildRequest {
        build_id: BuildId::from(Uuid::now_v7()),
        cache_digest: done.built().cache_digest.clone(),
        ..request
    };
    let again = bench.run(&again).await;
    let reused = again.lines.iter().filter(|line| *line == "       Using the packages of the last build").count();
    assert_eq!(reused, 3, "Composer, PHP and nginx\n{}", again.transcript());
    assert_eq!(again.built().layers, done.built().layers, "the same slug of the same source");
}

/// Matrix: PHP | Composer | nginx and PHP-FPM with configuration of the app's own
#[tokio::test(flavor = "multi_thread")]
async fn a_composer_app_runs_on_nginx_with_configuration_of_its_own() {
    let mut bench = Bench::new().await;
    let done = bench.build(folder("buildpacks/php/test/nginx")).await;
    answers(&mut bench, done.built(), "nginx").await;
    let dyno = bench.start(done.built(), "{ sleep 4; echo from a file >>/tmp/app.log; } & exec vendor/bin/heroku-php-nginx -C nginx.conf -F fpm.conf -l /tmp/app.log public/").await;
    dyno.get("/").await;
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    let logs = dyno.logs().await;
    assert!(logs.contains("PHP memory_limit is 64M Bytes\nStarting php-fpm with 8 workers..."), "{logs}");
    assert!(logs.contains("from a file\n"), "{logs}");
    bench.env.insert("WEB_CONCURRENCY".into(), "3".into());
    let dyno = bench.serve(done.built()).await;
    dyno.get("/").await;
    assert!(dyno.logs().await.contains("Using WEB_CONCURRENCY=3\nStarting php-fpm with 3 workers..."));
}

/// Rewriting, files, logs, HTTPS, and an end that lets requests finish.
async fn answers(bench: &mut Bench, built: &Built, server: &str) {
    let dyno = bench.serve(built).await;
    let answer = dyno.ask("/any/path?a=b", "X-Forwarded-Proto: https\r\n").await;
    assert!(answer.contains(&format!("\r\nServer: {server}\r\n")), "{answer}");
    let answer = body(&answer);
    assert!(answer.starts_with(&format!("Hello, ZÜRICH at /any/path?a=b by {server}")), "{answer}");
    assert!(answer.ends_with(" https=on"), "{answer}");
    assert_eq!(body(&dyno.get("/site.css").await), "body { color: black; }\n");
    dyno.get("/?log=1").await;
    let stopped = async {
        tokio::time::sleep(std::time::Duration::from_millis(700)).await;
        dyno.stop().await;
    };
    let (answer, ()) = tokio::join!(dyno.get("/?slow=1"), stopped);
    assert!(body(&answer).starts_with("Hello, ZÜRICH at /?slow=1"), "{answer}");
    assert_eq!(dyno.end().await, 0);
    let logs = dyno.logs().await;
    assert!(logs.contains("a line for the log\n"), "{logs}");
    assert!(logs.contains("\"GET /any/path?a=b HTTP/1.0\" 200"), "{logs}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dyno_ends_when_php_does_or_the_command_is_wrong() {
    let mut bench = Bench::new().await;
    let built = bench.build(folder("buildpacks/php/test/plain")).await.built().clone();
    let dyno = bench.start(&built, "{ sleep 4; pkill -KILL -o php-fpm; } & exec heroku-php-nginx").await;
    assert_eq!(dyno.end().await, 1);
    assert!(dyno.logs().await.contains("at=exit process=php-fpm\n"), "{}", dyno.logs().await);
    for (command, complaint) in [
        ("heroku-php-apache2 public/", "The document root public/ is no directory of the app."),
        ("heroku-php-apache2 -C none.conf", "There is no file none.conf in the app."),
        ("heroku-php-nginx -Z", "There is no option -Z."),
    ] {
        let dyno = bench.start(&built, command).await;
        assert_eq!(dyno.end().await, 1, "{command}");
        assert!(dyno.logs().await.contains(complaint), "{}", dyno.logs().await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_are_explained() {
    let bench = Bench::new().await;
    for (json, complaint) in [
        ("{", "composer.json cannot be read: it is no valid JSON."),
        (r#"{"require": {"a/b": "*"}}"#, "There is a composer.json that requires packages, but no composer.lock."),
        (r#"{"require": {"php": "~8.2.0"}}"#, "This app requires PHP ~8.2.0, and there is PHP 8.4."),
        (r#"{"require": {"php": "banana"}}"#, "Invalid PHP version in composer.json: banana"),
        (
            r#"{"require": {"ext-nope": "*", "ext-other_one": "*"}}"#,
            "Extensions that the app requires are not there for PHP 8.4: ext-nope ext-other-one",
        ),
        (r#"{"config": {"vendor-dir": "../x"}}"#, "has programs installed at ../x/bin"),
        (r#"{"scripts": {"compile": "false"}}"#, "The script 'compile' of composer.json failed"),
    ] {
        let told = bench.build(app(&[("composer.json", json), ("README.md", "")])).await.rejected();
        assert!(told.contains(complaint), "{complaint}\n{told}");
        assert!(told.contains(" !     Push rejected, failed to compile PHP app."), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_version_comes_from_the_operators_mirror() {
    let mut bench = Bench::new().await;
    bench.config.mirrors.php = Some("http://127.0.0.1:9/php".parse().unwrap());
    let files = [("composer.json", r#"{"require": {"php": "~8.2.0"}}"#), ("README.md", "")];
    let told = bench.build(app(&files)).await.rejected();
    let complaint = "PHP 8.2 could not be had from http://127.0.0.1:9/php/php-8.2.debian-13-amd64.tar.gz";
    assert!(told.contains(complaint), "{told}");
}
