//! Requests that are made up from the API's description of itself are never answered with an error of the server's own.

use std::{env, fs, path::PathBuf, process::Command};

use serde_json::{Value, json};

use crate::harness::{Platform, run};

/// Seconds for all of it.
const BUDGET: &str = "90";
/// Seconds. A request that takes longer hangs: the server gives up on its own work after 30.
const PATIENCE: &str = "40";
/// The same requests every time.
const SEED: &str = "20260101";

/// A verb that a path is not described with must be one that it does not have: what always refuses is left out.
const SETTINGS: &str = "[phases.coverage]\nunexpected-methods = [\"TRACE\", \"OPTIONS\"]\n";

#[test]
fn no_request_that_can_be_made_up_is_an_error_of_the_servers() {
    let platform = Platform::start();
    // Without code: dynos by the dozen would be for real here.
    for app in ["fuzzed", "victim"] {
        platform.paas(&["create", app, "--no-remote"]).ok();
    }
    let description = platform.directory.join("openapi.json");
    let served: Value = serde_json::from_str(&platform.api("/openapi.json").ok()).expect("it is JSON");
    fs::write(&description, aimed(served).to_string()).expect("the directory is ours");
    let token = platform.paas(&["auth:token"]).ok().stdout;

    let settings = platform.directory.join("schemathesis.toml");
    fs::write(&settings, SETTINGS).expect("the directory is ours");
    let mut command = Command::new(program());
    command.arg("--config-file").arg(&settings);
    command.args(["run", "--checks", "not_a_server_error", "--phases", "examples,coverage,fuzzing"]);
    command.args(["--continue-on-failure", "--max-time", BUDGET, "--request-timeout", PATIENCE, "--seed", SEED]);
    command.args([
        "--no-color",
        "--url",
        &platform.api_url(),
        "-H",
        &format!("Authorization: Bearer {}", token.trim()),
    ]);
    // It keeps what it found in the folder that it runs in.
    command.arg(&description).current_dir(&platform.directory);
    let ran = run(&mut command);
    println!("{ran}");
    assert_eq!(ran.status, Some(0), "{ran}");

    // It has met a server that does what it is asked, and left it whole.
    let apps: u32 = platform.sql("select count(*) from apps").parse().expect("a number");
    assert!(apps > 2, "no request made anything: {apps} apps");
    assert!(platform.is_healthy());
}

/// The description with names of things that there are in the place of any names at all, or most requests would be for
/// nothing. What ends or renames an app is aimed at another one than all else. What always refuses is left out: 501 is
/// its proper answer.
fn aimed(mut description: Value) -> Value {
    let paths = description["paths"].as_object_mut().expect("a description has paths");
    for (path, operations) in paths {
        for parameter in operations["parameters"].as_array_mut().into_iter().flatten() {
            let names = match parameter["name"].as_str().unwrap_or_default() {
                "app" if path == "/apps/{app}" => json!(["victim"]),
                "app" => json!(["fuzzed"]),
                "release" => json!(["1", "v2", "v999"]),
                "type" => json!(["web", "worker"]),
                "user" => json!(["~"]),
                _ => continue,
            };
            parameter["schema"]["enum"] = names;
        }
        let operations = operations.as_object_mut().expect("a path has operations");
        operations.retain(|_, operation| operation["responses"].as_object().is_none_or(|answers| answers.len() > 1));
        for operation in operations.values_mut().filter_map(Value::as_object_mut) {
            // It makes up JSON only.
            if operation.get("requestBody").is_some_and(|body| body["content"]["application/json"].is_null()) {
                operation.remove("requestBody");
            }
        }
    }
    description
}

/// `PAAS_TEST_SCHEMATHESIS`, where `./dev test` installs it.
fn program() -> PathBuf {
    env::var_os("PAAS_TEST_SCHEMATHESIS").map_or_else(|| "schemathesis".into(), PathBuf::from)
}
