use axum::{
    extract::State,
    http::{HeaderName, header},
    response::{Html, IntoResponse},
};

use crate::{endpoint::Endpoint, pages::escape, state::Web};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![Endpoint::get("/", home).open().returns_bytes(&["text/html; charset=utf-8"])]
}

/// For people who open the address in a browser.
async fn home(State(web): State<Web>) -> impl IntoResponse {
    let headers: [(HeaderName, &str); 1] =
        [(header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")];
    let (product, server) = (escape(&web.settings().product), escape(&web.settings().public_url));
    let apps = escape(&web.settings().app_url.replace("{app}", "NAME"));
    let page = format!(
        r#"<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{product}</title>
<style>
body {{ font: 1rem/1.6 system-ui, sans-serif; max-width: 42rem; margin: 3rem auto; padding: 0 1rem; }}
pre {{ background: #8882; padding: 1rem; overflow-x: auto; }}
</style>
<h1>{product}</h1>
<p>Deploys apps by <code>git push</code>, from their Procfile and buildpacks, with Heroku's API.</p>
<table>
<tr><td>API</td><td><code>{server}</code></td></tr>
<tr><td>Git</td><td><code>{server}/NAME.git</code></td></tr>
<tr><td>Apps</td><td><code>{apps}</code></td></tr>
</table>
<p>To begin, in the folder of an app that is committed to git:</p>
<pre>paas login
paas create
git push paas main
paas open</pre>
<p>Heroku's own command line works too: <code>paas heroku:env</code> prints what it needs.</p>
</html>
"#
    );
    (headers, Html(page))
}
