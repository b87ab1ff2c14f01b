use paas_db::keys::Key;
use paas_platform as wire;

pub(crate) fn key(key: &Key) -> wire::Key {
    wire::Key {
        comment: key.comment.clone(),
        created_at: key.created_at.into(),
        email: key.comment.clone(),
        fingerprint: key.fingerprint.clone(),
        id: key.id.uuid(),
        public_key: key.public_key.clone(),
        updated_at: key.updated_at.into(),
    }
}
