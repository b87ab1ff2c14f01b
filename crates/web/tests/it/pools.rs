use axum::http::{Method, StatusCode};
use insta::assert_snapshot;
use paas_db::{hosts, hosts::Requested};
use paas_model::Labels;
use serde_json::{Value, json};

use crate::support::{Api, stable};

/// As `pools:create` would send it.
fn wanted() -> Value {
    json!({
        "name": "main", "min": 1, "max": 3, "types": ["m6i.large", "m6i.xlarge"], "zones": ["zone-a", "zone-b"],
        "image": "ami-0123", "labels": {"disk": "ssd"}, "subnets": {"zone-a": "subnet-0123"}, "key_name": "ops",
        "security_groups": ["sg-0123"],
    })
}

async fn with_pool() -> Api {
    let api = Api::new().await;
    for (name, cores) in [("m6i.large", 2), ("m6i.xlarge", 4), ("m6i.2xlarge", 8)] {
        api.test.machines.add_type(name, cores * 1_000, cores * 4_096);
    }
    let made = api.post("/pools", wanted()).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    api
}

#[tokio::test]
async fn a_pool_is_made_found_changed_and_destroyed() {
    let api = with_pool().await;
    let made = api.get("/pools/main").await;
    stable(|| assert_snapshot!("pool", made.shown()));
    let by_id = api.get(&format!("/pools/{}", made.json()["id"].as_str().unwrap())).await;
    assert_eq!(by_id.json(), made.json());
    let change = json!({"name": "other", "max": 5, "purchase": "spot_first", "key_name": "", "labels": {}});
    let changed = api.patch("/pools/main", change).await.json();
    assert_eq!((&changed["name"], &changed["max"], &changed["min"]), (&json!("other"), &json!(5), &json!(1)));
    assert_eq!(
        (&changed["purchase"], &changed["key_name"], &changed["labels"]),
        (&json!("spot_first"), &json!(null), &json!({}))
    );
    assert_eq!(changed["types"], made.json()["types"]);
    assert_eq!(api.delete("/pools/other").await.json()["name"], "other");
    assert_eq!(api.get("/pools").await.text, "[]");
    assert_eq!(api.get("/pools/other").await.json()["resource"], "pool");
}

#[tokio::test]
async fn what_a_pool_cannot_be_is_said_with_what_to_do() {
    let api = with_pool().await;
    for (field, value, words) in [
        ("name", json!(null), "A pool needs a name, too."),
        ("name", json!("Not A Name"), "is not a name"),
        ("name", json!("main"), "There is a pool called main already."),
        ("min", json!(4), "make min smaller or max larger"),
        ("min", json!(-1), "min is wrong"),
        ("max", json!(1001), "at most 1000 hosts"),
        ("types", json!([]), "at least one of its types"),
        ("types", json!(["m6i.huge"]), "m6i.huge"),
        ("types", json!(["a b"]), "cannot be right in types"),
        ("zones", json!([]), "at least one of its zones"),
        ("zones", json!(vec!["zone-a"; 51]), "50 are the most"),
        ("purchase", json!("cheap"), "Those there are: on_demand, spot, spot_first."),
        ("image", json!(""), "cannot be right in image"),
        ("subnets", json!({"zone-c": "subnet-9"}), "none of the pool's zones"),
        ("subnets", json!({"zone-a": "'; drop table pools"}), "cannot be right in subnets"),
        ("security_groups", json!(["sg 1"]), "cannot be right in security groups"),
        ("key_name", json!("a\nb"), "cannot be the name of a key"),
        ("disk_gb", json!(7), "8 to 16384 GB"),
        ("labels", json!({"": "x"}), "is not a label"),
    ] {
        let mut body = wanted();
        body["name"] = json!("second");
        body[field] = value;
        let answer = api.post("/pools", body).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{field}: {}", answer.text);
        assert!(answer.json()["message"].as_str().unwrap().contains(words), "{field}: {}", answer.text);
    }
    assert_eq!(api.get("/pools").await.json().as_array().unwrap().len(), 1);
    let refused = api.patch("/pools/main", json!({"types": ["m6i.huge"]})).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text);
}

#[tokio::test]
async fn what_the_provider_would_not_launch_is_refused_with_its_reasons() {
    let api = with_pool().await;
    api.test.machines.forget_image("ami-gone");
    let refused = api.patch("/pools/main", json!({"image": "ami-gone"})).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text);
    assert!(refused.text.contains("there is no image ami-gone"), "{}", refused.text);
    api.test.machines.deny("ec2:RunInstances");
    let refused = api.patch("/pools/main", json!({"image": "ami-4567"})).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text);
    assert!(refused.text.contains("the credentials may not do ec2:RunInstances"), "{}", refused.text);
    assert_eq!(api.get("/pools/main").await.json()["image"], "ami-0123", "nothing was changed");
    let emptied = api.patch("/pools/main", json!({"min": 0, "max": 0})).await;
    assert_eq!(emptied.status, StatusCode::OK, "that is no question to the provider: {}", emptied.text);
}

#[tokio::test]
async fn a_pool_is_saved_while_the_provider_is_away_with_a_warning() {
    let api = with_pool().await;
    api.test.machines.go_down();
    let mut body = wanted();
    body["name"] = json!("second");
    let made = api.post("/pools", body).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let warning = "Its settings are not checked yet: the machines' API is not available: scripted to fail.";
    assert_eq!(made.json()["last_error"], warning);
    let changed = api.patch("/pools/main", json!({"image": "ami-4567"})).await.json();
    assert_eq!((&changed["image"], &changed["last_error"]), (&json!("ami-4567"), &json!(warning)));
    api.test.machines.come_back();
    let changed = api.patch("/pools/main", json!({"image": "ami-0123"})).await.json();
    assert_eq!(changed["last_error"], json!(null));
}

#[tokio::test]
async fn a_server_that_launches_nothing_has_no_pools_made() {
    let api = Api::over(|control| control.machines = None).await;
    let refused = api.post("/pools", wanted()).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.text.contains("docs/ec2.md"), "{}", refused.text);
}

#[tokio::test]
async fn a_pool_with_hosts_is_not_destroyed() {
    let api = with_pool().await;
    request_host(&api, "main-0001").await;
    let refused = api.delete("/pools/main").await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.text.contains("The pool main has 1 host. Let them go first"), "{}", refused.text);
    let host = api.get("/hosts/main-0001").await.json();
    assert_eq!((&host["state"], &host["pool"]["name"]), (&json!("requested"), &json!("main")));
    assert_eq!(api.get("/pools/main").await.json()["hosts"], 1);
    assert_eq!(api.post("/hosts/main-0001/actions/drain", json!({})).await.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn a_launched_host_that_is_removed_is_ended_by_the_loop() {
    let api = with_pool().await;
    request_host(&api, "main-0001").await;
    let was = api.delete("/hosts/main-0001").await.json();
    assert_eq!(was["state"], "requested");
    let now = api.get("/hosts/main-0001").await.json();
    assert_eq!((&now["state"], &now["reason"]), (&json!("terminating"), &json!("removed by owner@example.com")));
}

#[tokio::test]
async fn a_plan_tells_what_would_be_launched_and_writes_nothing() {
    let api = with_pool().await;
    let plan = api.get("/pools/main/plan").await;
    stable(|| assert_snapshot!("pool_plan", plan.shown()));
    let more = api.get("/pools/main/plan?min=3&types=m6i.2xlarge").await.json();
    let launched: Vec<_> = more["launch"].as_array().unwrap().iter().map(|one| one["instance_type"].clone()).collect();
    assert_eq!(launched, ["m6i.2xlarge"; 3]);
    assert_eq!((&more["hosts_before"], &more["hosts_after"]), (&json!(0), &json!(3)));
    assert_eq!(api.get("/hosts").await.text, "[]", "nothing was launched");
    assert_eq!(api.get("/pools/main").await.json()["min"], 1, "nothing was changed");
    for (query, words) in [
        ("min=9", "make min smaller or max larger"),
        ("min=x", "The query is wrong"),
        ("types=", "cannot be right in types"),
        ("types=m6i.huge", "Nothing is known of the instance type m6i.huge."),
    ] {
        let refused = api.get(&format!("/pools/main/plan?{query}")).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{query}: {}", refused.text);
        assert!(refused.json()["message"].as_str().unwrap().contains(words), "{query}: {}", refused.text);
    }
}

#[tokio::test]
async fn a_machine_may_be_labelled_as_a_pools_hosts_are() {
    let api = with_pool().await;
    let answer = api.call(Method::POST, "/hosts", json!({"pool": "main"})).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
}

#[tokio::test]
async fn a_launched_host_has_the_labels_of_its_pool() {
    let api = with_pool().await;
    request_host(&api, "main-0001").await;
    let refused = api.patch("/hosts/main-0001", json!({"labels": {}})).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.text.contains("paas pools:set POOL --label"), "{}", refused.text);
}

/// As placement writes it.
async fn request_host(api: &Api, name: &str) {
    let pool: uuid::Uuid = serde_json::from_value(api.get("/pools/main").await.json()["id"].clone()).unwrap();
    let host = Requested {
        id: paas_db::new_id(),
        name: name.to_owned(),
        pool_id: pool.into(),
        zone: "zone-a".to_owned(),
        labels: Labels::new(),
        instance_type: "m6i.large".to_owned(),
        spot: false,
        image: "ami-0123".to_owned(),
        memory_mb: 7_000,
        cpus: 2,
        price_micros: 96_000,
    };
    hosts::request(api.test.control.db.pool(), &host).await.unwrap();
}
