//! `examples.json` holds one example of each resource, made from the examples in Heroku's public API description. Each
//! must come out of our types as it went in: no field is missing, renamed, retyped or reformatted.

use paas_platform::{
    Account, App, AppTransfer, Authorization, Build, BuildpackInstallation, Collaborator, Dyno, DynoSize, Formation,
    LogSession, RateLimit, Region, Release, Slug, Source, Stack,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

#[test]
fn every_resource_reads_and_writes_herokus_own_example() {
    let mut examples: serde_json::Map<String, Value> = serde_json::from_str(include_str!("examples.json")).unwrap();
    // Not in the description; Heroku's CLI wants it.
    examples["app"]["create_status"] = json!("complete");
    // Ours alone.
    examples["build"]["stages"] = json!({ "compile": 1200 });
    same::<Account>(&examples["account"]);
    same::<App>(&examples["app"]);
    same::<AppTransfer>(&examples["app-transfer"]);
    same::<Build>(&examples["build"]);
    same::<BuildpackInstallation>(&examples["buildpack-installation"]);
    same::<Collaborator>(&examples["collaborator"]);
    same::<Dyno>(&examples["dyno"]);
    same::<DynoSize>(&examples["dyno-size"]);
    same::<Formation>(&examples["formation"]);
    same::<LogSession>(&examples["log-session"]);
    same::<Authorization>(&examples["oauth-authorization"]);
    same::<RateLimit>(&examples["rate-limit"]);
    same::<Region>(&examples["region"]);
    same::<Release>(&examples["release"]);
    same::<Slug>(&examples["slug"]);
    same::<Source>(&examples["source"]);
    same::<Stack>(&examples["stack"]);
}

fn same<T: Serialize + DeserializeOwned>(example: &Value) {
    let name = std::any::type_name::<T>();
    let read: T = serde_json::from_value(example.clone()).unwrap_or_else(|error| panic!("{name}: {error}"));
    let written = serde_json::to_value(&read).expect("it was JSON before");
    assert_eq!(with_real_numbers(written), with_real_numbers(example.clone()), "{name}");
}

/// JSON does not tell 1 from 1.0; `Value` does.
fn with_real_numbers(value: Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64()),
        Value::Array(list) => list.into_iter().map(with_real_numbers).collect(),
        Value::Object(map) => map.into_iter().map(|(key, value)| (key, with_real_numbers(value))).collect(),
        other => other,
    }
}
