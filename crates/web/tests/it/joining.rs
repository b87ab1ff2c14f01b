use axum::{
    body::Body,
    http::{Method, StatusCode},
};
use insta::assert_snapshot;
use paas_control::{Settings, testing::settings};
use paas_model::HostState;
use rcgen::{CertificateParams, KeyPair};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::support::{Answer, Api, request, stable};

/// A certificate request as openssl would make it, with a new key.
fn csr() -> String {
    let key = KeyPair::generate().unwrap();
    CertificateParams::default().serialize_request(&key).unwrap().pem().unwrap()
}

/// The token in a new join command.
async fn token(api: &Api, body: Value) -> String {
    let answer = api.post("/hosts", body).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    let command = answer.json()["command"].as_str().unwrap().to_owned();
    let at = command.find("JOIN-").unwrap();
    command[at..at + "JOIN-".len() + 43].to_owned()
}

async fn join(api: &Api, body: Value) -> Answer {
    api.send(request(Method::POST, "/hosts/join", None).body(Body::from(body.to_string())).unwrap()).await
}

async fn renew(api: &Api, host: &str, secret: &str, csr: &str) -> Answer {
    let path = format!("/hosts/{host}/certificate");
    let body = Body::from(json!({ "csr": csr }).to_string());
    api.send(request(Method::POST, &path, Some(&SecretString::from(secret))).body(body).unwrap()).await
}

fn message(answer: &Answer) -> String {
    answer.json()["message"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_machine_joins_with_a_token_and_renews_its_certificate() {
    let api = Api::new().await;
    let token = token(&api, json!({"labels": {"role": "build"}})).await;
    let machine = json!({
        "token": token, "csr": csr(), "name": "builder-1", "address": "10.0.0.5", "zone": "zone-a", "machine_id": "i-0123",
    });
    let joined = join(&api, machine).await;
    stable(|| assert_snapshot!("joined", joined.shown()));
    let host = api.get("/hosts/builder-1").await.json();
    assert_eq!(
        (&host["state"], &host["address"], &host["zone"]),
        (&json!("joining"), &json!("10.0.0.5"), &json!("zone-a"))
    );
    assert_eq!((&host["labels"], &host["machine_id"]), (&json!({"role": "build"}), &json!("i-0123")));
    let (id, secret) = (joined.json()["host_id"].clone(), joined.json()["renewal_token"].clone());
    let renewed = renew(&api, id.as_str().unwrap(), secret.as_str().unwrap(), &csr()).await;
    assert_eq!(renewed.status, StatusCode::OK, "{}", renewed.text);
    assert_eq!(renewed.json()["ca"], joined.json()["ca"]);
    assert_ne!(renewed.json()["certificate"], joined.json()["certificate"]);
}

#[tokio::test]
async fn the_same_machine_may_ask_again_and_another_may_not() {
    let api = Api::new().await;
    let token = token(&api, json!({"name": "first"})).await;
    let machine = json!({"token": token, "csr": csr(), "name": "ignored", "address": "10.0.0.5"});
    let (once, twice) = (join(&api, machine.clone()).await.json(), join(&api, machine).await.json());
    assert_eq!(once["host_id"], twice["host_id"]);
    assert_ne!(once["renewal_token"], twice["renewal_token"]);
    assert_eq!(api.get("/hosts").await.json().as_array().unwrap().len(), 1);
    let old = renew(&api, once["host_id"].as_str().unwrap(), once["renewal_token"].as_str().unwrap(), &csr()).await;
    assert_eq!(old.status, StatusCode::FORBIDDEN);
    let thief = join(&api, json!({"token": token, "csr": csr(), "name": "thief", "address": "10.0.0.66"})).await;
    assert_eq!(thief.status, StatusCode::FORBIDDEN);
    assert!(message(&thief).contains("used already, with another key"), "{}", thief.text);
}

#[tokio::test]
async fn a_machine_that_is_repaired_with_a_new_token_and_its_old_key_stays_the_host_it_was() {
    let api = Api::new().await;
    let csr = csr();
    let mut ids = Vec::new();
    for name in ["first", "second"] {
        let machine = json!({"token": token(&api, json!({})).await, "csr": csr, "name": name, "address": "10.0.0.5"});
        ids.push(join(&api, machine).await.json()["host_id"].clone());
    }
    assert_eq!(ids[0], ids[1]);
    let names: Vec<_> =
        api.get("/hosts").await.json().as_array().unwrap().iter().map(|host| host["name"].clone()).collect();
    assert_eq!(names, ["first"]);
}

#[tokio::test]
async fn what_a_machine_says_of_itself_is_not_believed_blindly() {
    let api = Api::new().await;
    api.host("taken").await;
    let token = token(&api, json!({})).await;
    let good = json!({"token": token, "csr": csr(), "name": "good", "address": "10.0.0.5"});
    for (field, value, status, words) in [
        ("token", json!("JOIN-guessed"), StatusCode::FORBIDDEN, "not one of ours"),
        ("token", json!(5), StatusCode::UNPROCESSABLE_ENTITY, "token is wrong"),
        ("csr", json!(""), StatusCode::UNPROCESSABLE_ENTITY, "certificate request cannot be read"),
        (
            "csr",
            json!("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----"),
            StatusCode::UNPROCESSABLE_ENTITY,
            "certificate request cannot be read",
        ),
        ("csr", json!("x".repeat(17 << 10)), StatusCode::UNPROCESSABLE_ENTITY, "over 16384 bytes"),
        ("csr", json!("x".repeat(40 << 10)), StatusCode::PAYLOAD_TOO_LARGE, "over 32768 bytes"),
        ("name", json!("taken"), StatusCode::UNPROCESSABLE_ENTITY, "There is a host called taken already"),
        ("name", json!("join"), StatusCode::UNPROCESSABLE_ENTITY, "reserved"),
        ("name", json!("a'; drop table hosts; --"), StatusCode::UNPROCESSABLE_ENTITY, "is not a name"),
        ("name", json!("../../etc"), StatusCode::UNPROCESSABLE_ENTITY, "is not a name"),
        ("name", json!("a\n\u{1b}[31m"), StatusCode::UNPROCESSABLE_ENTITY, "is not a name"),
        ("address", json!("localhost"), StatusCode::UNPROCESSABLE_ENTITY, "PAAS_HOST_ADDRESS"),
        ("address", json!("127.0.0.1"), StatusCode::UNPROCESSABLE_ENTITY, "PAAS_HOST_ADDRESS"),
        ("address", json!("169.254.169.254"), StatusCode::UNPROCESSABLE_ENTITY, "PAAS_HOST_ADDRESS"),
        ("address", json!("10.0.0.5:22/?name=other"), StatusCode::UNPROCESSABLE_ENTITY, "PAAS_HOST_ADDRESS"),
        ("zone", json!("a b"), StatusCode::UNPROCESSABLE_ENTITY, "zone must have"),
        ("machine_id", json!("x".repeat(129)), StatusCode::UNPROCESSABLE_ENTITY, "machine_id must have"),
    ] {
        let mut machine = good.clone();
        machine[field] = value.clone();
        let answer = join(&api, machine).await;
        assert_eq!(answer.status, status, "{field}: {}", answer.text);
        assert!(message(&answer).contains(words), "{field}: {}", answer.text);
    }
    assert_eq!(join(&api, good).await.status, StatusCode::CREATED, "none of it spent the token");
}

#[tokio::test]
async fn two_hosts_cannot_have_one_address_unless_the_first_is_lost() {
    let api = Api::new().await;
    let machine = async |name: &str| json!({"token": token(&api, json!({})).await, "csr": csr(), "name": name, "address": "10.0.0.5"});
    let first = join(&api, machine("first").await).await.json()["host_id"].as_str().unwrap().parse().unwrap();
    let second = machine("second").await;
    let refused = join(&api, second.clone()).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text);
    assert!(message(&refused).contains("The host first has the address 10.0.0.5 already"), "{}", refused.text);
    let db = api.test.control.db.pool();
    paas_db::hosts::advance(db, first, &[HostState::Joining], HostState::Lost, None).await.unwrap();
    assert_eq!(join(&api, second).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn a_removed_host_is_locked_out() {
    let api = Api::new().await;
    let token = token(&api, json!({})).await;
    let machine = json!({"token": token, "csr": csr(), "name": "first", "address": "10.0.0.5"});
    let joined = join(&api, machine.clone()).await.json();
    assert_eq!(api.delete("/hosts/first").await.status, StatusCode::OK);
    let (id, secret) = (joined["host_id"].as_str().unwrap(), joined["renewal_token"].as_str().unwrap());
    assert_eq!(renew(&api, id, secret, &csr()).await.status, StatusCode::FORBIDDEN);
    let again = join(&api, machine).await;
    assert_eq!(again.status, StatusCode::CONFLICT, "{}", again.text);
    assert!(message(&again).contains("was removed"), "{}", again.text);
}

#[tokio::test]
async fn a_token_is_asked_for_with_names_and_labels_that_can_be() {
    let api = Api::new().await;
    api.host("taken").await;
    for (body, status, words) in [
        (json!({"name": "Not A Name"}), StatusCode::UNPROCESSABLE_ENTITY, "is not a name"),
        (json!({"name": "taken"}), StatusCode::UNPROCESSABLE_ENTITY, "There is a host called taken"),
        (json!({"labels": {"a b": "c"}}), StatusCode::UNPROCESSABLE_ENTITY, "is not a label"),
        (json!({"labels": {"a": "b=c"}}), StatusCode::UNPROCESSABLE_ENTITY, "is not a label"),
        (json!({"labels": ["a"]}), StatusCode::UNPROCESSABLE_ENTITY, "labels is wrong"),
        (json!({"pool": "nope"}), StatusCode::NOT_FOUND, "Couldn't find that pool"),
    ] {
        let answer = api.post("/hosts", body.clone()).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.text);
        assert!(message(&answer).contains(words), "{body}: {}", answer.text);
    }
    let many: serde_json::Map<String, Value> = (0..51).map(|n| (format!("k{n}"), json!("v"))).collect();
    assert_eq!(api.post("/hosts", json!({"labels": many})).await.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn without_a_registry_that_others_reach_no_machine_is_invited() {
    let api = Api::over(|control| {
        control.settings = std::sync::Arc::new(Settings { host_registry: None, ..settings() });
    })
    .await;
    let refused = api.post("/hosts", json!({})).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(message(&refused).contains("PAAS_REGISTRY_LISTEN"), "{}", refused.text);
}

#[tokio::test]
async fn a_host_that_is_terminating_does_not_come_back_by_asking_again() {
    let api = Api::new().await;
    let token = token(&api, json!({})).await;
    let machine = json!({"token": token, "csr": csr(), "name": "first", "address": "10.0.0.5"});
    let joined = join(&api, machine.clone()).await.json();
    let id = joined["host_id"].as_str().unwrap().parse().unwrap();
    let db = api.test.control.db.pool();
    paas_db::hosts::advance(db, id, &[HostState::Joining], HostState::Terminating, None).await.unwrap();
    assert_eq!(join(&api, machine).await.status, StatusCode::CONFLICT);
}
