//! What Heroku's description of its API says, restated as data: its links, and what they answer with. Every good answer
//! that a test gets is held to it, and every answer at all to the server's own description of its API.
//!
//! In `schema/links.json` a link's last item is what it answers with: `"app"` for what `app.json` describes, `["app"]` for
//! a list of that, `{}` for nothing, `null` where Heroku does not say.

use std::{fs, path::PathBuf, sync::LazyLock};

use axum::http::{Method, StatusCode};
use jsonschema::Validator;
use serde_json::{Map, Value, json};

/// What Heroku's API says that is deliberately not so here: of which resource, which part of its schema, and why.
const OTHERWISE: [(&str, &str, &str); 8] = [
    ("domain", "/properties/hostname/format", "A host's name is no URI, at Heroku's neither."),
    ("oauth-token", "/required", "The grant is used up, and its code is not told again."),
    ("oauth-token", "/properties/client/required", "Whoever asks has sent the secret, and does not get it back."),
    ("oauth-token", "/properties/grant/type", "One that has ended is shown as the authorization that it was."),
    ("oauth-token", "/properties/refresh_token/type", "One that has ended cannot be renewed."),
    ("oauth-token", "/properties/session/type", "A web app's token belongs to no session."),
    ("password-reset", "/properties/user/required", "Whether there is such an account is not told."),
    ("region", "/properties/provider/properties/region/enum", "Whoever runs the server names its region."),
];

/// One of the links that Heroku's API consists of.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    pub(crate) method: Method,
    /// With the names of its variable parts in braces, which are not ours.
    pub(crate) path: String,
    pub(crate) resource: String,
    pub(crate) title: String,
    answer: Value,
}

/// All of them, as Heroku orders them.
pub(crate) fn links() -> &'static [Link] {
    static LINKS: LazyLock<Vec<Link>> = LazyLock::new(|| {
        let rows: Vec<(String, String, String, String, Value)> = serde_json::from_str(&read("links")).unwrap();
        let link = |(method, path, resource, title, answer): (String, String, String, String, Value)| Link {
            method: method.parse().unwrap(),
            path,
            resource,
            title,
            answer,
        };
        rows.into_iter().map(link).collect()
    });
    &LINKS
}

impl Link {
    /// `GET /apps/{app}`
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// The path of the endpoint that serves it.
    pub(crate) fn endpoint(&self) -> Option<&'static str> {
        let is_it = |method: &Method, path: &str| *method == self.method && shape(path) == shape(&self.path);
        paas_web::endpoints().into_iter().find_map(|(method, path, _)| is_it(&method, path).then_some(path))
    }

    /// Whether the endpoint that serves it does nothing but refuse.
    pub(crate) fn is_refused(&self) -> bool {
        let answers = |status: &String| status.starts_with('2');
        self.endpoint().is_some_and(|path| !described(&self.method, path).keys().any(answers))
    }
}

/// Fails when an answer is not what Heroku's description, or our own, says. Returns the endpoint's path.
pub(crate) fn check(
    method: &Method,
    path: &str,
    status: StatusCode,
    kind: Option<&str>,
    text: &str,
) -> Option<&'static str> {
    let endpoint = endpoint_of(method, path)?;
    let what = format!("{method} {endpoint}");
    let described = described(method, endpoint);
    let response = match described.get(status.as_str()) {
        Some(response) => response,
        None if !status.is_success() => &described["default"],
        None => panic!("{what} answered {status}, which its endpoint's contract does not say"),
    };
    if kind != Some("application/json") {
        return Some(endpoint);
    }
    let body: Value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{what}: {error}: {text}"));
    let response = match response["$ref"].as_str() {
        Some(reference) => document().pointer(&reference[1..]).unwrap(),
        None => response,
    };
    let schema = &response["content"]["application/json"]["schema"];
    assert!(!schema.is_null(), "{what} answered with JSON, which its endpoint's contract does not say: {text}");
    let whole = json!({ "allOf": [schema], "components": document()["components"] });
    hold(&what, "what its endpoint's contract says", &validator(&whole), &body);
    if status.is_success() {
        let is_it = |link: &&Link| link.method == *method && shape(&link.path) == shape(endpoint);
        links().iter().filter(is_it).for_each(|link| hold_to_herokus(&what, &link.answer, &body));
    }
    Some(endpoint)
}

fn hold_to_herokus(what: &str, answer: &Value, body: &Value) {
    const SAYS: &str = "what Heroku's API says";
    match answer {
        Value::String(resource) => hold(what, SAYS, &of_resource(resource), body),
        Value::Array(resources) => {
            let items = body.as_array().unwrap_or_else(|| panic!("{what} is a list at Heroku's: {body}"));
            // What there is none of needs no description.
            if let (Some(resource), false) = (resources[0].as_str(), items.is_empty()) {
                let validator = of_resource(resource);
                items.iter().for_each(|item| hold(what, SAYS, &validator, item));
            }
        }
        Value::Object(_) => assert_eq!(body, &json!({}), "{what}"),
        _ => {}
    }
}

fn hold(what: &str, says: &str, validator: &Validator, body: &Value) {
    let wrong: Vec<String> =
        validator.iter_errors(body).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(wrong.is_empty(), "{what} is not {says}:\n{}\n{body:#}", wrong.join("\n"));
}

fn of_resource(resource: &str) -> Validator {
    let mut schema: Value = serde_json::from_str(&read(resource)).unwrap();
    for (_, part, _reason) in OTHERWISE.iter().filter(|(of, ..)| *of == resource) {
        let (holder, name) = part.rsplit_once('/').unwrap();
        let removed = schema.pointer_mut(holder).and_then(|holder| holder.as_object_mut()?.remove(name));
        assert!(removed.is_some(), "{resource} has no {part}");
    }
    validator(&schema)
}

fn validator(schema: &Value) -> Validator {
    jsonschema::options().should_validate_formats(true).build(schema).unwrap()
}

fn read(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/it/schema/{name}.json"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}; describe the resource there", path.display()))
}

fn document() -> &'static Value {
    static DOCUMENT: LazyLock<Value> = LazyLock::new(paas_web::openapi);
    &DOCUMENT
}

/// The answers that the endpoint's contract has, by status.
fn described(method: &Method, endpoint: &str) -> &'static Map<String, Value> {
    document()["paths"][endpoint][method.as_str().to_ascii_lowercase()]["responses"].as_object().unwrap()
}

/// The endpoint that a request goes to: where two would do, the one with fewer variable parts.
fn endpoint_of(method: &Method, path: &str) -> Option<&'static str> {
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    let fits = |pattern: &str| {
        let same = |(pattern, part): (&str, &str)| pattern == part || pattern.starts_with('{');
        pattern.split('/').count() == path.split('/').count() && pattern.split('/').zip(path.split('/')).all(same)
    };
    let all = paas_web::endpoints().into_iter().filter(|(of, pattern, _)| of == method && fits(pattern));
    all.map(|(_, pattern, _)| pattern).min_by_key(|pattern| pattern.matches('{').count())
}

/// The path with the names of its variable parts left out.
pub(crate) fn shape(path: &str) -> String {
    let part = |part: &str| if part.starts_with('{') { "{}".to_owned() } else { part.to_owned() };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}
