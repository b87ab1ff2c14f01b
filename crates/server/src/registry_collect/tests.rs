//! With the real registry, and with the loops that mark slugs and have images deleted.

use std::{collections::BTreeMap, fs, fs::File, io::Write, net::TcpListener, path::Path, sync::Arc};

use bytes::Bytes;
use futures::stream;
use paas_builder::{
    Builder, BuilderConfig, BuilderError, Registry as RegistryClient, RegistryConfig, StackConfig,
    testing::publish_empty_stack,
};
use paas_control::{
    OpError, Settings,
    ops::{self, slugs::NewSlug},
    testing::TestControl,
};
use paas_db::{apps, apps::App, slugs::Slug, sources};
use paas_model::{Retention, SlugId};
use tempfile::TempDir;

use super::*;
use crate::registry::{Registry, RegistryListen};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A registry, its collector, and a control plane on both.
struct Bench {
    test: TestControl,
    collector: Collector,
    registry: Registry,
    client: RegistryClient,
    directory: TempDir,
}

impl Bench {
    /// Apps keep the slugs of this many releases.
    async fn keeping(releases: u32) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let registry = Registry::ensure(directory.path(), RegistryListen::Loopback(free.port())).await.unwrap();
        let url = format!("http://{}", registry.address()).parse().unwrap();
        let client = RegistryClient::new(RegistryConfig { url, credentials: None }).unwrap();
        publish_empty_stack(&client, &StackConfig::debian_13()).await.unwrap();
        let mut test = TestControl::new().await;
        test.control.registry = client.clone();
        test.control.builder = Arc::new(Builder::new(BuilderConfig::default(), client.clone()));
        let settings = Settings::clone(&test.control.settings);
        test.control.settings = Arc::new(Settings { retention: Retention { releases }, ..settings });
        let host = client.host().to_owned();
        let db = test.control.db.clone();
        let collector = Collector::new(directory.path().to_owned(), host, &Authority::for_test(), db);
        Self { test, collector, registry, client, directory }
    }

    async fn app(&self, name: &str) -> App {
        let new = ops::apps::NewApp { name: Some(name.to_owned()), stack: None };
        ops::apps::create(&self.test.control, &self.test.owner, new).await.unwrap()
    }

    /// A slug as a client makes one, with this in it.
    async fn slug(&self, app: &App, content: &str) -> Slug {
        let process_types = BTreeMap::from([("web".to_owned(), "./serve".to_owned())]);
        let new = NewSlug { process_types, ..NewSlug::default() };
        let upload = ops::slugs::create(&self.test.control, app, new).await.unwrap();
        let archive = stream::iter([Ok(archive(content))]);
        ops::slugs::upload(&self.test.control, upload.id, archive).await.unwrap();
        self.row(upload.id).await
    }

    async fn deploy(&self, app: &App, content: &str) -> Slug {
        let slug = self.slug(app, content).await;
        ops::releases::of_slug(&self.test.control, &self.test.owner, app, slug.id, None).await.unwrap();
        slug
    }

    async fn row(&self, id: SlugId) -> Slug {
        paas_db::slugs::by_id(self.test.control.db.pool(), id).await.unwrap().unwrap()
    }

    async fn put(&self, repository: &str, content: &'static [u8]) -> String {
        let bytes = stream::iter([Ok(Bytes::from_static(content))]);
        self.client.put_blob(repository, bytes, 1 << 20).await.unwrap().digest
    }

    async fn has(&self, repository: &str, digest: &str) -> bool {
        match self.client.get_blob(repository, digest).await {
            Ok(_) => true,
            Err(BuilderError::NotFound(_)) => false,
            Err(error) => panic!("{error:?}"),
        }
    }

    async fn has_image(&self, image: &str) -> bool {
        self.client.digest_of_image(image).await.unwrap().is_some()
    }

    fn path(&self, digest: &str) -> PathBuf {
        let hex = digest.strip_prefix("sha256:").unwrap();
        let blobs = self.directory.path().join("blobs/docker/registry/v2/blobs/sha256");
        blobs.join(&hex[..2]).join(hex).join("data")
    }

    fn link(&self, repository: &str, digest: &str) -> PathBuf {
        let hex = digest.strip_prefix("sha256:").unwrap();
        let repositories = self.directory.path().join("blobs/docker/registry/v2/repositories");
        repositories.join(repository).join("_layers/sha256").join(hex).join("link")
    }

    /// Everything in the registry is two days old.
    fn age(&self) {
        fs::write(self.directory.path().join(OWNER), &self.collector.owner).unwrap();
        age(self.directory.path(), SystemTime::now() - 2 * DAY);
    }

    async fn sweep(&self) -> Swept {
        self.collector.turn(SystemTime::now(), Duration::ZERO).await.unwrap().expect("the store is ours")
    }

    /// After what is condemned has been so for long.
    async fn sweep_later(&self) -> Swept {
        let later = SystemTime::now() + AGES.condemned + Duration::from_secs(1);
        self.collector.turn(later, Duration::ZERO).await.unwrap().expect("the store is ours")
    }

    /// The loops run until the registry has been told of all that is not kept.
    async fn collect(&self, is_done: impl AsyncFn() -> bool) {
        let stop = CancellationToken::new();
        let loops = self.test.start_until(stop.clone());
        let waited = tokio::time::timeout(Duration::from_secs(60), async {
            while !is_done().await || registry_garbage::waiting(self.test.control.db.pool()).await.unwrap().0 > 0 {
                sleep(Duration::from_millis(20)).await;
            }
        });
        waited.await.expect("images are deleted");
        stop.cancel();
        loops.await.unwrap();
    }

    async fn end(self) {
        self.registry.stop().await.unwrap();
    }
}

fn age(path: &Path, at: SystemTime) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            age(&entry.unwrap().path(), at);
        }
    }
    // The registry may be done with it by now.
    if let Ok(file) = File::open(path) {
        file.set_modified(at).unwrap();
    }
}

fn archive(content: &str) -> Bytes {
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_mode(0o755);
    header.set_size(content.len() as u64);
    tar.append_data(&mut header, "app/serve", content.as_bytes()).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&tar.into_inner().unwrap()).unwrap();
    gzip.finish().unwrap().into()
}

#[tokio::test]
async fn what_is_kept_still_pulls_and_what_is_not_leaves_the_disk() {
    let bench = Bench::keeping(2).await;
    let app = bench.app("example").await;
    let mut slugs = Vec::new();
    for content in ["one", "two", "three"] {
        slugs.push(bench.deploy(&app, content).await);
    }
    let unreleased = bench.slug(&app, "not released yet").await;
    let (cache, old_cache) = (bench.put("caches", b"cache").await, bench.put("caches", b"old cache").await);
    let mut tx = bench.test.control.db.begin().await.unwrap();
    apps::set_cache(&mut tx, &app, Some(&cache), &app.stack).await.unwrap();
    tx.commit().await.unwrap();
    let source = bytes_source(&bench).await;
    bench.age();
    bench.collect(async || bench.row(slugs[0].id).await.collected_at.is_some()).await;

    let first = ops::releases::find(&bench.test.control, &app, "v3").await.unwrap();
    assert_eq!(first.slug_id, Some(slugs[0].id));
    let refused = ops::releases::rollback(&bench.test.control, &bench.test.owner, &app, &first).await;
    let Err(OpError::Invalid(text)) = refused else { panic!("{refused:?}") };
    assert_eq!(
        text,
        "Cannot roll back to v3: its slug is not kept any more. Only the slugs of an app's newest 2 releases are kept (the \
         server's setting PAAS_KEEP_RELEASES). Push that commit again instead."
    );

    bench.age();
    let swept = bench.sweep().await;
    assert!(swept.condemned >= 3 && swept.removed == 0, "{swept:?}");
    let removed = bench.sweep_later().await;
    assert_eq!(removed.removed, swept.condemned);
    let repository = format!("apps/{}", app.id);
    assert!(!bench.has_image(&slugs[0].image).await);
    assert!(!bench.has(&repository, &slugs[0].digest).await && !bench.path(&slugs[0].digest).exists());
    assert!(!bench.has("caches", &old_cache).await && !bench.path(&old_cache).exists());
    assert!(!bench.link("caches", &old_cache).exists());
    for slug in slugs[1..].iter().chain([&unreleased]) {
        assert!(bench.has_image(&slug.image).await, "{slug:?}");
        assert!(bench.has(&repository, &slug.digest).await, "{slug:?}");
    }
    assert!(bench.has("caches", &cache).await && bench.has("sources", &source).await);
    let usage = registry_usage::find(bench.test.control.db.pool()).await.unwrap();
    assert!(usage.is_none(), "nobody has looked at the disk yet");
    bench.collector.look().await.unwrap();
    bench.sweep().await;
    let usage = registry_usage::find(bench.test.control.db.pool()).await.unwrap().unwrap();
    assert!(usage.free_bytes > 0 && usage.free_bytes < usage.disk_bytes, "{usage:?}");
    assert_eq!((usage.kinds["caches"], usage.kinds["sources"], usage.unused_bytes), (5, 6, 0), "{usage:?}");
    bench.end().await;
}

/// A source of which nothing was made yet.
async fn bytes_source(bench: &Bench) -> String {
    let bytes = stream::iter([Ok(Bytes::from_static(b"source"))]);
    let id = ops::sources::receive(&bench.test.control, &bench.test.owner, bytes).await.unwrap();
    sources::by_id(bench.test.control.db.pool(), id).await.unwrap().unwrap().digest.unwrap()
}

#[tokio::test]
async fn everything_of_an_app_that_is_deleted_goes() {
    let bench = Bench::keeping(50).await;
    let (app, other) = (bench.app("example").await, bench.app("other").await);
    let (slug, same) = (bench.deploy(&app, "both have this").await, bench.deploy(&other, "both have this").await);
    let alone = bench.deploy(&app, "one has this").await;
    assert_eq!(slug.digest, same.digest);
    ops::apps::delete(&bench.test.control, &app).await.unwrap();
    bench.collect(async || true).await;
    bench.age();
    bench.sweep().await;
    bench.sweep_later().await;
    assert!(!bench.path(&alone.digest).exists());
    assert!(!bench.link(&format!("apps/{}", app.id), &alone.digest).ancestors().nth(4).unwrap().exists());
    assert!(bench.has_image(&same.image).await);
    assert!(bench.has(&format!("apps/{}", other.id), &same.digest).await);
    bench.end().await;
}

#[tokio::test]
async fn an_image_that_no_row_names_is_deleted_when_it_is_a_day_old() {
    let bench = Bench::keeping(50).await;
    let app = bench.app("example").await;
    // A build that died before it wrote its row.
    let bytes = stream::iter([Ok(archive("orphan"))]);
    let stored = bench.test.control.builder.store_slug(app.id, &app.stack, bytes, None).await.unwrap();
    let kept = bench.deploy(&app, "kept").await;
    fs::write(bench.directory.path().join(OWNER), &bench.collector.owner).unwrap();
    age(&bench.directory.path().join(OWNER), SystemTime::now() - 2 * DAY);
    bench.sweep().await;
    bench.collect(async || true).await;
    assert!(bench.has_image(&stored.image).await, "it may be of a build under way");
    bench.age();
    bench.sweep().await;
    bench.collect(async || true).await;
    assert!(!bench.has_image(&stored.image).await);
    assert!(bench.has_image(&kept.image).await);
    bench.end().await;
}

#[tokio::test]
async fn the_same_image_made_again_survives_the_end_of_the_first() {
    let bench = Bench::keeping(1).await;
    let app = bench.app("example").await;
    let first = bench.deploy(&app, "one").await;
    bench.deploy(&app, "two").await;
    let again = bench.deploy(&app, "one").await;
    assert_eq!((&again.image, &again.digest), (&first.image, &first.digest));
    bench.collect(async || bench.row(first.id).await.collected_at.is_some()).await;
    assert!(bench.has_image(&again.image).await);
    bench.age();
    bench.sweep().await;
    bench.sweep_later().await;
    assert!(bench.has(&format!("apps/{}", app.id), &again.digest).await);
    bench.end().await;
}

#[tokio::test]
async fn the_registry_says_anew_that_it_has_a_blob_whenever_one_is_uploaded() {
    let bench = Bench::keeping(1).await;
    let digest = bench.put("caches", b"twice").await;
    bench.age();
    bench.put("caches", b"twice").await;
    let modified =
        |path: PathBuf| SystemTime::now().duration_since(fs::metadata(path).unwrap().modified().unwrap()).unwrap();
    assert!(modified(bench.path(&digest)) > DAY, "the blob's own file does not tell");
    assert!(modified(bench.link("caches", &digest)) < DAY);
    assert_eq!(bench.sweep().await.condemned, 0);
    assert!(bench.has("caches", &digest).await);
    bench.end().await;
}

#[tokio::test]
async fn a_blob_that_is_wanted_again_comes_back_and_one_that_is_uploaded_again_stays() {
    let bench = Bench::keeping(1).await;
    let (found, uploaded) = (bench.put("caches", b"found").await, bench.put("caches", b"uploaded").await);
    bench.age();
    let wanted = bench.collector.wanted().await.unwrap();
    bench.collector.sweeper.condemn(&wanted, SystemTime::now()).unwrap();
    assert!(!bench.has("caches", &found).await && !bench.has("caches", &uploaded).await);
    // A client that had found the first one just before says so now: what the registry writes for it.
    fs::write(bench.link("caches", &found), &found).unwrap();
    assert_eq!(bench.put("caches", b"uploaded").await, uploaded);
    let again = bench.collector.sweeper.look_again(&wanted, SystemTime::now()).unwrap();
    assert_eq!((again.restored, again.removed), (1, 0));
    assert!(bench.has("caches", &found).await && bench.has("caches", &uploaded).await);
    assert_eq!(bench.sweep_later().await.removed, 0);
    assert!(bench.has("caches", &found).await && bench.has("caches", &uploaded).await);
    bench.end().await;
}

#[tokio::test]
async fn uploads_beside_a_sweep_are_not_broken() {
    let bench = Bench::keeping(1).await;
    for _ in 0..20 {
        let contents: [&'static [u8]; 3] = [b"first", b"second", b"third"];
        for content in contents {
            bench.put("caches", content).await;
        }
        bench.age();
        let uploads = futures::future::join_all(contents.map(|content| bench.put("caches", content)));
        let (digests, _) = tokio::join!(uploads, bench.sweep());
        // Whoever comes later than the sweep's second look is seen by the next.
        bench.sweep().await;
        for digest in digests {
            assert!(bench.has("caches", &digest).await);
        }
        bench.sweep_later().await;
    }
    bench.end().await;
}

#[tokio::test]
async fn a_sweep_that_was_killed_is_ended_by_the_next() {
    let bench = Bench::keeping(1).await;
    let digest = bench.put("caches", b"unwanted").await;
    bench.age();
    let wanted = bench.collector.wanted().await.unwrap();
    bench.collector.sweeper.condemn(&wanted, SystemTime::now()).unwrap();
    // Killed here, and then again with the link gone.
    fs::remove_file(bench.link("caches", &digest)).unwrap();
    let swept = bench.sweep_later().await;
    assert_eq!((swept.condemned, swept.removed), (0, 1));
    assert!(fs::read_dir(bench.directory.path().join("condemned")).unwrap().next().is_none());
    // Its link's directory goes at a later turn.
    bench.age();
    bench.sweep().await;
    assert!(!bench.link("caches", &digest).parent().unwrap().exists());
    assert_eq!(bench.put("caches", b"unwanted").await, digest);
    assert!(bench.has("caches", &digest).await);
    bench.end().await;
}

#[tokio::test]
async fn a_store_that_another_database_filled_is_left_alone() {
    let bench = Bench::keeping(1).await;
    let digest = bench.put("caches", b"of another installation").await;
    let turn = async || bench.collector.turn(SystemTime::now(), Duration::ZERO).await.unwrap();
    assert_eq!(turn().await, None, "nobody knows yet whose it is");
    age(bench.directory.path(), SystemTime::now() - 2 * DAY);
    fs::write(bench.directory.path().join(OWNER), "somebody else").unwrap();
    age(bench.directory.path(), SystemTime::now() - 2 * DAY);
    assert_eq!(turn().await, None);
    assert!(bench.has("caches", &digest).await);
    bench.age();
    assert_eq!(turn().await.unwrap().condemned, 1);
    bench.end().await;
}

#[tokio::test]
async fn a_registry_that_deletes_nothing_is_told_of() {
    let bench = Bench::keeping(1).await;
    let config = bench.directory.path().join("config.yml");
    bench.registry.stop().await.unwrap();
    let app = bench.app("example").await;
    let text =
        fs::read_to_string(&config).unwrap().replace(r#""delete":{"enabled":true}"#, r#""delete":{"enabled":false}"#);
    fs::write(&config, text).unwrap();
    let mut child = std::process::Command::new("docker-registry").arg("serve").arg(&config).spawn().unwrap();
    let up = async {
        while bench.client.ping().await.is_err() {
            sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(15), up).await.unwrap();
    let slug = bench.slug(&app, "one").await;
    let refused = bench.client.delete_image(&slug.image).await;
    child.kill().unwrap();
    child.wait().unwrap();
    let Err(BuilderError::NotDeleted(why)) = refused else { panic!("{refused:?}") };
    assert!(why.contains("REGISTRY_STORAGE_DELETE_ENABLED"), "{why}");
}
