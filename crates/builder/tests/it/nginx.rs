use paas_builder::Built;

use crate::bench::{Bench, app, body, buildpack, folder};

/// Matrix: nginx | pip | in front of gunicorn, over a Unix socket; SIGTERM
#[tokio::test(flavor = "multi_thread")]
async fn nginx_stands_in_front_of_an_app_and_lets_it_finish() {
    let mut bench = Bench::new().await;
    let mut request = bench.request(folder("buildpacks/nginx/test/gunicorn")).await;
    request.buildpacks = vec![buildpack("heroku/python"), buildpack("heroku/nginx")];
    let done = bench.run(&request).await;
    bench.env.insert("NGINX_WORKERS".into(), "1".into());
    let dyno = bench.serve(done.built()).await;
    let answer = dyno.get("/x").await;
    assert!(answer.contains("\r\nServer: nginx\r\n"), "{answer}");
    assert!(body(&answer).starts_with("/x over gunicorn/"), "{answer}");
    assert!(body(&answer).ends_with(" for example.test\n"), "{answer}");

    // What is on its way when the dyno is stopped is still answered.
    let stopped = async {
        tokio::time::sleep(std::time::Duration::from_millis(700)).await;
        dyno.stop().await;
    };
    let (answer, ()) = tokio::join!(dyno.get("/slow"), stopped);
    assert!(body(&answer).starts_with("/slow over gunicorn/"), "{answer}");
    assert_eq!(dyno.end().await, 0);
    let logs = dyno.logs().await;
    for line in ["buildpack=nginx at=app-initialized\n", "\nmeasure#nginx.service=", "at=exit process=app status=0\n"] {
        assert!(logs.contains(line), "{logs}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn either_of_nginx_and_the_app_ending_ends_the_dyno() {
    let mut bench = Bench::new().await;
    let built = alone(&bench, &[("Procfile", "web: bin/start-nginx true")]).await;
    let app_ends = "bin/start-nginx bash -c 'touch /tmp/app-initialized; sleep 1; exit 3'";
    assert_eq!(bench.start(&built, app_ends).await.end().await, 3);
    let app_never_starts = "bin/start-nginx bash -c 'exit 4'";
    assert_eq!(bench.start(&built, app_never_starts).await.end().await, 4);
    let nginx_ends = "bin/start-nginx -f bash -c 'sleep 1; pkill -INT -x nginx; sleep 60'";
    let dyno = bench.start(&built, nginx_ends).await;
    assert_eq!(dyno.end().await, 1);
    assert!(dyno.logs().await.contains("at=exit process=nginx"));
    bench.env.insert("NGINX_WORKERS".into(), "nonsense".into());
    let dyno = bench.start(&built, "bin/start-nginx -f sleep 60").await;
    assert_eq!(dyno.end().await, 1);
    assert!(dyno.logs().await.contains("invalid value"), "{}", dyno.logs().await);
}

/// Matrix: nginx | pip | a configuration of the app's own, with Ruby in it
#[tokio::test(flavor = "multi_thread")]
async fn an_apps_own_configuration_may_hold_any_ruby() {
    let mut bench = Bench::new().await;
    let mut request = bench.request(folder("buildpacks/nginx/test/custom-config")).await;
    request.buildpacks = vec![buildpack("heroku/nginx")];
    let done = bench.run(&request).await;
    assert!(done.has_line("-----> Installing Ruby for config/nginx.conf.erb"), "{}", done.transcript());
    bench.env.insert("GREETING".into(), "hello".into());
    let answer = bench.serve(done.built()).await.get("/").await;
    assert!(answer.contains("X-Greeting: HELLO\r\n"), "{answer}");
    assert_eq!(body(&answer), "served by nginx alone\n");
}

/// The slug of nginx and these files.
async fn alone(bench: &Bench, files: &[(&str, &str)]) -> Built {
    let mut request = bench.request(app(files)).await;
    request.buildpacks = vec![buildpack("heroku/nginx")];
    bench.run(&request).await.built().clone()
}
