//! Scripts with Heroku's API clients, as they are published, run an app's whole life here. What they say is checked from
//! outside after each step.

use std::{env, ffi::OsStr, fs, path::PathBuf, process::Command};

use serde_json::Value;

use crate::harness::{Platform, Receiver, SERVER, Script, WEB, eventually, run, seconds};

const APP: &str = "hello";
const DOMAIN: &str = "hello.example.com";

#[test]
fn a_script_with_heroku_client_of_npm_runs_an_apps_life() {
    let Some(modules) = installed("heroku-client", "PAAS_TEST_HEROKU_CLIENT") else { return };
    an_apps_life(OsStr::new("node"), "lifecycle.js", &[("NODE_PATH", modules.as_os_str())]);
}

#[test]
fn a_script_with_heroku3_of_pypi_runs_an_apps_life() {
    let Some(python) = installed("heroku3", "PAAS_TEST_HEROKU3") else { return };
    an_apps_life(python.as_os_str(), "lifecycle.py", &[]);
}

/// What `./dev test` has put in place; `None` where it could not: the registry is out of reach.
fn installed(client: &str, variable: &str) -> Option<PathBuf> {
    let path = env::var_os(variable).map(PathBuf::from).filter(|path| path.exists());
    if path.is_none() {
        eprintln!("SKIPPED: there is no {client} here ({variable}): npm or PyPI could not be reached");
    }
    path
}

fn an_apps_life(interpreter: &OsStr, file: &str, variables: &[(&str, &OsStr)]) {
    let platform = Platform::start_with(&[("PAAS_DRAIN_ALLOW", Receiver::NETWORK)]);
    let receiver = Receiver::start();
    let sources = ["one", "two"].map(|version| source(&platform, version));
    let arguments = [APP, DOMAIN, &receiver.url, &platform.buildpack].map(OsStr::new);
    let arguments = [&arguments[..], &sources.each_ref().map(|source| source.as_os_str())].concat();
    let mut script = Script::start(&platform, interpreter, file, &arguments, variables);

    let said = script.has("created");
    assert_eq!(said["id"], platform.sql("select id from apps where name = 'hello'"));
    assert_eq!(said["stack"], platform.sql("select stack from apps"));
    assert_eq!(said["config"], serde_json::json!({"GREETING": "hello"}));
    assert_eq!(platform.paas(&["config:get", "GREETING", "--app", APP]).ok().stdout.trim(), "hello");
    assert!(texts(&said["domains"]).contains(&DOMAIN), "{said}");
    assert_eq!(platform.sql("select hostname from domains"), DOMAIN);
    assert_eq!(said["drains"], serde_json::json!([receiver.url]));
    assert_eq!(platform.sql("select count(*) from log_drains"), "1");
    assert_eq!(said["missing"], "404 not_found");
    script.goes_on();

    let said = script.has("deployed");
    is_built(&platform, &said, "one");
    platform.answers(APP, "version=one greeting=hello");
    let answer = platform.get_host(DOMAIN, "/").ok();
    assert!(answer.contains("version=one"), "{answer}");
    script.goes_on();

    let said = script.has("scaled");
    assert_eq!(said["quantity"], 2);
    let mut dynos = texts(&said["dynos"]);
    dynos.sort_unstable();
    assert_eq!(dynos, ["web.1", "web.2"]);
    assert_eq!(platform.dynos_of(APP).len(), 2);
    script.goes_on();

    let said = script.has("deployed again");
    is_built(&platform, &said, "two");
    platform.answers(APP, "version=two greeting=hello");
    script.goes_on();

    let said = script.has("rolled back");
    platform.answers(APP, "version=one greeting=hello");
    let newest = platform.sql("select version, description from releases order by version desc limit 1");
    assert_eq!(format!("{}|{}", said["version"], said["description"].as_str().unwrap()), newest);
    assert!(newest.contains("Rollback to v"), "{newest}");
    assert_eq!(said["releases"].to_string(), platform.sql("select count(*) from releases"));
    script.goes_on();

    let said = script.has("read the log");
    let log = platform.logs(APP);
    for text in ["app[web.1]: listening, version one", "listening, version two", "Rollback to v"] {
        assert!(texts(&said["lines"]).iter().any(|line| line.contains(text)), "{text} is not in {said}");
        assert!(log.contains(text), "{text} is not in {log}");
    }
    // Its form is another, its lines are the same.
    for text in ["app web.1 - - listening, version one", "listening, version two", "Rollback to v"] {
        eventually(&format!("the drain gets {text:?}"), seconds(30), || {
            receiver.received().contains(text).then_some(())
        });
    }
    script.goes_on();

    let said = script.has("destroyed");
    assert_eq!(said["apps"], serde_json::json!([]));
    for table in ["apps", "domains", "log_drains", "releases"] {
        assert_eq!(platform.sql(&format!("select count(*) from {table}")), "0", "{table}");
    }
    eventually("its containers are gone", seconds(60), || platform.dynos_of(APP).is_empty().then_some(()));
    eventually("the router knows it no more", seconds(10), || {
        platform.try_get(APP, "/").is_ok_and(|answer| answer.status == 404).then_some(())
    });
    script.ends();
}

fn is_built(platform: &Platform, said: &Value, version: &str) {
    assert_eq!(said["status"], "succeeded", "{said}");
    let (build, release) = (said["build"].as_str().unwrap(), said["release"].as_str().unwrap());
    let row = platform.sql(&format!("select state, version from builds where id = '{build}'"));
    assert_eq!(row, format!("succeeded|{version}"));
    assert!(said["output"].as_str().unwrap().contains("-----> Inline app detected"), "{said}");
    assert_eq!(platform.sql(&format!("select build_id from releases where id = '{release}'")), build);
}

/// A gzipped tar of the test's app.
fn source(platform: &Platform, version: &str) -> PathBuf {
    let directory = platform.directory.join("work").join(version);
    fs::create_dir_all(&directory).unwrap();
    for (name, text) in [("Procfile", WEB), ("server.py", SERVER), ("VERSION", version)] {
        fs::write(directory.join(name), text).unwrap();
    }
    let file = directory.with_extension("tgz");
    run(Command::new("tar").arg("-C").arg(&directory).arg("-czf").arg(&file).arg(".")).ok();
    file
}

fn texts(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
}
