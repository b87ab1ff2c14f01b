//! Who may call what. `access.txt` says it, a line for each route; the first test here asks the router itself.

use std::{collections::BTreeSet, fmt::Write};

use axum::{
    body::Body,
    http::{Method, StatusCode},
};
use paas_control::ops::{apps, collaborators};
use paas_db::{accounts::Account, apps::App};
use paas_web::Access;
use secrecy::SecretString;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Api, request};

const TABLE: &str = include_str!("access.txt");

/// The columns of the table: nobody, somebody with another app, collaborators with one permission each, the app's owner,
/// the installation's.
const ROLES: [&str; 8] = ["stranger", "other", "view", "deploy", "operate", "manage", "owner", "platform"];

struct Cast {
    api: Api,
    owner: Account,
    /// In the order of [`ROLES`].
    tokens: Vec<Option<SecretString>>,
    apps_made: usize,
    /// Apps that calls have left as they were.
    spare: Vec<App>,
}

impl Cast {
    async fn new() -> Self {
        let api = Api::new().await;
        let mut tokens = vec![None];
        for role in &ROLES[1..6] {
            tokens.push(Some(api.test.tenant(&format!("{role}@example.com")).await.1));
        }
        let (owner, token) = api.test.tenant("owner-of-app@example.com").await;
        tokens.extend([Some(token), Some(api.test.token.clone())]);
        Self { api, owner, tokens, apps_made: 0, spare: Vec::new() }
    }

    /// An app of the owner's with one collaborator of each kind.
    async fn app(&mut self) -> App {
        self.apps_made += 1;
        let control = &self.api.test.control;
        let new = apps::NewApp { name: Some(format!("example-{}", self.apps_made)), stack: None };
        let app = apps::create(control, &self.owner, new).await.unwrap();
        for role in &ROLES[2..6] {
            let (user, permissions) = (format!("{role}@example.com"), Some(vec![(*role).to_owned()]));
            collaborators::create(control, &self.owner, &app, &user, permissions).await.unwrap();
        }
        app
    }

    /// Whether each of them gets past the guard, and past what the use-case asks for: `y`, `-`, or `s` where the call
    /// brings a secret of its own.
    async fn ask(&mut self, row: &Row, access: Access) -> String {
        let mut cells = Vec::new();
        for (role, token) in ROLES.into_iter().zip(self.tokens.clone()) {
            let app = match self.spare.pop() {
                Some(app) => app,
                None => self.app().await,
            };
            let body = row.body.as_ref().map_or_else(Body::empty, |body| Body::from(body.to_string()));
            let path = filled(&row.path, app.name.as_str());
            let answer = self.api.send(request(row.method.clone(), &path, token.as_ref()).body(body).unwrap()).await;
            let what = format!("{} as {role}: {} {}", row.what(), answer.status, answer.text);
            let failed = answer.status.is_server_error() && answer.status != StatusCode::NOT_IMPLEMENTED;
            assert!(!failed, "{what}");
            let missed = answer.status == StatusCode::NOT_FOUND && answer.json()["resource"] == "app";
            assert!(!missed, "{what}");
            let is_refused = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(&answer.status);
            cells.push(match access {
                Access::Secret => {
                    assert_eq!(answer.status, StatusCode::NOT_FOUND, "{what}");
                    's'
                }
                Access::Machine => {
                    assert_eq!(answer.status, StatusCode::FORBIDDEN, "{what}");
                    's'
                }
                _ if is_refused => '-',
                _ => 'y',
            });
            if is_refused || row.method == Method::GET || !row.path.contains("{app}") {
                self.spare.push(app);
            }
        }
        cells.into_iter().map(String::from).collect::<Vec<_>>().join(" ")
    }
}

/// One line of the table.
struct Row {
    cells: String,
    method: Method,
    path: String,
    /// Some rights hang on what is asked for.
    body: Option<Value>,
}

impl Row {
    fn parse(line: &str) -> Self {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (cells, rest) = words.split_at(ROLES.len());
        let body = rest.get(2).map(|body| serde_json::from_str(body).unwrap_or_else(|error| panic!("{line}: {error}")));
        Self { cells: cells.join(" "), method: rest[0].parse().unwrap(), path: rest[1].to_owned(), body }
    }

    fn what(&self) -> String {
        let body = self.body.as_ref().map(|body| format!(" {body}")).unwrap_or_default();
        format!("{:<6} {}{body}", self.method, self.path)
    }
}

fn rows() -> Vec<Row> {
    TABLE.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(Row::parse).collect()
}

/// The path with something in every variable part.
fn filled(path: &str, app: &str) -> String {
    let parts = path.split('/').map(|part| match part {
        "{app}" => app.to_owned(),
        "{user}" => "~".to_owned(),
        "{collaborator}" => "deploy@example.com".to_owned(),
        part if part.starts_with('{') => Uuid::from_u128(1).to_string(),
        part => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn everybody_may_what_the_table_says_and_no_more() {
    let mut cast = Cast::new().await;
    let served = paas_web::endpoints();
    let mut rows = rows();
    for (method, path, _) in &served {
        if !rows.iter().any(|row| row.method == *method && row.path == *path) {
            let row = Row { cells: String::new(), method: method.clone(), path: (*path).to_owned(), body: None };
            rows.push(row);
        }
    }
    let mut complaints = String::new();
    for row in rows {
        let found = served.iter().find(|(method, path, _)| row.method == *method && row.path == *path);
        let Some((_, _, access)) = found else {
            let _ = writeln!(complaints, "not served any more:\n- {} {}", row.cells, row.what());
            continue;
        };
        let is = cast.ask(&row, *access).await;
        if row.cells.is_empty() {
            let _ = writeln!(complaints, "not in the table:\n+ {is} {}", row.what());
        } else if is != row.cells {
            let _ = writeln!(complaints, "otherwise:\n- {} {}\n+ {is} {}", row.cells, row.what(), row.what());
        }
    }
    assert!(complaints.is_empty(), "tests/it/access.txt and the server differ.\n{}\n\n{complaints}", ROLES.join(" "));
}

#[test]
fn no_route_is_in_the_table_twice() {
    let mut seen = BTreeSet::new();
    for row in rows() {
        assert!(seen.insert(row.what()), "{}", row.what());
    }
}

#[test]
fn only_what_has_to_be_is_open() {
    let open: Vec<String> = paas_web::endpoints()
        .into_iter()
        .filter(|(_, _, access)| matches!(access, Access::Open | Access::Secret | Access::Machine))
        .map(|(method, path, access)| format!("{access:?} {method} {path}"))
        .collect();
    assert_eq!(
        open,
        [
            "Open POST /auth",
            "Secret GET /auth/browser/{secret}",
            "Secret POST /auth/browser/{secret}",
            "Secret GET /auth/cli/{secret}",
            "Open GET /buildpacks",
            "Open GET /buildpacks/{buildpack}",
            "Open GET /healthz",
            "Open GET /",
            "Secret GET /join/{secret}",
            "Secret POST /join/{secret}",
            "Open GET /hosts/join.sh",
            "Machine POST /hosts/join",
            "Machine POST /hosts/{host}/certificate",
            "Open GET /openapi.json",
            "Open GET /oauth/authorize",
            "Open POST /oauth/authorize",
            "Open POST /oauth/token",
            "Open POST /oauth/tokens",
            "Open POST /password-resets",
            "Secret POST /password-resets/{secret}/actions/finalize",
            "Secret GET /reset/{secret}",
            "Secret POST /reset/{secret}",
            "Secret GET /slugs/{secret}",
            "Secret PUT /slugs/{secret}",
            "Secret PUT /sources/{secret}",
            "Secret GET /sources/{secret}",
            "Secret GET /streams/builds/{secret}",
            "Secret GET /streams/logs/{secret}",
            "Secret GET /streams/releases/{secret}",
        ]
    );
}

#[tokio::test]
async fn an_unknown_app_is_not_found_on_every_endpoint() {
    let api = Api::new().await;
    for (method, path, access) in paas_web::endpoints() {
        if !matches!(access, Access::App(_)) {
            continue;
        }
        let answer = api.call(method.clone(), &filled(path, "nobodys-app"), json!({})).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{method} {path}");
        assert_eq!(answer.json()["message"], "Couldn't find that app.", "{method} {path}");
    }
}

#[tokio::test]
async fn a_refusal_tells_the_stranger_nothing_and_the_collaborator_what_is_missing() {
    let mut cast = Cast::new().await;
    let app = cast.app().await;
    let mut refused = Vec::new();
    for (role, id_or_name) in [(1, app.name.to_string()), (1, app.id.to_string()), (2, app.name.to_string())] {
        let path = format!("/apps/{id_or_name}/builds");
        let call = request(Method::POST, &path, cast.tokens[role].as_ref()).body(Body::empty()).unwrap();
        let answer = cast.api.send(call).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        refused.push(answer.json());
    }
    let stranger = json!({"id": "forbidden", "message": "You do not have access to the app example-1."});
    let viewer = json!({
        "id": "forbidden",
        "message": "This needs the permission deploy for the app example-1, and you have view. \
                    Whoever manages the app can give it to you.",
    });
    assert_eq!(refused, [stranger.clone(), stranger, viewer]);
}

#[tokio::test]
async fn apps_are_listed_for_those_who_may_see_them() {
    let mut cast = Cast::new().await;
    let shared = cast.app().await;
    cast.api.app("of-the-platform").await;
    let mut seen = Vec::new();
    for (role, token) in ROLES.into_iter().zip(cast.tokens.clone()).skip(1) {
        for path in ["/apps", "/users/~/apps"] {
            let call = request(Method::GET, path, token.as_ref()).body(Body::empty()).unwrap();
            let answer = cast.api.send(call).await.json();
            let names: Vec<_> = answer.as_array().unwrap().iter().map(|app| app["name"].as_str().unwrap()).collect();
            seen.push(format!("{role} {path}: {}", names.join(" ")));
        }
    }
    let name = shared.name.as_str();
    let mut want = vec!["other /apps: ".to_owned(), "other /users/~/apps: ".to_owned()];
    for role in &ROLES[2..7] {
        want.extend([format!("{role} /apps: {name}"), format!("{role} /users/~/apps: {name}")]);
    }
    want.extend([
        format!("platform /apps: {name} of-the-platform"),
        "platform /users/~/apps: of-the-platform".to_owned(),
    ]);
    assert_eq!(seen, want);
    let path = "/users/owner-of-app@example.com/apps";
    let call = request(Method::GET, path, cast.tokens[1].as_ref()).body(Body::empty()).unwrap();
    assert_eq!(cast.api.send(call).await.status, StatusCode::NOT_FOUND);
}
