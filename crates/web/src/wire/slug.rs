use paas_db::{slug_uploads::SlugUpload, slugs::Slug};
use paas_platform as wire;

use super::named;
use crate::state::Web;

/// `blob.url` opens the archive for an hour or two, without a token (Heroku: a signed URL).
pub(crate) fn slug(web: &Web, slug: &Slug) -> wire::Slug {
    wire::Slug {
        blob: blob(web, "get", &web.passing_ticket("slugs", slug.id.uuid())),
        buildpack_provided_description: slug.buildpack_provided_description.clone(),
        checksum: archive_checksum(slug),
        commit: slug.commit.clone(),
        commit_description: slug.commit_description.clone(),
        created_at: slug.created_at.into(),
        deleted_at: None,
        id: slug.id.uuid(),
        process_types: slug.process_types.iter().map(|(kind, command)| (kind.to_string(), command.clone())).collect(),
        size: u64::try_from(slug.size).ok(),
        stack: named("stack", &slug.stack),
        updated_at: slug.updated_at.into(),
    }
}

/// One whose archive is still to be put to `blob.url`, which is good for an hour or two; each answer has a fresh one.
pub(crate) fn slug_upload(web: &Web, upload: &SlugUpload) -> wire::Slug {
    wire::Slug {
        blob: blob(web, "put", &web.passing_ticket("slug uploads", upload.id.uuid())),
        buildpack_provided_description: upload.buildpack_provided_description.clone(),
        checksum: upload.checksum.as_deref().map(checksum),
        commit: upload.commit.clone(),
        commit_description: upload.commit_description.clone(),
        created_at: upload.created_at.into(),
        deleted_at: None,
        id: upload.id.uuid(),
        process_types: upload.process_types.iter().map(|(kind, command)| (kind.to_string(), command.clone())).collect(),
        size: None,
        stack: named("stack", &upload.stack),
        updated_at: upload.created_at.into(),
    }
}

/// Of the archive that `blob.url` gives. `None`: it is put together of several, and nobody knows.
fn archive_checksum(slug: &Slug) -> Option<String> {
    (slug.layers().len() == 1).then(|| checksum(&slug.digest))
}

/// `sha256:…` as Heroku writes it.
pub(crate) fn checksum(digest: &str) -> String {
    digest.replacen("sha256:", "SHA256:", 1)
}

fn blob(web: &Web, method: &str, ticket: &str) -> wire::SlugBlob {
    let url = wire::Secret::new(web.url(&format!("/slugs/{ticket}")));
    wire::SlugBlob { method: method.to_owned(), url }
}
