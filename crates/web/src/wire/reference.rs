use paas_db::apps::App;
use paas_platform::{AppReference, NamedReference};
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

/// A reference to something that has a name and no row: a stack, the region, a dyno size. Its id follows from the name,
/// so that it is the same in every process and every answer.
pub(crate) fn named(kind: &str, name: &str) -> NamedReference {
    NamedReference { id: stable_id(kind, name), name: name.to_owned() }
}

pub(crate) fn app_reference(app: &App) -> AppReference {
    AppReference { id: app.id.uuid(), name: app.name.to_string() }
}

pub(super) fn stable_id(kind: &str, name: &str) -> Uuid {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&Sha256::digest(format!("{kind}\0{name}"))[..16]);
    Builder::from_custom_bytes(bytes).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_stable_and_apart() {
        assert_eq!(named("stack", "a"), named("stack", "a"));
        assert_ne!(named("stack", "a").id, named("region", "a").id);
        assert_eq!(named("stack", "a").id.get_version_num(), 8);
    }
}
