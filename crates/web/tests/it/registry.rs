use std::{io::Write, process::Stdio, sync::Arc, time::Duration};

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use paas_builder::{Builder, BuilderConfig, Registry, RegistryConfig, StackConfig, testing::publish_empty_stack};
use paas_control::Settings;
use serde_json::Value;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    process::{Child, Command},
};

use crate::support::{Answer, Api, path_of};

/// A registry on a free port, as long as the value lives.
pub(crate) struct RegistryProcess {
    url: String,
    _process: Child,
    _files: TempDir,
}

impl RegistryProcess {
    pub(crate) async fn start() -> Self {
        let files = tempfile::tempdir().unwrap();
        let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let config = format!(
            "version: 0.1\nlog:\n  level: error\nstorage:\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: {address}\n",
            files.path().join("data").display()
        );
        let path = files.path().join("config.yml");
        std::fs::write(&path, config).unwrap();
        let process = Command::new("docker-registry")
            .arg("serve")
            .arg(path)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("docker-registry is installed");
        let up = async {
            while TcpStream::connect(address).await.is_err() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), up).await.expect("the registry listens");
        Self { url: format!("http://{address}"), _process: process, _files: files }
    }

    /// What a repository's images are called.
    pub(crate) async fn tags(&self, repository: &str) -> Vec<String> {
        let mut stream = TcpStream::connect(self.url.trim_start_matches("http://")).await.unwrap();
        let request = format!("GET /v2/{repository}/tags/list HTTP/1.0\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let list: Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
        serde_json::from_value(list["tags"].clone()).unwrap()
    }

    /// A server on this registry, which may fetch sources from this machine.
    pub(crate) async fn api(&self) -> Api {
        self.api_that_builds(2).await
    }

    /// The same, with this many builds side by side.
    pub(crate) async fn api_that_builds(&self, parallel_builds: usize) -> Api {
        let url = self.url.parse().unwrap();
        let registry = Registry::new(RegistryConfig { url, credentials: None }).unwrap();
        publish_empty_stack(&registry, &StackConfig::debian_13()).await.unwrap();
        let source_allow = vec!["127.0.0.0/8".parse().unwrap()];
        let builder = Builder::new(BuilderConfig { source_allow, ..BuilderConfig::default() }, registry.clone());
        Api::over(|control| {
            control.registry = registry;
            control.builder = Arc::new(builder);
            control.settings = Arc::new(Settings { parallel_builds, ..Settings::clone(&control.settings) });
        })
        .await
    }
}

/// An upload to one of our URLs.
pub(crate) async fn put(api: &Api, url: &Value, body: impl Into<Body>) -> Answer {
    api.send(Request::put(path_of(url)).body(body.into()).unwrap()).await
}

/// A new source with this in it: its URL.
pub(crate) async fn source(api: &Api, content: Vec<u8>) -> Value {
    let urls = api.post("/sources", serde_json::json!({})).await.json()["source_blob"].clone();
    assert_eq!(put(api, &urls["put_url"], content).await.status, StatusCode::OK);
    urls["get_url"].clone()
}

/// A `.tar.gz` of files by path.
pub(crate) fn archive(files: &[(&str, &str)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (path, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o755);
        header.set_size(content.len() as u64);
        // As it is written: paths that leave the tree too.
        header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_cksum();
        tar.append(&header, content.as_bytes()).unwrap();
    }
    gzip(&tar.into_inner().unwrap())
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}
