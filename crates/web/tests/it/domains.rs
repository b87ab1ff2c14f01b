use axum::http::{Method, StatusCode};
use paas_control::ops;
use serde_json::{Value, json};

use crate::support::{Api, stable};

const PATH: &str = "/apps/example/domains";

async fn add(api: &Api, hostname: &str) -> crate::support::Answer {
    api.post(PATH, json!({"hostname": hostname, "sni_endpoint": null})).await
}

#[tokio::test]
async fn an_app_has_its_default_domain_and_those_that_are_added() {
    let api = Api::new().await;
    let app = api.app("example").await;
    let added = add(&api, "WWW.Example.com").await;
    stable(|| insta::assert_snapshot!(added.shown()));
    let all = api.get(PATH).await.json();
    let shown: Vec<_> = all.as_array().unwrap().iter().map(|domain| (&domain["hostname"], &domain["kind"])).collect();
    assert_eq!(shown, [(&json!("example.localhost"), &json!("heroku")), (&json!("www.example.com"), &json!("custom"))]);
    for identity in ["www.example.com", "WWW.EXAMPLE.COM", added.json()["id"].as_str().unwrap()] {
        assert_eq!(api.get(&format!("{PATH}/{identity}")).await.text, added.text, "{identity}");
    }
    for identity in ["example.localhost", &app.id.to_string()] {
        assert_eq!(api.get(&format!("{PATH}/{identity}")).await.json()["kind"], "heroku", "{identity}");
    }
}

#[tokio::test]
async fn a_wildcard_is_found_by_its_encoded_name() {
    let api = Api::new().await;
    api.app("example").await;
    assert_eq!(add(&api, "*.bücher.example").await.status, StatusCode::CREATED);
    for identity in ["*.xn--bcher-kva.example", "%2A.xn--bcher-kva.example", "%2A.b%C3%BCcher.example"] {
        let found = api.get(&format!("{PATH}/{identity}")).await;
        assert_eq!(found.json()["hostname"], "*.xn--bcher-kva.example", "{identity}");
    }
}

#[tokio::test]
async fn what_cannot_be_added_says_why() {
    let api = Api::new().await;
    api.app("example").await;
    for (hostname, want) in [
        ("10.0.0.1", "is an IP address"),
        ("www.example.com:80", "Give the host name alone"),
        ("example", "full host name"),
        ("shop.localhost", "localhost is the platform's own"),
        ("x.dns.localhost", "the platform's own"),
    ] {
        let answer = add(&api, hostname).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{hostname}");
        assert!(answer.json()["message"].as_str().unwrap().contains(want), "{}", answer.text);
    }
    let nothing = api.post(PATH, json!({})).await;
    assert_eq!(nothing.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", nothing.text);
    let endpoint = api.post(PATH, json!({"hostname": "www.example.com", "sni_endpoint": "nobody"})).await;
    assert_eq!((endpoint.status, &endpoint.json()["resource"]), (StatusCode::NOT_FOUND, &json!("sni_endpoint")));
    assert_eq!(api.get(PATH).await.json().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_name_is_one_apps_until_it_is_removed() {
    let api = Api::new().await;
    let app = api.app("example").await;
    api.app("other").await;
    assert_eq!(add(&api, "www.example.com").await.status, StatusCode::CREATED);
    let again = add(&api, "www.example.com").await;
    assert_eq!(again.json()["message"], "www.example.com is already added to this app.");
    let body = json!({"hostname": "www.example.com", "sni_endpoint": null});
    let taken = api.post("/apps/other/domains", body.clone()).await;
    assert_eq!(taken.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(taken.json()["message"], "www.example.com is currently in use by another app.");
    assert_eq!(api.get("/apps/other/domains/www.example.com").await.json()["resource"], "domain");

    let removed = api.delete(&format!("{PATH}/www.example.com")).await;
    assert_eq!((removed.status, &removed.json()["hostname"]), (StatusCode::OK, &json!("www.example.com")));
    assert_eq!(api.delete(&format!("{PATH}/www.example.com")).await.status, StatusCode::NOT_FOUND);
    let default = api.delete(&format!("{PATH}/example.localhost")).await;
    assert_eq!(default.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", default.text);

    // A deleted app frees its names.
    assert_eq!(add(&api, "www.example.com").await.status, StatusCode::CREATED);
    ops::apps::delete(&api.test.control, &app).await.unwrap();
    assert_eq!(api.post("/apps/other/domains", body).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn nobody_takes_names_out_of_anothers_wildcard_or_by_a_wildcard_over_their_names() {
    let api = Api::new().await;
    api.app("example").await;
    api.app("sibling").await;
    let (_, theirs) = api.test.tenant("tenant@example.com").await;
    let made = api.call_as(&theirs, Method::POST, "/apps", json!({"name": "theirs"})).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    for hostname in ["*.example.com", "www.example.org", "a.b.example.net"] {
        assert_eq!(add(&api, hostname).await.status, StatusCode::CREATED, "{hostname}");
    }
    let attempt = |hostname: &'static str| {
        let body = json!({"hostname": hostname, "sni_endpoint": null});
        api.call_as(&theirs, Method::POST, "/apps/theirs/domains", body)
    };
    for (hostname, want) in [
        (
            "www.example.com",
            "www.example.com is below *.example.com, which is currently in use by an app of another owner.",
        ),
        ("a.b.example.com", "a.b.example.com is below *.example.com,"),
        ("*.shop.example.com", "*.shop.example.com is below *.example.com,"),
        ("*.example.com", "*.example.com is currently in use by another app."),
        ("*.example.org", "*.example.org covers names that are currently in use by an app of another owner."),
        ("*.example.net", "*.example.net covers names"),
    ] {
        let refused = attempt(hostname).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{hostname}: {}", refused.text);
        let message = refused.json()["message"].as_str().unwrap().to_owned();
        assert!(message.starts_with(want), "{message}");
        assert!(!message.contains("www.example.org") && !message.contains("a.b.example.net"), "{message}");
    }
    for hostname in ["example.com", "myexample.com", "*.b.example.org", "c.b.example.net"] {
        assert_eq!(attempt(hostname).await.status, StatusCode::CREATED, "{hostname}");
    }
    // An owner's own apps may share them out.
    let own = api.post("/apps/sibling/domains", json!({"hostname": "shop.example.com", "sni_endpoint": null})).await;
    assert_eq!(own.status, StatusCode::CREATED, "{}", own.text);
}

#[tokio::test]
async fn of_a_wildcard_and_a_name_below_it_that_are_added_at_once_one_is_refused() {
    let api = Api::new().await;
    api.app("example").await;
    let (_, theirs) = api.test.tenant("tenant@example.com").await;
    api.call_as(&theirs, Method::POST, "/apps", json!({"name": "theirs"})).await;
    for round in 0..10 {
        let wildcard = format!("*.round{round}.example.com");
        let name = json!({"hostname": format!("www.round{round}.example.com"), "sni_endpoint": null});
        let (one, other) =
            tokio::join!(add(&api, &wildcard), api.call_as(&theirs, Method::POST, "/apps/theirs/domains", name));
        let mut statuses = [one.status, other.status];
        statuses.sort();
        assert_eq!(statuses, [StatusCode::CREATED, StatusCode::UNPROCESSABLE_ENTITY], "{round}");
    }
}

#[tokio::test]
async fn what_is_far_too_long_is_refused_and_not_repeated() {
    let api = Api::new().await;
    api.app("example").await;
    let long = "x".repeat(100_000);
    let answer = add(&api, &long).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.text.contains("… is too long.") && answer.text.len() < 300, "{}", answer.text);
    let made = rcgen::generate_simple_self_signed(vec!["www.example.com".to_owned()]).unwrap();
    let pair = json!({"certificate_chain": made.cert.pem(), "private_key": long});
    let answer = api.post("/apps/example/sni-endpoints", pair).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.text.contains("The key is longer than 16384 bytes.") && answer.text.len() < 300, "{}", answer.text);
}

#[tokio::test]
async fn a_certificate_is_checked_attached_replaced_and_removed() {
    let api = Api::new().await;
    api.app("example").await;
    let certificate = |name: &str| {
        let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
        json!({"certificate_chain": made.cert.pem(), "private_key": made.signing_key.serialize_pem()})
    };
    let (first, second) = (certificate("www.example.com"), certificate("*.example.com"));
    let path = "/apps/example/sni-endpoints";
    let mixed = json!({"certificate_chain": first["certificate_chain"], "private_key": second["private_key"]});
    let refused = api.post(path, mixed).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(refused.json()["message"], "Key doesn't match the PEM certificate");
    let made = api.post(path, first.clone()).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    assert!(!made.text.contains("PRIVATE KEY"), "{}", made.text);
    let made = made.json();
    assert_eq!(made["ssl_cert"]["cert_domains"], json!(["www.example.com"]));
    assert_eq!((&made["ssl_cert"]["self_signed?"], &made["ssl_cert"]["ca_signed?"]), (&json!(true), &json!(false)));

    let name = made["name"].as_str().unwrap();
    add(&api, "www.example.com").await;
    let domain = format!("{PATH}/www.example.com");
    let attached = api.patch(&domain, json!({"sni_endpoint": name})).await.json();
    assert_eq!(attached["sni_endpoint"], json!({"id": made["id"], "name": name}));
    assert_eq!(api.get(path).await.json()[0]["domains"], json!([attached["id"]]));
    assert_eq!(api.patch(&domain, json!({})).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let default = api.patch(&format!("{PATH}/example.localhost"), json!({"sni_endpoint": name})).await;
    assert_eq!(default.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", default.text);

    let replaced = api.patch(&format!("{path}/{name}"), second).await.json();
    assert_eq!(replaced["ssl_cert"]["cert_domains"], json!(["*.example.com"]));
    assert_eq!((&replaced["id"], &replaced["domains"]), (&made["id"], &json!([attached["id"]])));
    assert_eq!(api.patch(&domain, json!({"sni_endpoint": null})).await.json()["sni_endpoint"], Value::Null);
    api.patch(&domain, json!({"sni_endpoint": made["id"]})).await;
    assert_eq!(api.delete(&format!("{path}/{name}")).await.status, StatusCode::OK);
    assert_eq!(api.get(&domain).await.json()["sni_endpoint"], Value::Null);
    assert_eq!(api.get(&format!("{path}/{name}")).await.json()["resource"], "sni_endpoint");
}

#[tokio::test]
async fn automated_certificates_are_refused_with_what_to_do_instead() {
    let api = Api::new().await;
    api.app("example").await;
    for method in [Method::POST, Method::PATCH] {
        let answer = api.call(method, "/apps/example/acm", json!({})).await;
        assert_eq!(answer.status, StatusCode::NOT_IMPLEMENTED);
        assert!(answer.json()["message"].as_str().unwrap().contains("certs:add"), "{}", answer.text);
    }
    let off = api.delete("/apps/example/acm").await;
    assert_eq!((off.status, &off.json()["acm"]), (StatusCode::OK, &json!(false)));
}
