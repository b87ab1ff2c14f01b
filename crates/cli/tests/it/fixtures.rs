//! Objects as the server sends them.

use serde_json::{Value, json};

const TIME: &str = "2026-01-02T03:04:05Z";

pub(crate) fn id(number: u32) -> String {
    format!("01234567-89ab-cdef-0123-{number:012}")
}

pub(crate) fn account() -> Value {
    json!({
        "allow_tracking": false, "beta": false, "country_of_residence": null, "created_at": TIME,
        "default_organization": null, "default_team": null, "delinquent_at": null, "email": "owner@example.com",
        "federated": false, "id": id(1), "identity_provider": null, "last_login": null, "name": null, "sms_number": null,
        "suspended_at": null, "two_factor_authentication": false, "updated_at": TIME, "verified": true,
    })
}

pub(crate) fn app(name: &str) -> Value {
    let named = |name: &str| json!({ "id": id(2), "name": name });
    json!({
        "acm": false, "archived_at": null, "build_stack": named("paas-13"), "buildpack_provided_description": "Node.js",
        "create_status": "complete", "created_at": TIME, "generation": named("cedar"),
        "git_url": format!("https://localhost:5443/{name}.git"), "id": id(3), "internal_routing": false,
        "maintenance": false, "name": name, "organization": null, "owner": { "id": id(1), "email": "owner@example.com" },
        "region": named("local"), "released_at": TIME, "repo_size": 4096, "slug_size": 12_000_000, "space": null,
        "stack": named("paas-13"), "team": null, "updated_at": TIME,
        "web_url": format!("http://{name}.localhost:8080/"),
    })
}

pub(crate) fn dyno(name: &str, state: &str, version: i32) -> Value {
    let kind = name.split('.').next().unwrap_or(name);
    json!({
        "app": { "id": id(3), "name": "demo" }, "attach_url": null, "command": format!("npm run {kind}"),
        "created_at": TIME, "id": id(4), "name": name, "release": { "id": id(5), "version": version },
        "size": "Standard-1X", "state": state, "type": kind, "updated_at": TIME,
    })
}

pub(crate) fn formation(kind: &str, quantity: u32, size: &str) -> Value {
    json!({
        "app": { "id": id(3), "name": "demo" }, "command": format!("npm run {kind}"), "created_at": TIME,
        "dyno_size": { "id": id(6), "name": size }, "id": id(7), "quantity": quantity, "size": size, "type": kind,
        "updated_at": TIME,
    })
}

pub(crate) fn release(version: u32, description: &str, status: &str, current: bool) -> Value {
    json!({
        "addon_plan_names": [], "app": { "id": id(3), "name": "demo" }, "artifacts": [], "created_at": TIME,
        "current": current, "description": description, "eligible_for_rollback": version > 2 && status == "succeeded",
        "id": id(100 + version), "output_stream_url": null, "slug": null, "status": status, "updated_at": TIME,
        "user": { "id": id(1), "email": "owner@example.com" }, "version": version,
    })
}

pub(crate) fn build(number: u32, status: &str) -> Value {
    json!({
        "app": { "id": id(3) }, "buildpacks": [{ "name": "heroku/nodejs", "url": "urn:buildpack:heroku/nodejs" }],
        "created_at": format!("2026-01-02T03:04:{number:02}Z"), "generation": "cedar", "id": id(200 + number),
        "output_stream_url": "BASE/output/secret", "release": null, "slug": null,
        "source_blob": { "checksum": null, "url": "https://example.com/x.tgz", "version": "7894b4129a8c", "version_description": null },
        "stack": "paas-13", "status": status, "updated_at": TIME, "user": { "id": id(1), "email": "owner@example.com" },
    })
}

pub(crate) fn buildpacks(names: &[&str]) -> Value {
    let one = |(ordinal, name): (usize, &&str)| json!({ "ordinal": ordinal, "buildpack": { "name": name, "url": format!("urn:buildpack:{name}") } });
    names.iter().enumerate().map(one).collect()
}

pub(crate) fn log_session() -> Value {
    json!({ "created_at": TIME, "id": id(8), "logplex_url": "BASE/logs/secret", "updated_at": TIME })
}

pub(crate) fn error(id: &str, message: &str, resource: Option<&str>) -> Value {
    match resource {
        Some(resource) => json!({ "id": id, "message": message, "resource": resource }),
        None => json!({ "id": id, "message": message }),
    }
}
