use std::{collections::BTreeSet, future::Future, sync::Mutex, time::Duration};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Method, Request, StatusCode, header, request::Builder},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http_body_util::BodyExt;
use paas_control::{Control, ops, testing::TestControl};
use paas_db::{SecretHash, apps::App, hosts, new_id};
use paas_model::{HostId, HostState, Labels};
use paas_web::WebConfig;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tower::ServiceExt;

use crate::schema;

/// The server, and the owner's token to call it with.
pub(crate) struct Api {
    pub(crate) test: TestControl,
    pub(crate) router: Router,
    /// Verb and path of the endpoints that gave a good answer.
    pub(crate) answered: Mutex<BTreeSet<(String, &'static str)>>,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Api {
    pub(crate) async fn new() -> Self {
        Self::with(WebConfig::default()).await
    }

    pub(crate) async fn with(config: WebConfig) -> Self {
        let test = TestControl::new().await;
        let router = paas_web::router(test.control.clone(), config);
        Self { test, router, answered: Mutex::default() }
    }

    /// With something of the control plane put in another's place.
    pub(crate) async fn over(change: impl FnOnce(&mut Control)) -> Self {
        let mut test = TestControl::new().await;
        change(&mut test.control);
        let router = paas_web::router(test.control.clone(), WebConfig::default());
        Self { test, router, answered: Mutex::default() }
    }

    /// An app of the owner's.
    pub(crate) async fn app(&self, name: &str) -> App {
        let new = ops::apps::NewApp { name: Some(name.to_owned()), stack: None };
        ops::apps::create(&self.test.control, &self.test.owner, new).await.unwrap()
    }

    /// A host that has joined and is ready, as the loops would have it.
    pub(crate) async fn host(&self, name: &str) -> HostId {
        let db = self.test.control.db.pool();
        let id = new_id::<HostId>();
        let number = name.bytes().map(u32::from).sum::<u32>() % 250 + 2;
        let joined = hosts::Joined {
            id,
            name: name.to_owned(),
            endpoint: format!("tcp://10.0.0.{number}:2376/?name={id}"),
            zone: Some("zone-a".to_owned()),
            labels: Labels::default(),
            machine_id: None,
            renewal_hash: SecretHash::of(&format!("renewal of {name}").into()),
            certificate_expires_at: chrono::Utc::now(),
        };
        assert!(hosts::join(db, &joined).await.unwrap());
        hosts::advance(db, id, &[HostState::Joining], HostState::Ready, None).await.unwrap();
        id
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.as_owner(Method::GET, path).body(Body::empty()).unwrap()).await
    }

    /// `GET` of a list, with this `Range`.
    pub(crate) async fn range(&self, path: &str, range: &str) -> Answer {
        let request = self.as_owner(Method::GET, path).header(header::RANGE, range);
        self.send(request.body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn call(&self, method: Method, path: &str, body: Value) -> Answer {
        self.send_text(method, path, &body.to_string()).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(Method::POST, path, body).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.call(Method::PATCH, path, body).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(self.as_owner(Method::DELETE, path).body(Body::empty()).unwrap()).await
    }

    /// As somebody else than the owner.
    pub(crate) async fn call_as(&self, token: &SecretString, method: Method, path: &str, body: Value) -> Answer {
        self.send(request(method, path, Some(token)).body(Body::from(body.to_string())).unwrap()).await
    }

    /// `paas login -i`: an e-mail address and a password for a token.
    pub(crate) async fn log_in(&self, email: &str, password: &str, code: Option<&str>) -> Answer {
        let mut request = request(Method::POST, "/oauth/authorizations", None)
            .header(header::AUTHORIZATION, format!("Basic {}", STANDARD.encode(format!("{email}:{password}"))));
        if let Some(code) = code {
            request = request.header("Heroku-Two-Factor-Code", code);
        }
        let body = serde_json::json!({ "description": "CLI", "expires_in": 2_592_000, "scope": ["global"] });
        self.send(request.body(Body::from(body.to_string())).unwrap()).await
    }

    /// An account with a password, and its first token.
    pub(crate) async fn person(&self, email: &str, password: &str) -> SecretString {
        let (_, token) = self.test.tenant(email).await;
        let set =
            self.call_as(&token, Method::PATCH, "/account", serde_json::json!({ "new_password": password })).await;
        assert_eq!(set.status, StatusCode::OK, "{}", set.text);
        token
    }

    pub(crate) async fn send_text(&self, method: Method, path: &str, body: &str) -> Answer {
        self.send(self.as_owner(method, path).body(Body::from(body.to_owned())).unwrap()).await
    }

    pub(crate) fn as_owner(&self, method: Method, path: &str) -> Builder {
        request(method, path, Some(&self.test.token))
    }

    /// The answer is held to what Heroku's API and our own description of it say.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let (method, path) = (request.method().clone(), request.uri().to_string());
        let answer = self.send_unchecked(request).await;
        let endpoint = schema::check(&method, &path, answer.status, answer.header("content-type"), &answer.text);
        if let (true, Some(endpoint)) = (answer.status.is_success(), endpoint) {
            self.answered.lock().unwrap().insert((method.to_string(), endpoint));
        }
        answer
    }

    async fn send_unchecked(&self, request: Request<Body>) -> Answer {
        let answered = async {
            let response = self.router.clone().oneshot(request).await.unwrap();
            let (parts, body) = response.into_parts();
            let bytes = body.collect().await.unwrap().to_bytes();
            Answer { status: parts.status, headers: parts.headers, text: String::from_utf8(bytes.to_vec()).unwrap() }
        };
        tokio::time::timeout(Duration::from_secs(20), answered).await.expect("an answer that ends")
    }

    /// The status, and the body while it is written.
    pub(crate) async fn open(&self, request: Request<Body>) -> (StatusCode, HeaderMap, Pieces) {
        let (parts, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        (parts.status, parts.headers, Pieces { body, read: String::new() })
    }
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Status and body, for snapshots.
    pub(crate) fn shown(&self) -> String {
        format!("{}\n{}", self.status, serde_json::to_string_pretty(&self.json()).unwrap())
    }
}

/// A body that is read as it comes.
pub(crate) struct Pieces {
    body: Body,
    read: String,
}

impl Pieces {
    /// Reads until what was read contains `text`; returns all of it.
    pub(crate) async fn until(&mut self, text: &str) -> &str {
        while !self.read.contains(text) {
            let piece = self.next().await.unwrap_or_else(|| panic!("it ended without {text:?}: {}", self.read));
            self.read.push_str(std::str::from_utf8(&piece).unwrap());
        }
        &self.read
    }

    /// Reads to the end; returns all of it.
    pub(crate) async fn rest(&mut self) -> &str {
        while let Some(piece) = self.next().await {
            self.read.push_str(std::str::from_utf8(&piece).unwrap());
        }
        &self.read
    }

    /// Reads to the end, whatever it is.
    pub(crate) async fn bytes(&mut self) -> Vec<u8> {
        let mut read = Vec::new();
        while let Some(piece) = self.next().await {
            read.extend_from_slice(&piece);
        }
        read
    }

    async fn next(&mut self) -> Option<Bytes> {
        let frame = tokio::time::timeout(Duration::from_secs(20), self.body.frame()).await.expect("a piece in time");
        frame.map(|frame| frame.unwrap().into_data().unwrap())
    }
}

pub(crate) fn request(method: Method, path: &str, token: Option<&SecretString>) -> Builder {
    let mut request = Request::builder().method(method).uri(path).header(header::ACCEPT, paas_platform::MEDIA_TYPE);
    if let Some(token) = token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {}", token.expose_secret()));
    }
    request
}

/// The path of one of our URLs.
pub(crate) fn path_of(url: &Value) -> String {
    url.as_str().unwrap().strip_prefix("https://localhost:5443").unwrap().to_owned()
}

/// Waits until the condition holds.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, mut condition: impl FnMut() -> F) {
    let attempt = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), attempt).await.unwrap_or_else(|_| panic!("never: {what}"));
}

/// Runs with everything that differs from run to run replaced.
pub(crate) fn stable(snapshots: impl FnOnce()) {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter("[0-9a-f]{8}-[0-9a-f]{4}-[47][0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", "[id]");
    settings.add_filter(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "[time]");
    settings.add_filter(r"(sources/|logs/|rendezvous-|JOIN-|HOST-)[A-Za-z0-9_-]{43}", "$1[secret]");
    settings.add_filter(r"(slugs/\[id\])\.\d+\.[0-9a-f]{32}", "$1.[until].[proof]");
    settings.add_filter(r"run\.\d{4}", "run.[number]");
    settings.add_filter(r"[a-z]+-[a-z]+-\d{5}\.dns", "[name].dns");
    settings.add_filter(r"\bd\.[0-9a-f-]{36}", "d.[token]");
    settings.add_filter(r"-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----", "[certificate]");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(snapshots);
}
