use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use paas_builder::{BuilderError, Registry, RegistryConfig};

use crate::bench::RegistryChild;

fn registry() -> (RegistryChild, Registry) {
    let storage = tempfile::tempdir().unwrap();
    let child = RegistryChild::start(&storage.path().join("registry"), Some(storage));
    let registry = child.registry();
    (child, registry)
}

#[tokio::test]
async fn a_blob_comes_back_as_it_went_in_whatever_its_pieces_were() {
    let (_child, registry) = registry();
    registry.ping().await.unwrap();
    let bytes: Vec<u8> = (0..9_000_000_u32).map(|n| (n % 251) as u8).collect();
    let pieces: Vec<_> = bytes.chunks(777_777).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    let blob = registry.put_blob("sources", stream::iter(pieces), 1 << 30).await.unwrap();
    assert_eq!(blob.size, 9_000_000);
    let (size, back) = registry.get_blob("sources", &blob.digest).await.unwrap();
    let back: Vec<Bytes> = back.try_collect().await.unwrap();
    assert_eq!(size, 9_000_000);
    assert!(back.concat() == bytes);
}

#[tokio::test]
async fn a_blob_over_the_limit_an_empty_one_and_a_broken_one_are_not_stored() {
    let (_child, registry) = registry();
    let zeros = || stream::repeat_with(|| Ok(Bytes::from_static(&[0; 65_536])));
    let over = registry.put_blob("sources", zeros().take(100), 1_000_000).await;
    assert!(matches!(over, Err(BuilderError::BlobTooLarge { limit: 1_000_000 })), "{over:?}");
    let empty = registry.put_blob("sources", stream::empty(), 10).await;
    assert!(matches!(empty, Err(BuilderError::BlobEmpty)), "{empty:?}");
    let broken = zeros().take(2).chain(stream::iter([Err(std::io::ErrorKind::ConnectionReset.into())]));
    let broken = registry.put_blob("sources", broken, 1 << 30).await;
    assert!(matches!(broken, Err(BuilderError::Io { .. })), "{broken:?}");
}

#[tokio::test]
async fn a_blob_that_is_not_there_is_told_from_a_registry_that_is_down() {
    let (child, registry) = registry();
    let digest = format!("sha256:{}", "0".repeat(64));
    assert!(matches!(registry.get_blob("sources", &digest).await, Err(BuilderError::NotFound(_))));
    drop(child);
    assert!(matches!(registry.get_blob("sources", &digest).await, Err(BuilderError::Registry { .. })));
    assert!(registry.ping().await.is_err());
}

#[test]
fn a_registry_is_an_address_and_nothing_more() {
    let new = |url: &str| Registry::new(RegistryConfig { url: url.parse().unwrap(), credentials: None });
    assert_eq!(new("http://127.0.0.1:5050").unwrap().host(), "127.0.0.1:5050");
    assert_eq!(new("https://registry.example.test/").unwrap().host(), "registry.example.test");
    for url in ["ftp://x.test", "https://x.test/path", "file:///x"] {
        assert!(matches!(new(url), Err(BuilderError::RegistryUrl(_))), "{url}");
    }
}
