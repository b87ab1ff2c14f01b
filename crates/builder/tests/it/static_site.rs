use paas_model::ProcessType;

use crate::bench::{Bench, app, body, folder};

/// Matrix: Static site | none | routes, redirects, headers, error page
#[tokio::test(flavor = "multi_thread")]
async fn a_site_is_served_by_its_static_json() {
    let mut bench = Bench::new().await;
    let done = bench.build(folder("buildpacks/static/test/site")).await;
    assert_eq!(done.built().buildpack_description.as_deref(), Some("Static HTML"));
    assert_eq!(done.built().process_types[&ProcessType::web()], "bin/boot");
    bench.env.insert("SITE_URL".into(), "https://example.test".into());
    bench.env.insert("API_URL".into(), "http://127.0.0.1:5000/docs/".into());
    bench.env.insert("QUOTED".into(), r#"/a"b\c$d"#.into());
    let dyno = bench.serve(done.built()).await;
    for (path, status, shown) in [
        ("/", 200, "<p>index</p>"),
        ("/about", 200, "<p>about</p>"),
        ("/about.html", 200, "<p>about</p>"),
        ("/docs/", 200, "<p>docs</p>"),
        ("/spa/any/depth?x=1", 200, "<p>index</p>"),
        ("/one/segment", 200, "<p>one</p>"),
        ("/one/segment/more", 404, "<p>nothing here</p>"),
        ("/nope", 404, "<p>nothing here</p>"),
        ("/old/", 302, "Location: /about?price=$5\r\n"),
        ("/home", 301, "Location: https://example.test/\r\n"),
        ("/quoted", 301, "Location: /a\"b\\c$d\r\n"),
        ("/fixed/", 200, "<p>docs</p>"),
        ("/fixed/more?x", 404, "<p>nothing here</p>"),
        ("/api/", 200, "<p>docs</p>"),
        ("/about", 200, "Cache-Control: no-store\r\n"),
        ("/assets/site.css", 200, "Cache-Control: public, max-age=512000\r\n"),
        ("/nope", 404, "X-Frame-Options: DENY\r\n"),
        ("/../static.json", 400, ""),
        ("/static.json", 404, "<p>nothing here</p>"),
    ] {
        let answer = dyno.get(path).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")) && answer.contains(shown), "{path}: {answer}");
    }
    dyno.stop().await;
    assert_eq!(dyno.end().await, 0);
    assert!(dyno.logs().await.contains("GET /docs/ 200 12 request_id=-\n"));
}

/// Matrix: Static site | none | `https_only`, `basic_auth`
#[tokio::test(flavor = "multi_thread")]
async fn a_site_may_want_https_and_a_password() {
    let mut bench = Bench::new().await;
    let done = bench.build(folder("buildpacks/static/test/https-only")).await;
    let dyno = bench.serve(done.built()).await;
    let answer = dyno.get("/x?y").await;
    assert!(answer.contains("Location: https://example.test/x?y\r\n"), "{answer}");
    let secure = "X-Forwarded-Proto: https\r\n";
    assert!(dyno.ask("/", secure).await.starts_with("HTTP/1.1 401 "), "without a password set, nobody gets in");
    bench.env.extend([("BASIC_AUTH_USERNAME".into(), "me".into()), ("BASIC_AUTH_PASSWORD".into(), "secret".into())]);
    let dyno = bench.serve(done.built()).await;
    assert!(dyno.ask("/", secure).await.starts_with("HTTP/1.1 401 "));
    let known = "X-Forwarded-Proto: https\r\nAuthorization: Basic bWU6c2VjcmV0\r\n";
    assert_eq!(body(&dyno.ask("/", known).await), "<p>secret</p>\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_that_is_all_of_an_app_does_not_show_what_the_build_put_there() {
    let mut bench = Bench::new().await;
    let done =
        bench.build(app(&[("static.json", r#"{"root": "."}"#), ("index.html", "<p>all</p>"), (".env", "x")])).await;
    let dyno = bench.serve(done.built()).await;
    assert_eq!(body(&dyno.get("/").await), "<p>all</p>");
    for path in ["/.heroku/static/nginx.conf", "/.heroku/static/nginx.conf.erb", "/.env"] {
        assert!(dyno.get(path).await.starts_with("HTTP/1.1 404 "), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_in_static_json_are_explained() {
    let bench = Bench::new().await;
    for (json, text) in [
        ("{", "static.json is no JSON"),
        ("[]", "static.json is not an object"),
        (r#"{"root": "../.."}"#, "root must be a directory of the app"),
        (r#"{"clean_urls": "yes"}"#, "clean_urls must be true or false"),
        (r#"{"routes": {"x": "y"}}"#, "routes: x must begin with a slash"),
        (r#"{"redirects": {"/x": {"status": 302}}}"#, r#"redirects: /x needs a "url""#),
        (r#"{"redirects": {"/x": {"url": "/y", "status": 200}}}"#, "redirects: /x has the status 200"),
        (r#"{"headers": {"/": {"X: y\r\nZ": "1"}}}"#, "has a header that is none"),
        (r#"{"error_page": "x;\n}"}"#, "has a control character"),
    ] {
        let told = bench.build(app(&[("static.json", json)])).await.rejected();
        assert!(told.contains(text), "{told}");
        assert!(
            told.contains(" !     Push rejected, failed to compile Static HTML app.\n\n !     Push failed"),
            "{told}"
        );
    }
}
