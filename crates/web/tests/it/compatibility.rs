//! Keeps the table in `docs/api-compatibility.md`: `UPDATE_TABLE=1 cargo nextest run -p paas-web -E 'test(compatibility)'`
//! writes it anew from what is served and from the reasons here.

use std::{collections::BTreeSet, env, fmt::Write, fs, path::PathBuf};

use axum::http::StatusCode;
use paas_platform::ApiErrorBody;
use serde_json::json;

use crate::{
    schema::{Link, links},
    support::Api,
};

/// Above it the page is a person's.
const MARK: &str = "<!-- From here on a test writes: UPDATE_TABLE=1 -->\n";

/// What is not there, by the beginning of the resource's name. Where an empty list or a 404 is the truth, it is answered
/// all the same.
const ABSENT: [(&str, &str); 27] = [
    ("account-delinquency", "Nothing is charged."),
    ("add-on", "There are no add-ons yet."),
    ("allowed-add-on-service", "There are no add-ons yet."),
    ("app-webhook", "There are no webhooks yet."),
    ("archive", "There are no enterprise accounts."),
    ("audit-trail-event", "There are no enterprise accounts."),
    ("credit", "Nothing is charged."),
    ("enterprise-account", "There are no enterprise accounts."),
    ("identity-provider", "There is no single sign-on."),
    ("inbound-ruleset", "There are no private spaces."),
    ("invoice", "Nothing is charged."),
    ("oci-image", "Images are made from slugs, not handed in."),
    ("peering", "There are no private spaces."),
    ("permission-entity", "There are no teams yet."),
    ("pipeline", "There are no pipelines yet."),
    ("plan", "There are no add-ons yet."),
    ("review-app", "There are no review apps yet."),
    ("sms-number", "The second factor is an authenticator, never a text message."),
    ("space", "There are no private spaces."),
    ("team", "There are no teams yet."),
    ("telemetry-drain", "There is no telemetry yet."),
    ("test-case", "There are no test runs yet."),
    ("test-node", "There are no test runs yet."),
    ("test-run", "There are no test runs yet."),
    ("vpn-connection", "There are no private spaces."),
    ("generation", "There is one generation, and it is in every app."),
    ("source-", "There are no others."),
];

/// Links that are not served though their resource is, or not as a whole.
const EXCEPTIONS: [(&str, &str); 7] = [
    ("POST /apps/{app}/acm", "Certificates are brought (`sni-endpoints`), not managed yet."),
    ("PATCH /apps/{app}/acm", "Certificates are brought (`sni-endpoints`), not managed yet."),
    ("PATCH /users/{account}", "`:user` is oneself."),
    ("DELETE /users/{account}", "`:user` is oneself."),
    ("PUT /addons/{add_on}/log-drains/{log_drain}", "There are no add-ons yet."),
    ("GET /addons/{add_on}/log-drains", "There are no add-ons yet."),
    ("GET /users/{account}/apps", "`:user` is oneself: others' apps are nobody's business."),
];

#[test]
fn the_table_of_compatibility_says_what_is_served() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/api-compatibility.md");
    let page = fs::read_to_string(&path).unwrap();
    let (prose, table) = page.split_once(MARK).expect("the page has a mark where the table begins");
    let truth = table_of(links());
    if env::var_os("UPDATE_TABLE").is_some() {
        fs::write(&path, format!("{prose}{MARK}{truth}")).unwrap();
        return;
    }
    let differing: Vec<_> = truth.lines().filter(|line| !table.lines().any(|old| old == *line)).collect();
    assert!(
        table == truth,
        "UPDATE_TABLE=1 brings docs/api-compatibility.md up to date. It lacks:\n{}",
        differing.join("\n")
    );
}

#[tokio::test]
async fn what_is_not_served_is_refused_as_heroku_refuses() {
    let api = Api::new().await;
    api.app("example").await;
    let mut seen = BTreeSet::new();
    for link in links().iter().filter(|link| link.endpoint().is_none() || link.is_refused()) {
        let path = link.path.split('/').map(|part| match part {
            "{app}" => "example",
            part if part.starts_with('{') => "anything",
            part => part,
        });
        let path = path.collect::<Vec<_>>().join("/");
        if !seen.insert((link.method.to_string(), path.clone())) {
            continue;
        }
        let answer = api.call(link.method.clone(), &path, json!({})).await;
        let refused = [StatusCode::NOT_FOUND, StatusCode::NOT_IMPLEMENTED].contains(&answer.status);
        assert!(refused, "{}: {} {}", link.name(), answer.status, answer.text);
        let error: ApiErrorBody = serde_json::from_str(&answer.text).unwrap();
        assert!(!error.id.is_empty() && !error.message.is_empty(), "{}: {}", link.name(), answer.text);
    }
}

fn table_of(links: &[Link]) -> String {
    let rows: Vec<_> = links.iter().map(|link| (link, verdict(link))).collect();
    let count = |wanted: &str| rows.iter().filter(|(_, (word, _))| *word == wanted).count();
    let mut table = format!(
        "\nOf {} links, {} are served, {} in part, and {} are not.\n\n| resource | link | served | |\n|---|---|---|---|\n",
        rows.len(),
        count("yes"),
        count("partly"),
        count("no")
    );
    for (link, (word, reason)) in rows {
        let _ = writeln!(table, "| {} | `{}` ({}) | {word} | {reason} |", link.resource, link.name(), link.title);
    }
    table
}

/// Yes, partly or no, and why.
fn verdict(link: &Link) -> (&'static str, &'static str) {
    let name = link.name();
    let exception = EXCEPTIONS.iter().find(|(of, _)| *of == name).map(|(_, reason)| *reason);
    let absent = ABSENT.iter().find(|(resource, _)| link.resource.starts_with(resource)).map(|(_, reason)| *reason);
    let reason = exception.or(absent);
    match (link.endpoint(), reason) {
        (Some(_), None) if !link.is_refused() => ("yes", ""),
        (Some(_), reason) => ("partly", reason.unwrap_or("There is none: always 404.")),
        (None, reason) => ("no", reason.unwrap_or("Not built yet.")),
    }
}
