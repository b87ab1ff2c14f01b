//! Objects as the server sends them.

use serde_json::{Value, json};

pub(crate) const TIME: &str = "2026-01-02T03:04:05Z";

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
        "stages": { "compile": 12_345, "later": 1, "receive": 321, "route": 7, "run": 12_400, "start": 700, "unpack": 40 },
    })
}

pub(crate) fn buildpacks(names: &[&str]) -> Value {
    let one = |(ordinal, name): (usize, &&str)| json!({ "ordinal": ordinal, "buildpack": { "name": name, "url": format!("urn:buildpack:{name}") } });
    names.iter().enumerate().map(one).collect()
}

pub(crate) fn host(name: &str, state: &str, dynos: u32) -> Value {
    json!({
        "address": "10.0.0.5", "builds": 0, "certificate_expires_at": TIME, "cpu_used_millis": dynos * 50, "cpus": 4,
        "created_at": TIME, "drain_requested": state == "draining", "dynos": dynos, "engine_version": "28.3.1",
        "fault": null, "id": id(9), "image": "ami-0123", "instance_type": "m6i.xlarge", "labels": { "disk": "ssd" },
        "machine_id": "i-0123", "memory_mb": 15_360, "memory_used_mb": dynos * 512, "name": name,
        "pool": { "id": id(10), "name": "main" }, "price_per_hour": 0.192, "reason": null, "seen_at": TIME,
        "since": TIME, "spot": true, "state": state, "zone": "eu-central-1a",
    })
}

pub(crate) fn pool(name: &str, hosts: u32) -> Value {
    json!({
        "created_at": TIME, "disk_gb": 50, "hosts": hosts, "id": id(10), "image": "ami-0123", "instance_profile": null,
        "key_name": "ops", "labels": { "disk": "ssd" }, "last_error": null, "launch_after": null, "max": 5, "min": 1,
        "name": name, "purchase": "spot_first", "replace_outdated": true, "security_groups": ["sg-0123"],
        "subnets": { "eu-central-1a": "subnet-0123" }, "types": ["m6i.large", "m6i.xlarge"], "updated_at": TIME,
        "zones": ["eu-central-1a", "eu-central-1b"],
    })
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

pub(crate) fn domain(hostname: &str, kind: &str, endpoint: Option<&str>) -> Value {
    let cname = (kind == "custom").then_some("calm-shore-01234.dns.localhost");
    json!({
        "acm_status": null, "acm_status_reason": null, "app": { "id": id(3), "name": "demo" }, "cname": cname,
        "created_at": TIME, "hostname": hostname, "id": id(300), "kind": kind,
        "sni_endpoint": endpoint.map(|name| json!({ "id": id(301), "name": name })), "status": "none", "updated_at": TIME,
    })
}

pub(crate) fn sni_endpoint(name: &str) -> Value {
    json!({
        "app": { "id": id(3), "name": "demo" }, "certificate_chain": "-----BEGIN CERTIFICATE-----", "created_at": TIME,
        "display_name": null, "domains": [id(300)], "id": id(301), "name": name, "updated_at": TIME,
        "ssl_cert": {
            "acm": false, "ca_signed?": true, "cert_domains": ["www.example.com", "*.example.org"],
            "expires_at": "2999-01-02T03:04:05Z", "id": id(302), "issuer": "/C=US/O=Example/CN=Example CA",
            "self_signed?": false, "starts_at": TIME, "subject": "/CN=www.example.com",
        },
    })
}

pub(crate) fn drain(url: &str) -> Value {
    json!({
        "addon": null, "app": { "id": id(3), "name": "demo" }, "created_at": TIME, "id": id(303),
        "token": format!("d.{}", id(304)), "updated_at": TIME, "url": url,
    })
}

pub(crate) fn feature(name: &str, state: &str, enabled: bool) -> Value {
    json!({
        "created_at": TIME, "description": format!("What {name} does."), "display_name": name, "doc_url": "https://localhost:5443/",
        "enabled": enabled, "feedback_email": "owner@example.com", "id": id(305), "name": name, "state": state,
        "updated_at": TIME,
    })
}
