//! Heroku's buildpack registry, as far as its CLI asks it: the CLI looks names up there, without a token, before it puts a
//! buildpack on an app. In it are the buildpacks that come with the platform.

use axum::{
    Json,
    extract::RawQuery,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use paas_model::{BUILTIN, BuildpackSource};
use paas_platform as wire;
use url::form_urlencoded;

use crate::{
    body::Segment,
    endpoint::Endpoint,
    error::ApiError,
    range::{SortKey, Value, page},
    wire::named,
};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/buildpacks", search).open().lists::<wire::RegisteredBuildpack>(),
        Endpoint::get("/buildpacks/{buildpack}", info).open().returns::<wire::RegisteredBuildpack>(StatusCode::OK),
    ]
}

const KEYS: [SortKey<wire::RegisteredBuildpack>; 1] =
    [SortKey { name: "name", of: |buildpack| Value::Text(buildpack.name.clone()) }];

/// `?in[namespace][]=heroku&in[name][]=nodejs&like[description]=node`, each of them any number of times.
async fn search(RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let asked: Vec<_> = form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect();
    let asked = |key: &str| asked.iter().filter(|(name, _)| name == key).map(|(_, value)| value.clone()).collect();
    let namespaces: Vec<String> = asked("in[namespace][]");
    let names: Vec<String> = asked("in[name][]");
    let texts: Vec<String> = asked("like[description]");
    let mut found = all();
    found.retain(|buildpack| {
        let is_in = |wanted: &[String], value: &String| wanted.is_empty() || wanted.contains(value);
        let description = buildpack.description.to_lowercase();
        is_in(&namespaces, &buildpack.namespace)
            && is_in(&names, &buildpack.name)
            && texts.iter().all(|text| description.contains(&text.to_lowercase()))
    });
    page(&headers, found, &KEYS)
}

/// `heroku/nodejs` or `heroku-community/apt`, with the slash percent-encoded.
async fn info(Segment(buildpack): Segment) -> Result<Json<wire::RegisteredBuildpack>, ApiError> {
    let found = match BuildpackSource::parse(&buildpack) {
        Ok(BuildpackSource::Builtin(name)) if buildpack.contains('/') => {
            all().into_iter().find(|known| known.name == name)
        }
        _ => None,
    };
    found.map(Json).ok_or_else(|| ApiError::not_found("buildpack"))
}

fn all() -> Vec<wire::RegisteredBuildpack> {
    let shown = BUILTIN.iter().map(|(name, what)| {
        let source = BuildpackSource::Builtin((*name).to_owned());
        wire::RegisteredBuildpack {
            id: named("buildpack", &source.name()).id,
            namespace: "heroku".to_owned(),
            name: (*name).to_owned(),
            blob_url: source.url(),
            category: "languages".to_owned(),
            description: format!("{what}: comes with this platform"),
        }
    });
    shown.collect()
}
