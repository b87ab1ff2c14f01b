//! The description of the API, made from the list of endpoints: OpenAPI 3.1.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use paas_model::Permission;
use paas_platform::{ApiErrorBody, ListRange, MEDIA_TYPE};
use schemars::{
    Schema, SchemaGenerator,
    generate::{Contract as Side, SchemaSettings},
};
use serde_json::{Map, Value, json};

use crate::{
    contract::{Answer, SchemaOf, Taken, schema_of},
    endpoint::{Access, Endpoint},
    routes,
};

/// What is served, for programs: paths, bodies, answers, and who may call.
#[must_use]
pub fn openapi() -> Value {
    let mut schemas = Schemas::new();
    let mut paths = Map::new();
    for endpoint in routes::all() {
        let operation = operation(&endpoint, &mut schemas);
        let path =
            paths.entry(endpoint.path).or_insert_with(|| json!({ "parameters": path_parameters(endpoint.path) }));
        path[endpoint.method.as_str().to_ascii_lowercase()] = operation;
    }
    let tags: BTreeSet<&str> = routes::all().iter().map(|endpoint| tag(endpoint.path)).collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Platform API",
            "version": env!("CARGO_PKG_VERSION"),
            "description": format!(
                "Heroku's Platform API, version 3, and beside it hosts, pools and placement. Requests name the version: \
                 `Accept: {MEDIA_TYPE}`. Clients ignore fields that they do not know."
            ),
        },
        "servers": [{ "url": "/" }],
        "security": [{ "bearer": [] }, { "basic": [] }],
        "tags": tags.into_iter().map(|name| json!({ "name": name })).collect::<Vec<_>>(),
        "paths": paths,
        "components": {
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer" },
                "basic": { "type": "http", "scheme": "basic", "description": "The password is a token; any user name." },
            },
            "responses": { "Error": {
                "description": "What went wrong. `id` is for programs, `message` for people.",
                "content": { "application/json": { "schema": schemas.answer(schema_of::<ApiErrorBody>) } },
            } },
            "schemas": schemas.definitions(),
        },
    })
}

/// Requests and answers of one type differ: what the server fills in when it is missing is always in an answer. So
/// answers are named, once each, and bodies are written out where they are taken.
struct Schemas {
    answers: SchemaGenerator,
    bodies: SchemaGenerator,
}

impl Schemas {
    fn new() -> Self {
        let settings = |side: Side| {
            SchemaSettings::draft2020_12().with(|settings| {
                settings.contract = side;
                settings.definitions_path = "/components/schemas".into();
                settings.inline_subschemas = settings.contract == Side::Deserialize;
                settings.meta_schema = None;
            })
        };
        Self {
            answers: SchemaGenerator::new(settings(Side::Serialize)),
            bodies: SchemaGenerator::new(settings(Side::Deserialize)),
        }
    }

    fn answer(&mut self, of: SchemaOf) -> Schema {
        of(&mut self.answers)
    }

    fn body(&mut self, of: SchemaOf) -> Schema {
        of(&mut self.bodies)
    }

    fn definitions(&mut self) -> Map<String, Value> {
        self.answers.take_definitions(true)
    }
}

fn operation(endpoint: &Endpoint, schemas: &mut Schemas) -> Value {
    let mut operation = json!({
        "operationId": operation_id(endpoint),
        "tags": [tag(endpoint.path)],
        "responses": responses(endpoint, schemas),
        "x-access": access(endpoint.access),
    });
    if !matches!(endpoint.access, Access::Account | Access::App(_) | Access::Owner) {
        operation["security"] = json!([]);
    }
    let mut parameters = endpoint.contract.query.map_or_else(Vec::new, |of| query_parameters(&schemas.body(of)));
    if matches!(endpoint.contract.answer, Some(Answer::List(_))) {
        parameters.push(json!({
            "name": "Range", "in": "header", "schema": { "type": "string" },
            "description": format!(
                "`KEY START..END; max=N, order=desc`, every part optional; `]START` and `END[` leave the bound itself out. \
                 Pages have {} items unless `max`, at most {}, says otherwise.",
                ListRange::DEFAULT_MAX, ListRange::HIGHEST_MAX
            ),
        }));
    }
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    match endpoint.contract.body {
        Some(Taken::Json(of)) => {
            operation["requestBody"] = json!({ "content": { "application/json": { "schema": schemas.body(of) } } });
        }
        Some(Taken::Bytes(media_type)) => operation["requestBody"] = json!({ "content": { media_type: {} } }),
        Some(Taken::Nothing) | None => {}
    }
    operation
}

fn responses(endpoint: &Endpoint, schemas: &mut Schemas) -> Value {
    let json_of = |description: &str, schema: &Value| json!({ "description": description, "content": { "application/json": { "schema": schema } } });
    let mut responses = Map::new();
    if let Some(answer) = endpoint.contract.answer
        && let Some(status) = answer.status()
    {
        let reason = status.canonical_reason().unwrap_or_default();
        let response = match answer {
            Answer::Json(_, of) => json_of(reason, &schemas.answer(of).into()),
            Answer::Accepted => json_of(reason, &json!({ "type": "object", "additionalProperties": false })),
            Answer::Bytes(kinds) => {
                let content: Map<_, _> = kinds.iter().map(|kind| ((*kind).to_owned(), json!({}))).collect();
                json!({ "description": reason, "content": content })
            }
            Answer::List(of) => {
                let list = json_of(reason, &json!({ "type": "array", "items": schemas.answer(of) }));
                let mut page = list.clone();
                page["description"] = "A page; `Next-Range` is the `Range` of the next one".into();
                page["headers"] = json!({ "Next-Range": { "required": true, "schema": { "type": "string" } } });
                responses.insert(StatusCode::PARTIAL_CONTENT.as_str().to_owned(), page);
                list
            }
            Answer::Nothing(_) | Answer::Refusal => json!({ "description": reason }),
        };
        responses.insert(status.as_str().to_owned(), response);
    }
    responses.insert("default".to_owned(), json!({ "$ref": "#/components/responses/Error" }));
    responses.into()
}

fn path_parameters(path: &str) -> Vec<Value> {
    names(path)
        .map(|name| {
            let description = match name {
                "secret" => "Proof of the right to call it, out of a URL that the API gave out.",
                _ => "A name or an id.",
            };
            let schema = json!({ "type": "string", "minLength": 1 });
            json!({ "name": name, "in": "path", "required": true, "description": description, "schema": schema })
        })
        .collect()
}

fn query_parameters(schema: &Schema) -> Vec<Value> {
    let properties = schema.get("properties").and_then(Value::as_object);
    let required = schema.get("required").and_then(Value::as_array);
    let is_required = |name: &String| required.is_some_and(|names| names.iter().any(|one| one == name));
    let parameter = |(name, schema): (&String, &Value)| json!({ "name": name, "in": "query", "required": is_required(name), "schema": schema });
    properties.into_iter().flatten().map(parameter).collect()
}

/// `post_apps_app_builds` for `POST /apps/{app}/builds`.
fn operation_id(endpoint: &Endpoint) -> String {
    let words = endpoint.path.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let method = endpoint.method.as_str().to_ascii_lowercase();
    [method.as_str()].into_iter().chain(words).collect::<Vec<_>>().join("_")
}

/// The noun: the last fixed part of the path before an action on it.
fn tag(path: &str) -> &str {
    let path = path.split_once("/actions/").map_or(path, |(noun, _)| noun);
    path.rsplit('/').find(|part| !part.is_empty() && !part.starts_with('{')).unwrap_or("home")
}

fn names(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

/// Who may call: of an app's permissions, any of these.
fn access(access: Access) -> Value {
    match access {
        Access::Open => json!("anybody"),
        Access::Secret => json!("whoever has the URL"),
        Access::Account => json!("account"),
        Access::App(any) => json!({ "app": any.iter().copied().map(Permission::name).collect::<Vec<_>>() }),
        Access::Owner => json!("the installation's owner"),
        Access::Machine => json!("machine"),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Method;

    use super::*;

    #[test]
    fn every_endpoint_says_what_it_takes_and_returns() {
        let missing: Vec<String> = routes::all()
            .iter()
            .flat_map(|endpoint| {
                let line = |add| format!("{} {}: add {add}", endpoint.method, endpoint.path);
                unsaid(endpoint).into_iter().map(line).collect::<Vec<_>>()
            })
            .collect();
        let hint = "A wire type gets its schema by #[cfg_attr(feature = \"schema\", derive(schemars::JsonSchema))].";
        assert!(
            missing.is_empty(),
            "say it where the endpoint is listed, in routes/*.rs:\n{}\n{hint}",
            missing.join("\n")
        );
    }

    #[test]
    fn operations_have_names_of_their_own() {
        let all = routes::all();
        let ids: BTreeSet<_> = all.iter().map(operation_id).collect();
        assert_eq!(ids.len(), all.len());
        assert_eq!(tag("/apps/{app}/dynos/{dyno}/actions/stop"), "dynos");
        assert_eq!(tag("/"), "home");
    }

    #[test]
    fn every_reference_leads_to_a_definition() {
        fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
            match value {
                Value::Object(map) => {
                    found.extend(map.get("$ref").and_then(Value::as_str));
                    map.values().for_each(|inner| references(inner, found));
                }
                Value::Array(list) => list.iter().for_each(|inner| references(inner, found)),
                _ => {}
            }
        }
        let document = openapi();
        let mut found = Vec::new();
        references(&document, &mut found);
        assert!(found.len() > 100, "{}", found.len());
        for reference in found {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{reference}");
        }
    }

    #[test]
    fn what_is_filled_in_is_optional_in_a_body_and_certain_in_an_answer() {
        let document = openapi();
        let app = &document["components"]["schemas"]["App"];
        assert!(app["required"].as_array().unwrap().contains(&json!("create_status")), "{app}");
        let create = &document["paths"]["/apps"]["post"];
        let body = &create["requestBody"]["content"]["application/json"]["schema"];
        assert_eq!(
            (&body["required"], &body["properties"]["name"]["type"]),
            (&Value::Null, &json!(["string", "null"]))
        );
        assert_eq!(
            create["responses"]["201"]["content"]["application/json"]["schema"]["$ref"],
            "#/components/schemas/App"
        );
        assert_eq!(
            document["paths"]["/apps/{app}/config-vars"]["get"]["x-access"],
            json!({"app": ["deploy", "operate"]})
        );
    }

    /// What is missing from an endpoint's contract, as the code that would say it.
    fn unsaid(endpoint: &Endpoint) -> Vec<&'static str> {
        let takes = matches!(endpoint.method, Method::POST | Method::PUT | Method::PATCH);
        let body = (takes && endpoint.contract.body.is_none())
            .then_some(".takes::<wire::Body>(), .takes_bytes(\"MEDIA/TYPE\") or .takes_nothing()");
        let answer = endpoint.contract.answer.is_none().then_some(
            ".returns::<wire::Answer>(StatusCode::OK or CREATED), .lists::<wire::Item>(), .returns_accepted(), \
             .returns_bytes(&[\"MEDIA/TYPE\"]), .returns_nothing(StatusCode::…) or .returns_errors()",
        );
        body.into_iter().chain(answer).collect()
    }
}
