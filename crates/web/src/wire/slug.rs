use paas_db::slugs::Slug;
use paas_platform as wire;

use super::named;
use crate::state::Web;

/// Heroku's `blob.url` needs no token; ours does: it is the app's source code, and ids are no secrets.
pub(crate) fn slug(web: &Web, slug: &Slug) -> wire::Slug {
    let blob = web.url(&format!("/apps/{}/slugs/{}/blob", slug.app_id, slug.id));
    let digits = slug.digest.strip_prefix("sha256:");
    wire::Slug {
        blob: wire::SlugBlob { method: "get".to_owned(), url: wire::Secret::new(blob) },
        buildpack_provided_description: slug.buildpack_provided_description.clone(),
        checksum: digits.map(|digits| format!("SHA256:{digits}")),
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
